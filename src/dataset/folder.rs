//! The output folder: what is there already, and what that means.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::journal::{Journal, Opened};
use super::partial::{partial_path, sync_folder};
use serde::de::DeserializeOwned;

use super::error::DatasetError;
use super::layout::{
    AUDIT_FACTS_FILE, AUDIT_FILE, HARD_FILE, HARD_SO_FAR_FILE, JOURNAL_FILE, LOCK_FILE,
    QUARANTINE_FILE, RECORDINGS_FILE, REPORT_FILE, ROWS_FILE,
};
use super::seal::{self, Seal};
use super::write::commit::Commit;

/// What to do with what an earlier build left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: anything but the finished same data set is an error.
    Keep,
    /// Go on with it, if there is something.
    Resume,
    /// Replace it.
    Overwrite,
}

/// An output folder that may be written to, by nobody else.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// What was found in an output folder.
pub enum State<O> {
    /// The data set, finished, from the same configuration and inputs.
    UpToDate,
    /// Nothing that must be kept.
    Empty(Folder),
    /// An unfinished build, with its journal.
    Begun(Folder, Box<Opened<O, Commit>>),
}

impl Folder {
    /// Looks at what is there, makes the folder if need be, locks it, and
    /// clears it of what an earlier build left if that is asked for.
    ///
    /// `features` are the names of the feature files to come; `serves` says
    /// of what is finished whether it is what is wanted, or why not.
    pub fn open<S: Seal, O: DeserializeOwned>(
        path: &Path,
        features: &[String],
        serves: impl Fn(&S) -> Result<(), String>,
        existing: Existing,
    ) -> Result<State<O>, DatasetError> {
        fs::create_dir_all(path).map_err(DatasetError::io("create the output folder", path))?;
        let complete = || match existing {
            Existing::Overwrite => Ok(false),
            _ => is_complete(path, &serves, existing),
        };
        if complete()? {
            return Ok(State::UpToDate);
        }
        let folder = Self {
            path: path.to_path_buf(),
            _lock: lock(path)?,
        };
        // Another process may have completed it since.
        if complete()? {
            return Ok(State::UpToDate);
        }
        match existing {
            Existing::Overwrite => {
                for name in earlier::<S>(path).chain(files::<S>(features)) {
                    remove(&path.join(name))?;
                }
                Ok(State::Empty(folder))
            }
            Existing::Resume => {
                folder.check_report()?;
                folder.go_on::<S, O>(features)
            }
            Existing::Keep => match folder.leftover::<S>(features) {
                Some(name) => {
                    let (path, found) = (path.to_path_buf(), name);
                    Err(DatasetError::Unfinished { path, found })
                }
                None => {
                    folder.check_report()?;
                    Ok(State::Empty(folder))
                }
            },
        }
    }

    /// Opens a folder whose data set is to be replaced once another is whole, and
    /// says which of its files are to be removed then, the one that makes it
    /// complete first. What is unfinished is removed now.
    ///
    /// # Errors
    /// [`DatasetError::Locked`]; a folder that cannot be made; a file that cannot be
    /// removed.
    pub fn to_replace<S: Seal>(
        path: &Path,
        features: &[String],
    ) -> Result<(Self, Vec<PathBuf>), DatasetError> {
        fs::create_dir_all(path).map_err(DatasetError::io("create the output folder", path))?;
        let folder = Self {
            path: path.to_path_buf(),
            _lock: lock(path)?,
        };
        let of_others = files::<S>(features).into_iter();
        let (unfinished, whole): (Vec<_>, Vec<_>) = of_others
            .filter(|name| name != Path::new(JOURNAL_FILE))
            .partition(|name| name.extension() == Some("partial".as_ref()));
        for name in unfinished {
            remove(&path.join(name))?;
        }
        Ok((folder, earlier::<S>(path).chain(whole).collect()))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its journal is.
    pub fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL_FILE)
    }

    /// Writes the file that makes what is in it complete.
    pub fn complete<S: Seal>(&self, seal: &S) -> Result<(), DatasetError> {
        seal::write(&self.path.join(S::FILE), seal)
    }

    /// Removes the journal of what is complete. The folder stays locked.
    pub fn remove_journal(&self) -> Result<(), DatasetError> {
        let journal = self.journal();
        remove_journal(&self.path)?;
        sync_folder(&journal).map_err(DatasetError::io("sync", &self.path))
    }

    fn go_on<S: Seal, O: DeserializeOwned>(
        self,
        features: &[String],
    ) -> Result<State<O>, DatasetError> {
        let journal = self.journal();
        let opened = match journal.exists() {
            true => Journal::open(&journal)?,
            false => None,
        };
        match (opened, self.leftover::<S>(features)) {
            (Some(opened), _) => Ok(State::Begun(self, Box::new(opened))),
            // The first record is on the disk before there is any other file.
            (None, Some(name)) if name != Path::new(JOURNAL_FILE) => Err(DatasetError::NoJournal {
                path: self.path,
                found: name,
            }),
            (None, _) => Ok(State::Empty(self)),
        }
    }

    /// The first file of an earlier build; the journal if there is no other.
    fn leftover<S: Seal>(&self, features: &[String]) -> Option<PathBuf> {
        files::<S>(features)
            .into_iter()
            .find(|name| is_there(&self.path.join(name)))
    }

    /// Refuses a report: a build writes its own after `dataset.json`, so
    /// without that one it is of something else.
    fn check_report(&self) -> Result<(), DatasetError> {
        let mut paths = reports().map(|name| self.path.join(name)).into_iter();
        match paths.find(|path| is_there(path)) {
            Some(path) => Err(DatasetError::Foreign { path }),
            None => Ok(()),
        }
    }
}

/// Whether there is anything of the name, were it a link to nowhere: writing
/// would go through it.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// The report, whole and unfinished.
fn reports() -> [PathBuf; 2] {
    let report = PathBuf::from(REPORT_FILE);
    [partial_path(&report), report]
}

/// Every file that a build makes but the one that completes it, whole and
/// unfinished, the journal last.
fn files<S: Seal>(features: &[String]) -> Vec<PathBuf> {
    let names = [
        ROWS_FILE,
        RECORDINGS_FILE,
        QUARANTINE_FILE,
        AUDIT_FILE,
        AUDIT_FACTS_FILE,
        HARD_FILE,
        HARD_SO_FAR_FILE,
    ];
    let names = names.into_iter().chain(features.iter().map(String::as_str));
    let names = names.map(PathBuf::from);
    let mut files: Vec<_> = names.flat_map(|name| [partial_path(&name), name]).collect();
    files.push(partial_path(Path::new(S::FILE)));
    files.push(PathBuf::from(JOURNAL_FILE));
    files
}

/// Whether all is there and serves.
fn is_complete<S: Seal>(
    path: &Path,
    serves: impl Fn(&S) -> Result<(), String>,
    existing: Existing,
) -> Result<bool, DatasetError> {
    let Some(found) = seal::read::<S>(&path.join(S::FILE))? else {
        return Ok(false);
    };
    serves(&found).map_err(|reason| another(path, reason, existing))?;
    let mut names = found.features().into_iter().chain(found.others());
    if let Some(name) = names.find(|name| !path.join(name).is_file()) {
        return Err(another(path, format!("it has lost {name}"), existing));
    }
    // Left by a build that was killed in its last step.
    remove_journal(path)?;
    Ok(true)
}

/// Removes what only an unfinished build needs.
fn remove_journal(path: &Path) -> Result<(), DatasetError> {
    remove(&partial_path(&path.join(HARD_SO_FAR_FILE)))?;
    remove(&path.join(JOURNAL_FILE))
}

/// What makes a finished data set complete, its report, and its feature files as far
/// as it tells: also those of splits that the new one does not have.
fn earlier<S: Seal>(path: &Path) -> impl Iterator<Item = PathBuf> {
    let found = seal::read::<S>(&path.join(S::FILE)).ok().flatten();
    let features = found.iter().flat_map(S::features).map(PathBuf::from);
    // Nothing outside of the folder.
    let plain = |name: &PathBuf| name.file_name() == Some(name.as_os_str());
    let features: Vec<PathBuf> = features.filter(plain).collect();
    let seal = [PathBuf::from(S::FILE)].into_iter();
    seal.chain(reports()).chain(features)
}

fn another(path: &Path, reason: String, existing: Existing) -> DatasetError {
    let path = path.to_path_buf();
    match existing {
        Existing::Resume => DatasetError::NothingToResume { path, reason },
        _ => DatasetError::Another { path, reason },
    }
}

/// Locks the folder against other builds until the file is closed, also by the
/// end of the process.
///
/// # Errors
/// [`DatasetError::Locked`] where another process has it.
pub fn lock(path: &Path) -> Result<File, DatasetError> {
    let lock = path.join(LOCK_FILE);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock)
        .map_err(DatasetError::io("create", &lock))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        // Some network file systems have no locks.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(file),
        Err(TryLockError::Error(error)) => Err(DatasetError::io("lock", &lock)(error)),
        Err(TryLockError::WouldBlock) => Err(DatasetError::Locked {
            path: path.to_path_buf(),
        }),
    }
}

/// Removes a file that may be there.
pub(super) fn remove(path: &Path) -> Result<(), DatasetError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(DatasetError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

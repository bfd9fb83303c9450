//! The output folder: what is there already, and what that means.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::journal::{Journal, Opened};
use super::partial::{partial_path, sync_folder};
use serde::de::DeserializeOwned;

use super::error::DatasetError;
use super::layout::{
    DATASET_FILE, JOURNAL_FILE, LOCK_FILE, QUARANTINE_FILE, RECORDINGS_FILE, REPORT_FILE, ROWS_FILE,
};
use super::manifest::Dataset;
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
    /// of a finished data set whether it is the one that is wanted, or why not.
    pub fn open<O: DeserializeOwned>(
        path: &Path,
        features: &[&str],
        serves: impl FnOnce(&Dataset) -> Result<(), String>,
        existing: Existing,
    ) -> Result<State<O>, DatasetError> {
        fs::create_dir_all(path).map_err(DatasetError::io("create the output folder", path))?;
        if existing != Existing::Overwrite
            && let Some(found) = Dataset::read(path)?
        {
            serves(&found).map_err(|reason| another(path, reason, existing))?;
            let others = found.files.keys().map(String::as_str);
            let mut names = features.iter().copied().chain(others);
            if let Some(name) = names.find(|name| !path.join(name).is_file()) {
                return Err(another(path, format!("it has lost {name}"), existing));
            }
            // Left by a build that was killed in its last step.
            remove(&path.join(JOURNAL_FILE))?;
            return Ok(State::UpToDate);
        }
        let folder = Self {
            path: path.to_path_buf(),
            _lock: lock(path)?,
        };
        match existing {
            Existing::Overwrite => {
                let earlier = features_in(path);
                let dataset = [PathBuf::from(DATASET_FILE)].into_iter();
                let names = dataset.chain(reports()).chain(earlier);
                for name in names.chain(files(features)) {
                    remove(&path.join(name))?;
                }
                Ok(State::Empty(folder))
            }
            Existing::Resume => {
                folder.check_report()?;
                folder.go_on(features)
            }
            Existing::Keep => match folder.leftover(features) {
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

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its journal is.
    pub fn journal(&self) -> PathBuf {
        self.path.join(JOURNAL_FILE)
    }

    /// Writes `dataset.json`, which makes the data set complete.
    pub fn complete(&self, dataset: &Dataset) -> Result<(), DatasetError> {
        dataset.write(&self.path)
    }

    /// Removes the journal of a complete data set. The folder stays locked.
    pub fn remove_journal(&self) -> Result<(), DatasetError> {
        let journal = self.journal();
        remove(&journal)?;
        sync_folder(&journal).map_err(DatasetError::io("sync", &self.path))
    }

    fn go_on<O: DeserializeOwned>(self, features: &[&str]) -> Result<State<O>, DatasetError> {
        let journal = self.journal();
        let opened = match journal.exists() {
            true => Journal::open(&journal)?,
            false => None,
        };
        match (opened, self.leftover(features)) {
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
    fn leftover(&self, features: &[&str]) -> Option<PathBuf> {
        files(features)
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

/// Every file that a build makes but `dataset.json`, whole and unfinished, the
/// journal last.
fn files(features: &[&str]) -> Vec<PathBuf> {
    let names = [ROWS_FILE, RECORDINGS_FILE, QUARANTINE_FILE];
    let names = names.iter().chain(features).map(PathBuf::from);
    let mut files: Vec<_> = names.flat_map(|name| [partial_path(&name), name]).collect();
    files.push(partial_path(Path::new(DATASET_FILE)));
    files.push(PathBuf::from(JOURNAL_FILE));
    files
}

/// The feature files of a finished data set, as far as it tells: also those of
/// splits that the new one does not have.
fn features_in(path: &Path) -> Vec<PathBuf> {
    let Ok(Some(dataset)) = Dataset::read(path) else {
        return Vec::new();
    };
    let names = dataset.splits.into_iter();
    let names = names.flat_map(|split| {
        let index = split.written.hours.map(|hours| hours.index);
        [Some(split.written.features), index]
    });
    let names = names.flatten().map(PathBuf::from);
    // Nothing outside of the folder.
    let plain = |name: &PathBuf| name.file_name() == Some(name.as_os_str());
    names.filter(plain).collect()
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
fn lock(path: &Path) -> Result<File, DatasetError> {
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

fn remove(path: &Path) -> Result<(), DatasetError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(DatasetError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

//! A file written beside its final name and renamed when whole.
//!
//! Until then it is `<name>.partial`, stays behind when the program dies, and
//! can be reopened at any earlier length. Nothing is ever half-written under
//! the final name.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes collected before they go to the file.
const BUFFER: usize = 1 << 18;

/// A file being written.
///
/// It consists of a header of fixed length, which may change until the end, and
/// a body, which only grows and whose SHA-256 is kept as it does.
#[derive(Debug)]
pub struct PartialFile {
    writer: BufWriter<File>,
    path: PathBuf,
    header: u64,
    body: u64,
    hash: Sha256,
}

/// A state of the body that a crash after [`PartialFile::sync`] does not undo.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Committed {
    /// Length of the body in bytes.
    pub bytes: u64,
    /// SHA-256 of the body, in lowercase hexadecimal.
    pub sha256: String,
}

/// A finished file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Its length in bytes.
    pub bytes: u64,
    /// SHA-256 of its content, in lowercase hexadecimal.
    pub sha256: String,
}

/// A file that is whole and on the disk, and has not its final name yet.
#[derive(Debug)]
pub struct Sealed {
    path: PathBuf,
    finished: Finished,
}

impl Sealed {
    /// Gives it its final name.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn rename(self) -> Result<Finished, WriteError> {
        let path = &self.path;
        std::fs::rename(partial_path(path), path).map_err(WriteError::io("rename to", path))?;
        sync_folder(path).map_err(WriteError::io("sync the folder of", path))?;
        Ok(self.finished)
    }
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The operating system refused.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        error: io::Error,
    },
    /// The file to go on with is shorter than what was committed to it.
    #[error("{} holds {found} bytes, {expected} were committed to it", path.display())]
    Short {
        /// The file.
        path: PathBuf,
        /// Bytes committed.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// What was committed to the file is not what it holds.
    #[error("{} is damaged: its first {expected} bytes are not those that were committed to it", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Bytes committed.
        expected: u64,
    },
    /// The value cannot be put into the file's format.
    #[error("cannot write to {}: {reason}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// What is wrong with the value.
        reason: String,
    },
}

impl WriteError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            action,
            path: path.to_path_buf(),
            error,
        }
    }

    /// Whether a file is not what was committed to it.
    pub fn is_loss(&self) -> bool {
        match self {
            Self::Short { .. } | Self::Damaged { .. } => true,
            Self::Io { error, .. } => error.kind() == io::ErrorKind::NotFound,
            Self::Value { .. } => false,
        }
    }
}

/// Where a file is while it is being written.
pub fn partial_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".partial");
    PathBuf::from(name)
}

impl PartialFile {
    /// Begins the file that will be `path`, in place of an earlier attempt.
    ///
    /// # Errors
    /// [`WriteError::Io`] where the partial file cannot be made.
    pub fn create(path: &Path, header: &[u8]) -> Result<Self, WriteError> {
        let partial = partial_path(path);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&partial)
            .map_err(WriteError::io("create", &partial))?;
        let mut this = Self::new(file, path, header.len() as u64);
        this.write(header)?;
        Ok(this)
    }

    /// Reopens a file at an earlier state, cuts off what lies behind, and goes
    /// on from there. The bytes that stay are read once, for their hash. A file
    /// that has its final name already is taken back; its header counts for
    /// nothing, as [`PartialFile::finish`] writes it anew.
    ///
    /// # Errors
    /// [`WriteError::Io`] where it cannot be opened, [`WriteError::Short`]
    /// where it holds less, [`WriteError::Damaged`] where it holds something
    /// else; nothing is cut off then.
    pub fn open_at(path: &Path, header: u64, committed: &Committed) -> Result<Self, WriteError> {
        let partial = partial_path(path);
        let io = |action| WriteError::io(action, &partial);
        if !partial.exists() && path.is_file() {
            std::fs::rename(path, &partial).map_err(WriteError::io("rename", path))?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&partial)
            .map_err(io("open"))?;
        let found = file.metadata().map_err(io("read"))?.len();
        let expected = header.saturating_add(committed.bytes);
        if found < expected {
            return Err(WriteError::Short {
                path: partial,
                expected,
                found,
            });
        }
        file.seek(SeekFrom::Start(header)).map_err(io("read"))?;
        let hash = hash_of((&mut file).take(committed.bytes)).map_err(io("read"))?;
        if hex(&hash.clone().finalize()) != committed.sha256 {
            return Err(WriteError::Damaged {
                path: partial,
                expected,
            });
        }
        file.set_len(expected).map_err(io("truncate"))?;
        file.seek(SeekFrom::End(0)).map_err(io("read"))?;
        let mut this = Self::new(file, path, header);
        this.body = committed.bytes;
        this.hash = hash;
        Ok(this)
    }

    fn new(file: File, path: &Path, header: u64) -> Self {
        Self {
            writer: BufWriter::with_capacity(BUFFER, file),
            path: path.to_path_buf(),
            header,
            body: 0,
            hash: Sha256::new(),
        }
    }

    /// The final name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Length of the body in bytes.
    pub fn body(&self) -> u64 {
        self.body
    }

    /// Appends to the body.
    ///
    /// # Errors
    /// [`WriteError::Io`]; the file then ends anywhere after the last
    /// [`PartialFile::sync`], and [`PartialFile::open_at`] mends it.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.write(bytes)?;
        self.hash.update(bytes);
        self.body += bytes.len() as u64;
        Ok(())
    }

    /// Makes everything appended so far survive a crash of the machine.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn sync(&mut self) -> Result<Committed, WriteError> {
        let partial = partial_path(&self.path);
        self.writer
            .flush()
            .and_then(|()| self.writer.get_ref().sync_data())
            .map_err(WriteError::io("write", &partial))?;
        Ok(self.committed())
    }

    /// The body as it is now, on its way to the disk or there.
    pub fn committed(&self) -> Committed {
        Committed {
            bytes: self.body,
            sha256: hex(&self.hash.clone().finalize()),
        }
    }

    /// Puts the final header in place, syncs, and renames to the final name.
    ///
    /// # Errors
    /// [`WriteError::Io`]; [`WriteError::Value`] for a header of another length.
    pub fn finish(self, header: &[u8]) -> Result<Finished, WriteError> {
        self.seal(header)?.rename()
    }

    /// Puts the final header in place and syncs, without the final name.
    ///
    /// SHA-256 cannot be computed back to front, and the header is known last:
    /// a file with a header is therefore read once more for its hash.
    ///
    /// # Errors
    /// [`WriteError::Io`]; [`WriteError::Value`] for a header of another length.
    pub fn seal(mut self, header: &[u8]) -> Result<Sealed, WriteError> {
        let partial = partial_path(&self.path);
        if header.len() as u64 != self.header {
            return Err(WriteError::Value {
                path: partial,
                reason: format!("a header of {} bytes for {}", header.len(), self.header),
            });
        }
        let io = |action| WriteError::io(action, &partial);
        self.writer.flush().map_err(io("write"))?;
        let file = self.writer.get_mut();
        let hash = if header.is_empty() {
            self.hash
        } else {
            file.seek(SeekFrom::Start(0))
                .and_then(|_| file.write_all(header))
                .map_err(io("write"))?;
            file.seek(SeekFrom::Start(0)).map_err(io("read"))?;
            hash_of(&mut *file).map_err(io("read"))?
        };
        file.sync_all().map_err(io("write"))?;
        Ok(Sealed {
            path: self.path,
            finished: Finished {
                bytes: self.header + self.body,
                sha256: hex(&hash.finalize()),
            },
        })
    }

    /// Removes it.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn discard(self) -> Result<(), WriteError> {
        let partial = partial_path(&self.path);
        std::fs::remove_file(&partial).map_err(WriteError::io("remove", &partial))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.writer
            .write_all(bytes)
            .map_err(|error| WriteError::io("write", &partial_path(&self.path))(error))
    }
}

/// Makes it durable that the file `path` was made, renamed or removed.
///
/// # Errors
/// Whatever the operating system says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    // Only Unix lets a folder be opened, and needs it.
    if cfg!(unix) {
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn hash_of(mut file: impl Read) -> io::Result<Sha256> {
    let mut hash = Sha256::new();
    let mut block = vec![0; BUFFER];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(hash),
            Ok(n) => hash.update(&block[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
///
/// # Errors
/// A file that cannot be read.
pub fn sha256_of(path: &Path) -> io::Result<String> {
    Ok(hex(&hash_of(File::open(path)?)?.finalize()))
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;

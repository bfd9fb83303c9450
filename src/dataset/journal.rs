//! A journal: what a reader finds after a crash is what was appended before it.
//!
//! Each record is a line: the SHA-256 of the line before's checksum and of the
//! record, in hexadecimal, a space, and the record as JSON. So a line stands
//! for all lines before it: one that was changed, removed or moved breaks the
//! chain. A record is on the disk when [`Journal::append`] returns.
//!
//! A crash can tear nothing but the last line. Only there a broken line means a
//! record that was never committed; elsewhere it means damage.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::partial::{WriteError, hex, sync_folder};

/// Characters of a checksum.
const CHECK: usize = 64;

/// A journal being written.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// Checksum of the last record.
    check: String,
}

/// What a journal holds, and the journal, to go on with.
#[derive(Debug)]
pub struct Opened<H, R> {
    /// The journal, without what a crash tore.
    pub journal: Journal,
    /// The first record.
    pub first: H,
    /// The last record, if there is one after the first.
    pub last: Option<R>,
    /// Whether a crash, or damage, tore a record after that.
    pub torn: bool,
}

/// A journal that cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The journal.
        path: PathBuf,
        /// Why it failed.
        #[source]
        error: io::Error,
    },
    /// A record before the last is not what was written.
    #[error("{} is damaged in line {line}", path.display())]
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// A record is whole and cannot be understood.
    #[error("{}, line {line}: {error}; was it written by another version?", path.display())]
    Invalid {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong.
        #[source]
        error: serde_json::Error,
    },
}

impl Journal {
    /// Begins a journal, in place of an earlier one, with its first record.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be made.
    pub fn create(path: &Path, first: &impl Serialize) -> Result<Self, WriteError> {
        let file = File::create(path).map_err(WriteError::io("create", path))?;
        let mut this = Self {
            file,
            path: path.to_path_buf(),
            check: String::new(),
        };
        this.append(first)?;
        sync_folder(path).map_err(WriteError::io("sync the folder of", path))?;
        Ok(this)
    }

    /// Appends a record, and makes it durable.
    ///
    /// # Errors
    /// [`WriteError`]; the record is then torn, or not there at all.
    pub fn append(&mut self, record: &impl Serialize) -> Result<(), WriteError> {
        let record = serde_json::to_string(record).map_err(|error| WriteError::Value {
            path: self.path.clone(),
            reason: error.to_string(),
        })?;
        let check = checksum(&self.check, record.as_bytes());
        let line = format!("{check} {record}\n");
        self.file
            .write_all(line.as_bytes())
            .and_then(|()| self.file.sync_data())
            .map_err(WriteError::io("write", &self.path))?;
        self.check = check;
        Ok(())
    }

    /// Reads a journal and cuts off what a crash tore; `None` where that leaves
    /// nothing.
    ///
    /// # Errors
    /// [`JournalError`]; the file is then left as it is.
    pub fn open<H, R>(path: &Path) -> Result<Option<Opened<H, R>>, JournalError>
    where
        H: DeserializeOwned,
        R: DeserializeOwned,
    {
        let io = |action| {
            move |error| JournalError::Io {
                action,
                path: path.to_path_buf(),
                error,
            }
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(io("open"))?;
        let whole = read(path, BufReader::new(&file))?;
        let Some(first) = &whole.first else {
            return Ok(None);
        };
        let invalid = |line| {
            move |error| JournalError::Invalid {
                path: path.to_path_buf(),
                line,
                error,
            }
        };
        let first = serde_json::from_slice(first).map_err(invalid(1))?;
        let last = whole.last.as_deref().map(serde_json::from_slice);
        let last = last.transpose().map_err(invalid(whole.lines))?;
        file.set_len(whole.bytes).map_err(io("truncate"))?;
        file.seek(SeekFrom::End(0)).map_err(io("read"))?;
        let journal = Self {
            file,
            path: path.to_path_buf(),
            check: whole.check,
        };
        Ok(Some(Opened {
            journal,
            first,
            last,
            torn: whole.torn,
        }))
    }
}

/// The whole records of a journal.
#[derive(Debug, Default)]
struct Whole {
    first: Option<Vec<u8>>,
    last: Option<Vec<u8>>,
    /// Number of whole records.
    lines: u64,
    /// Their length in the file.
    bytes: u64,
    /// Checksum of the last.
    check: String,
    /// Whether there is something after them.
    torn: bool,
}

fn read(path: &Path, mut reader: impl BufRead) -> Result<Whole, JournalError> {
    let mut whole = Whole::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line);
        let length = length.map_err(|error| JournalError::Io {
            action: "read",
            path: path.to_path_buf(),
            error,
        })?;
        if length == 0 {
            return Ok(whole);
        }
        if whole.torn {
            return Err(JournalError::Damaged {
                path: path.to_path_buf(),
                line: whole.lines + 1,
            });
        }
        let Some(record) = record(&line, &whole.check) else {
            whole.torn = true;
            continue;
        };
        let record = Some(record.to_vec());
        match whole.lines {
            0 => whole.first = record,
            _ => whole.last = record,
        }
        whole.lines += 1;
        whole.bytes += length as u64;
        whole.check = String::from_utf8_lossy(&line[..CHECK]).into_owned();
    }
}

/// The record in a line, if the line is whole.
fn record<'a>(line: &'a [u8], before: &str) -> Option<&'a [u8]> {
    let (check, rest) = line.split_at_checked(CHECK)?;
    let record = rest.strip_prefix(b" ")?.strip_suffix(b"\n")?;
    (checksum(before, record).as_bytes() == check).then_some(record)
}

fn checksum(before: &str, record: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(record);
    hex(&hash.finalize())
}

#[cfg(test)]
mod tests;

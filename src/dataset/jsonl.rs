//! JSON lines: one JSON value a line, written as a stream and read line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::partial::{Committed, Finished, PartialFile, WriteError};

/// Longest line accepted, in bytes: what one line of a damaged file may cost.
const MAX_LINE: u64 = 1 << 20;

/// A JSON-lines file being written to `<name>.partial`.
#[derive(Debug)]
pub struct JsonlWriter {
    file: PartialFile,
    line: Vec<u8>,
}

impl JsonlWriter {
    /// Begins the file that will be `path`, in place of an earlier attempt.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be made.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        Ok(Self::new(PartialFile::create(path, &[])?))
    }

    /// Reopens a file at an earlier state, and goes on: see
    /// [`PartialFile::open_at`].
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be opened, or what was committed to it is
    /// not there.
    pub fn open_at(path: &Path, committed: &Committed) -> Result<Self, WriteError> {
        Ok(Self::new(PartialFile::open_at(path, 0, committed)?))
    }

    fn new(file: PartialFile) -> Self {
        let line = Vec::new();
        Self { file, line }
    }

    /// Appends one value as a line.
    ///
    /// # Errors
    /// [`WriteError::Value`] where it is no JSON, with nothing written;
    /// [`WriteError::Io`].
    pub fn append<T: Serialize>(&mut self, value: &T) -> Result<(), WriteError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value).map_err(|error| WriteError::Value {
            path: self.file.path().to_path_buf(),
            reason: error.to_string(),
        })?;
        self.line.push(b'\n');
        self.file.append(&self.line)
    }

    /// Makes all lines so far durable.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn sync(&mut self) -> Result<Committed, WriteError> {
        self.file.sync()
    }

    /// The lines so far: their length and hash.
    pub fn committed(&self) -> Committed {
        self.file.committed()
    }

    /// Removes what was written.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn discard(self) -> Result<(), WriteError> {
        self.file.discard()
    }

    /// Syncs the file and gives it its final name.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn finish(self) -> Result<Finished, WriteError> {
        self.file.finish(&[])
    }
}

/// A line that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}, line {line}: {fault}", path.display())]
pub struct JsonlError {
    /// The file.
    pub path: PathBuf,
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong.
    pub fault: LineFault,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    /// The operating system refused.
    #[error("cannot read: {0}")]
    Io(#[source] io::Error),
    /// The last line has no end: whoever wrote it was cut off.
    #[error("the line is cut off")]
    Torn,
    /// More than a megabyte without an end.
    #[error("the line is over {MAX_LINE} bytes long")]
    TooLong,
    /// No JSON, or not the fields expected.
    #[error("{0}")]
    Invalid(#[source] serde_json::Error),
}

/// Reads the lines of a file one by one; it ends after the first error.
#[derive(Debug)]
pub struct JsonlReader<T> {
    reader: BufReader<File>,
    path: PathBuf,
    line: u64,
    buffer: Vec<u8>,
    done: bool,
    value: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> JsonlReader<T> {
    /// Opens a file.
    ///
    /// # Errors
    /// [`JsonlError`] with line 0 where it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, JsonlError> {
        let file = File::open(path).map_err(|error| JsonlError {
            path: path.to_path_buf(),
            line: 0,
            fault: LineFault::Io(error),
        })?;
        Ok(Self {
            reader: BufReader::new(file),
            path: path.to_path_buf(),
            line: 0,
            buffer: Vec::new(),
            done: false,
            value: PhantomData,
        })
    }

    fn read_line(&mut self) -> Result<Option<T>, LineFault> {
        self.buffer.clear();
        let length = (&mut self.reader)
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut self.buffer)
            .map_err(LineFault::Io)?;
        if length == 0 {
            return Ok(None);
        }
        if self.buffer.last() != Some(&b'\n') {
            return Err(if length as u64 > MAX_LINE {
                LineFault::TooLong
            } else {
                LineFault::Torn
            });
        }
        serde_json::from_slice(&self.buffer)
            .map(Some)
            .map_err(LineFault::Invalid)
    }
}

impl<T: DeserializeOwned> Iterator for JsonlReader<T> {
    type Item = Result<T, JsonlError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        self.line += 1;
        let value = self.read_line().map_err(|fault| JsonlError {
            path: self.path.clone(),
            line: self.line,
            fault,
        });
        self.done = !matches!(value, Ok(Some(_)));
        value.transpose()
    }
}

#[cfg(test)]
mod tests;

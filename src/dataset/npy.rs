//! NumPy's `.npy` format, version 1.0 to 3.0: a stream of rows out, mapped rows in.
//!
//! The layout is that of NumPy Enhancement Proposal 1: magic, version, the
//! header's length, then a Python dictionary literal padded with spaces so that
//! the data begins at a multiple of 64 bytes.

mod header;
mod reader;

use std::path::Path;

pub use header::{DType, HeaderError};
pub use reader::{NpyError, NpyReader};

use super::partial::{Committed, Finished, PartialFile, WriteError};

/// A `(N, a, b)` float32 file being written to `<name>.partial`, of a length
/// that is known only at the end.
///
/// Memory is constant. The header's place is kept free, with room for any
/// number of rows, and filled in when the file is finished: the result is byte
/// for byte what `numpy.save` writes.
#[derive(Debug)]
pub struct NpyWriter {
    file: PartialFile,
    row_shape: [usize; 2],
    row_bytes: u64,
}

/// A finished feature file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Number of rows.
    pub rows: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub sha256: String,
}

impl NpyWriter {
    /// Begins the file that will be `path`, in place of an earlier attempt,
    /// with rows of shape `(a, b)`.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be made, or for a row of no values.
    pub fn create(path: &Path, row_shape: [usize; 2]) -> Result<Self, WriteError> {
        let header = header::float32(0, row_shape);
        Self::new(PartialFile::create(path, &header)?, row_shape)
    }

    /// Reopens a file at an earlier state, and goes on: see
    /// [`PartialFile::open_at`].
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be opened, or what was committed to it is
    /// not there.
    pub fn open_at(
        path: &Path,
        row_shape: [usize; 2],
        committed: &Committed,
    ) -> Result<Self, WriteError> {
        let header = header::float32(0, row_shape).len() as u64;
        Self::new(PartialFile::open_at(path, header, committed)?, row_shape)
    }

    fn new(file: PartialFile, row_shape: [usize; 2]) -> Result<Self, WriteError> {
        let row_bytes = row_bytes(row_shape);
        if row_bytes == 0 {
            return Err(WriteError::Value {
                path: file.path().to_path_buf(),
                reason: format!("rows of shape {row_shape:?} hold nothing"),
            });
        }
        Ok(Self {
            file,
            row_shape,
            row_bytes,
        })
    }

    /// Number of rows so far.
    pub fn rows(&self) -> u64 {
        self.file.body() / self.row_bytes
    }

    /// Appends one or more whole rows, in C order.
    ///
    /// # Errors
    /// [`WriteError::Value`] for a length that is not whole rows, with nothing
    /// written; [`WriteError::Io`].
    pub fn append(&mut self, values: &[f32]) -> Result<(), WriteError> {
        if !(size_of_val(values) as u64).is_multiple_of(self.row_bytes) {
            return Err(WriteError::Value {
                path: self.file.path().to_path_buf(),
                reason: format!(
                    "{} values are not rows of {:?}",
                    values.len(),
                    self.row_shape
                ),
            });
        }
        if cfg!(target_endian = "little") {
            self.file.append(bytemuck::cast_slice(values))
        } else {
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            self.file.append(&bytes)
        }
    }

    /// Makes all rows so far durable. The hash is that of the data without the
    /// header.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn sync(&mut self) -> Result<Committed, WriteError> {
        self.file.sync()
    }

    /// The rows so far: length and hash of the data without the header.
    pub fn committed(&self) -> Committed {
        self.file.committed()
    }

    /// Completes the header, syncs, and gives the file its final name. Reads the
    /// file once more, for the hash.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn finish(self) -> Result<Summary, WriteError> {
        let rows = self.rows();
        let header = header::float32(rows, self.row_shape);
        let Finished { bytes, sha256 } = self.file.finish(&header)?;
        Ok(Summary {
            rows,
            bytes,
            sha256,
        })
    }
}

/// The header of an array of so many rows of shape `(a, b)`: of the same length for
/// any number.
pub(super) fn header(rows: u64, row_shape: [usize; 2]) -> Vec<u8> {
    header::float32(rows, row_shape)
}

fn row_bytes([a, b]: [usize; 2]) -> u64 {
    (a as u64).saturating_mul(b as u64).saturating_mul(4)
}

#[cfg(test)]
mod tests;

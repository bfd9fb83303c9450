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
use crate::config::plan::ElementType;

/// An array of rows being written to `<name>.partial`, of a length that is known
/// only at the end.
///
/// Memory is constant. The header's place is kept free, with room for any
/// number of rows, and filled in when the file is finished: the result is byte
/// for byte what `numpy.save` writes.
#[derive(Debug)]
pub struct NpyWriter {
    file: PartialFile,
    array: Array,
    row_bytes: u64,
    /// Room for converted values.
    bytes: Vec<u8>,
}

/// What an array's rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Array {
    /// The type of an element.
    pub dtype: DType,
    /// The shape of a row.
    pub row_shape: Vec<usize>,
}

impl From<ElementType> for DType {
    fn from(of: ElementType) -> Self {
        match of {
            ElementType::Float32 => Self::Float32,
            ElementType::Float16 => Self::Float16,
        }
    }
}

impl From<[usize; 2]> for Array {
    /// Rows of that shape, float32.
    fn from(row_shape: [usize; 2]) -> Self {
        Self {
            dtype: DType::Float32,
            row_shape: row_shape.into(),
        }
    }
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
    /// Begins the file that will be `path`, in place of an earlier attempt.
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be made, or for a row of no values.
    pub fn create(path: &Path, array: impl Into<Array>) -> Result<Self, WriteError> {
        let array = array.into();
        let header = header::write(0, array.dtype, &array.row_shape);
        Self::new(PartialFile::create(path, &header)?, array)
    }

    /// Reopens a file at an earlier state, and goes on: see
    /// [`PartialFile::open_at`].
    ///
    /// # Errors
    /// [`WriteError`] where it cannot be opened, or what was committed to it is
    /// not there.
    pub fn open_at(
        path: &Path,
        array: impl Into<Array>,
        committed: &Committed,
    ) -> Result<Self, WriteError> {
        let array = array.into();
        let header = header::write(0, array.dtype, &array.row_shape).len() as u64;
        Self::new(PartialFile::open_at(path, header, committed)?, array)
    }

    fn new(file: PartialFile, array: Array) -> Result<Self, WriteError> {
        let row_bytes = row_bytes(&array);
        if row_bytes == 0 {
            return Err(WriteError::Value {
                path: file.path().to_path_buf(),
                reason: format!("rows of shape {:?} hold nothing", array.row_shape),
            });
        }
        Ok(Self {
            file,
            array,
            row_bytes,
            bytes: Vec::new(),
        })
    }

    /// Number of rows so far.
    pub fn rows(&self) -> u64 {
        self.file.body() / self.row_bytes
    }

    /// Appends one or more whole rows, in C order; as float16 rounded to nearest,
    /// ties to even.
    ///
    /// # Errors
    /// [`WriteError::Value`] for a length that is not whole rows, with nothing
    /// written; [`WriteError::Io`].
    pub fn append(&mut self, values: &[f32]) -> Result<(), WriteError> {
        self.check(values.len())?;
        match self.array.dtype {
            DType::Float32 if cfg!(target_endian = "little") => {
                self.file.append(bytemuck::cast_slice(values))
            }
            DType::Float32 => self.append_all(values.iter().map(|x| x.to_le_bytes())),
            DType::Float16 => {
                self.append_all(values.iter().map(|&x| half::f16::from_f32(x).to_le_bytes()))
            }
            DType::Int32 => self.append_all(values.iter().map(|&x| (x as i32).to_le_bytes())),
        }
    }

    /// Appends one or more whole rows of whole numbers.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_ints(&mut self, values: &[i32]) -> Result<(), WriteError> {
        self.check(values.len())?;
        self.append_all(values.iter().map(|x| x.to_le_bytes()))
    }

    fn check(&self, values: usize) -> Result<(), WriteError> {
        let bytes = (values * self.array.dtype.bytes()) as u64;
        match bytes.is_multiple_of(self.row_bytes) {
            true => Ok(()),
            false => Err(WriteError::Value {
                path: self.file.path().to_path_buf(),
                reason: format!("{values} values are not rows of {:?}", self.array.row_shape),
            }),
        }
    }

    fn append_all<const N: usize>(
        &mut self,
        values: impl Iterator<Item = [u8; N]>,
    ) -> Result<(), WriteError> {
        self.bytes.clear();
        values.for_each(|value| self.bytes.extend_from_slice(&value));
        self.file.append(&self.bytes)
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

    /// Removes what was written.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn discard(self) -> Result<(), WriteError> {
        self.file.discard()
    }

    /// Completes the header, syncs, and gives the file its final name. Reads the
    /// file once more, for the hash.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn finish(self) -> Result<Summary, WriteError> {
        let rows = self.rows();
        let header = header::write(rows, self.array.dtype, &self.array.row_shape);
        let Finished { bytes, sha256 } = self.file.finish(&header)?;
        Ok(Summary {
            rows,
            bytes,
            sha256,
        })
    }
}

/// The header of an array of so many rows: of the same length for any number.
pub(super) fn header(rows: u64, array: &Array) -> Vec<u8> {
    header::write(rows, array.dtype, &array.row_shape)
}

fn row_bytes(array: &Array) -> u64 {
    let values = array.row_shape.iter().map(|&n| n as u64);
    values.fold(array.dtype.bytes() as u64, u64::saturating_mul)
}

#[cfg(test)]
mod tests;

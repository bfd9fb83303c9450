//! Rows of an `.npy` file, mapped into memory rather than read onto the heap.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ndarray::ArrayViewD;
use ndarray_npy::ViewNpyExt;

use memmap2::Mmap;

use super::header::{self, DType, Header, HeaderError};
use crate::dataset::mapped;

/// A float32 or float16 array of any shape, in C order.
///
/// The first dimension counts rows; the others are the shape of a row. Values
/// are given as float32 in blocks of rows, so that what is resident is what is
/// looked at.
#[derive(Debug)]
pub struct NpyReader {
    map: Mmap,
    header: Header,
    /// Whether the values lie in the file as this machine has them: float32 in C order.
    plain: bool,
}

/// An `.npy` file that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The operating system refused.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// What was to be read.
        path: PathBuf,
    },
    /// A header that cannot be read or says what is not supported.
    #[error("{}: {error}", path.display())]
    Header {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: HeaderError,
    },
    /// Parts of one array whose rows differ in shape.
    #[error("{}: its parts have rows of different shapes", path.display())]
    Parts {
        /// The name of the whole.
        path: PathBuf,
    },
    /// The data is not as long as the header says.
    #[error(
        "{}: the header says {expected} bytes of data, the file holds {found}",
        path.display()
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Bytes by the header.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
}

impl NpyReader {
    /// Opens a file of features, float32 or float16, and checks its header against
    /// its length.
    ///
    /// # Errors
    /// [`NpyError`].
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        let reader = Self::open_any(path)?;
        match reader.header.dtype {
            DType::Int32 => Err(NpyError::Header {
                path: path.to_path_buf(),
                error: HeaderError::Type("'<i4'".to_owned()),
            }),
            _ => Ok(reader),
        }
    }

    /// Opens a file of any type that is read, int32 too.
    ///
    /// # Errors
    /// [`NpyError`].
    pub fn open_any(path: &Path) -> Result<Self, NpyError> {
        let io = |error| NpyError::Io {
            path: path.to_path_buf(),
            error,
        };
        if !std::fs::metadata(path).map_err(io)?.is_file() {
            let path = path.to_path_buf();
            return Err(NpyError::NotAFile { path });
        }
        let map = mapped::map(&File::open(path).map_err(io)?).map_err(io)?;
        let header = header::parse(&map).map_err(|error| NpyError::Header {
            path: path.to_path_buf(),
            error,
        })?;
        let found = map.len() - header.data_start;
        if found != header.data_bytes {
            return Err(NpyError::Length {
                path: path.to_path_buf(),
                expected: header.data_bytes,
                found,
            });
        }
        let plain = header.dtype == DType::Float32 && ArrayViewD::<f32>::view_npy(&map).is_ok();
        Ok(Self { map, header, plain })
    }

    /// The array's shape.
    pub fn shape(&self) -> &[usize] {
        &self.header.shape
    }

    /// The elements' type in the file.
    pub fn dtype(&self) -> DType {
        self.header.dtype
    }

    /// Number of rows: the first dimension, and 1 for a single value.
    pub fn rows(&self) -> usize {
        self.header.shape.first().copied().unwrap_or(1)
    }

    /// Number of values in a row.
    pub fn row_len(&self) -> usize {
        self.header.shape.iter().skip(1).product()
    }

    /// The values of some rows, one after the other: straight from the map where
    /// they lie there as float32, else converted into `scratch`. `None` where
    /// there are not so many rows.
    pub fn values<'a>(
        &'a self,
        rows: Range<usize>,
        scratch: &'a mut Vec<f32>,
    ) -> Option<&'a [f32]> {
        if rows.start > rows.end || rows.end > self.rows() {
            return None;
        }
        let bytes = self.map.get(self.bytes_of(&rows))?;
        if let (true, Ok(values)) = (self.plain, bytemuck::try_cast_slice(bytes)) {
            return Some(values);
        }
        scratch.clear();
        match self.header.dtype {
            DType::Float32 => {
                let (values, _) = bytes.as_chunks();
                scratch.extend(values.iter().map(|&x| f32::from_le_bytes(x)));
            }
            DType::Int32 => {
                let (values, _) = bytes.as_chunks();
                scratch.extend(values.iter().map(|&x| i32::from_le_bytes(x) as f32));
            }
            DType::Float16 => {
                let (values, _) = bytes.as_chunks();
                let value = |&x| half::f16::from_le_bytes(x).to_f32();
                scratch.extend(values.iter().map(value));
            }
        }
        Some(scratch)
    }

    /// The values of one row of whole numbers; `None` where there is no such row,
    /// or they are no whole numbers.
    pub fn ints(&self, row: usize) -> Option<Vec<i32>> {
        if self.header.dtype != DType::Int32 || row >= self.rows() {
            return None;
        }
        let bytes = self.map.get(self.bytes_of(&(row..row + 1)))?;
        let (values, _) = bytes.as_chunks();
        Some(values.iter().map(|&x| i32::from_le_bytes(x)).collect())
    }

    /// Says that some rows are not looked at for now, so that their pages do not
    /// count as this process's memory: for files larger than that.
    pub fn release(&self, rows: Range<usize>) {
        if rows.start < rows.end && rows.end <= self.rows() {
            mapped::release(&self.map, self.bytes_of(&rows));
        }
    }

    /// Where rows that exist lie in the file.
    fn bytes_of(&self, rows: &Range<usize>) -> Range<usize> {
        let row_bytes = self.row_len() * self.header.dtype.bytes();
        let start = self.header.data_start;
        start + rows.start * row_bytes..start + rows.end * row_bytes
    }
}

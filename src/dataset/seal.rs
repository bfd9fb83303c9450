//! The file that is written last, and makes what is in its folder complete.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::DatasetError;
use super::partial::PartialFile;

/// What is written last into a folder: it says what is in it.
pub trait Seal: DeserializeOwned + Serialize {
    /// The name of its file.
    const FILE: &'static str;

    /// The feature files that it tells of.
    fn features(&self) -> Vec<&str>;

    /// The other files that it tells of.
    fn others(&self) -> Vec<&str>;
}

/// Reads a JSON file; `None` where there is none.
///
/// # Errors
/// A file that cannot be read, or is something else.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, DatasetError> {
    let text = match fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(DatasetError::io("read", path)(error)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|error| DatasetError::Unknown {
            path: path.to_path_buf(),
            error,
        })
}

/// Writes a JSON file, whole or not at all.
///
/// # Errors
/// [`DatasetError`] where it cannot be written.
pub fn write(path: &Path, value: &impl Serialize) -> Result<(), DatasetError> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| DatasetError::io("write", path)(error.into()))?;
    text.push(b'\n');
    let mut file = PartialFile::create(path, &[])?;
    file.append(&text)?;
    file.finish(&[])?;
    Ok(())
}

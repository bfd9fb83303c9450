//! The output folder: what is there already, and what that means.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::formats::partial::partial_path;
use crate::stages::write::{QUARANTINE_FILE, ROWS_FILE};

use super::dataset::{DATASET_FILE, Dataset};
use super::error::BuildError;

/// What to do with what an earlier build left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Nothing: anything but the finished same data set is an error.
    Keep,
    /// Replace it.
    Overwrite,
}

/// An output folder that may be written to.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

/// What was found in an output folder.
pub(super) enum State {
    /// The data set, finished, from the same configuration and inputs.
    UpToDate,
    /// Nothing that must be kept.
    Ready(Folder),
}

impl Folder {
    /// Looks at what is there, makes the folder if need be, and clears it of
    /// what an earlier build left if that is asked for.
    ///
    /// `features` are the names of the feature files to come.
    pub(super) fn open(
        path: &Path,
        features: &[&str],
        fingerprint: &str,
        existing: Existing,
    ) -> Result<State, BuildError> {
        let folder = Self {
            path: path.to_path_buf(),
        };
        fs::create_dir_all(path).map_err(BuildError::io("create the output folder", path))?;
        if existing == Existing::Overwrite {
            folder.clear(features)?;
        } else if let Some(found) = Dataset::read(path)? {
            if found.fingerprint == fingerprint && folder.has_all(features) {
                return Ok(State::UpToDate);
            }
            return Err(
                folder.occupied("a data set made from another configuration or other inputs")
            );
        } else if let Some(name) = folder.leftover(features) {
            return Err(folder.occupied(&format!(
                "what an unfinished build left ({})",
                name.display()
            )));
        }
        Ok(State::Ready(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes `dataset.json`, which makes the data set complete.
    pub(super) fn complete(&self, dataset: &Dataset) -> Result<(), BuildError> {
        dataset.write(&self.path)
    }

    fn occupied(&self, found: &str) -> BuildError {
        BuildError::Occupied {
            path: self.path.clone(),
            found: found.to_owned(),
        }
    }

    fn has_all(&self, features: &[&str]) -> bool {
        features.iter().all(|name| self.path.join(name).is_file())
    }

    /// The first file of an earlier build.
    fn leftover(&self, features: &[&str]) -> Option<PathBuf> {
        files(features)
            .into_iter()
            .find(|name| self.path.join(name).exists())
    }

    fn clear(&self, features: &[&str]) -> Result<(), BuildError> {
        let dataset = [PathBuf::from(DATASET_FILE)];
        for name in dataset.into_iter().chain(files(features)) {
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(BuildError::io("remove", &path)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Every file that the writer makes, whole and unfinished.
fn files(features: &[&str]) -> Vec<PathBuf> {
    let names = [ROWS_FILE, QUARANTINE_FILE];
    let names = names.iter().chain(features).map(PathBuf::from);
    names.flat_map(|name| [partial_path(&name), name]).collect()
}

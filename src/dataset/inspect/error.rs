//! Why something could not be inspected.

use crate::dataset::error::DatasetError;
use crate::dataset::jsonl::JsonlError;
use crate::dataset::npy::NpyError;
use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be inspected, or is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// Nothing there.
    #[error("there is no file or folder {}", .0.display())]
    Missing(PathBuf),
    /// A folder without a data set.
    #[error("{} is no data set: it has no dataset.json\n  name the output folder of a build, or an .npy file", .0.display())]
    NoDataset(PathBuf),
    /// A folder with part of one.
    #[error("{} holds a build that is not finished\n  go on with it: wakemill run --resume", .0.display())]
    Unfinished(PathBuf),
    /// The array cannot be read.
    #[error(transparent)]
    Array(#[from] NpyError),
    /// A line of `rows.jsonl` cannot be read.
    #[error(transparent)]
    Rows(#[from] JsonlError),
    /// `dataset.json` cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The operating system refused.
    #[error("cannot read {}: {error}", path.display())]
    Io {
        /// What was to be read.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// Nothing says where its rows are from.
    #[error("{}: {reason}", path.display())]
    NoOrigin {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A file is not the one that the build wrote.
    #[error("{}: {difference}\n  the file was changed or damaged after the build; build it again", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// How it differs.
        difference: String,
    },
}

impl InspectError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            path: path.to_path_buf(),
            error,
        }
    }

    /// Whether another path has to be named.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Missing(_) | Self::NoDataset(_) | Self::NoOrigin { .. }
        )
    }
}

//! Why an output folder cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use super::journal::JournalError;
use super::partial::WriteError;

/// Why an output folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// It holds what an unfinished build left.
    #[error("{} holds what an unfinished build left ({})\n  go on with it (--resume), replace it (--overwrite), or choose another output", path.display(), found.display())]
    Unfinished {
        /// The output folder.
        path: PathBuf,
        /// A file that is there.
        found: PathBuf,
    },
    /// It holds a finished data set that is not the one that is wanted.
    #[error("{} holds another data set: {reason}\n  undo that, replace the data set (--overwrite), or choose another output", path.display())]
    Another {
        /// The output folder.
        path: PathBuf,
        /// Why it is not.
        reason: String,
    },
    /// So it does, and was to be gone on with.
    #[error("{} holds another data set, and it is finished, so there is nothing to go on with: {reason}\n  undo that, replace the data set (--overwrite instead of --resume), or choose another output", path.display())]
    NothingToResume {
        /// The output folder.
        path: PathBuf,
        /// Why it is not the one that is wanted.
        reason: String,
    },
    /// It holds a file that a build would replace, and that none there made.
    #[error("{} is there already, and not of this build\n  move it away, choose another output, or start over and replace it (--overwrite)", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A `dataset.json` that is none, or that of another version.
    #[error("cannot understand {}: {error}\n  replace what is there (--overwrite), or choose another output", path.display())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: serde_json::Error,
    },
    /// An unfinished build has lost its journal.
    #[error("{} holds {}, but not the journal that says what of it is whole\n  start over (--overwrite instead of --resume), or choose another output", path.display(), found.display())]
    NoJournal {
        /// The output folder.
        path: PathBuf,
        /// A file that is there.
        found: PathBuf,
    },
    /// The journal of an unfinished build cannot be used.
    #[error(
        "the journal of an unfinished build: {0}\n  start over (--overwrite instead of --resume), or choose another output"
    )]
    Journal(#[from] JournalError),
    /// Another process builds into it.
    #[error("another wakemill is at work in {}\n  wait for it to end, or choose another output", path.display())]
    Locked {
        /// The output folder.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        #[source]
        error: io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl DatasetError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            action,
            path: path.to_path_buf(),
            error,
        }
    }

    /// Whether the caller has to change a flag or name another folder before
    /// any work can start.
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Io { .. } | Self::Write(_))
    }
}

//! Why shards cannot be planned, built or merged.

use std::path::PathBuf;

use super::status::Status;
use crate::dataset::error::DatasetError;
use crate::dataset::partial::WriteError;

/// Why shards cannot be planned, built or merged.
#[derive(Debug, thiserror::Error)]
pub enum ShardsError {
    /// There is no plan.
    #[error("there is no plan of shards in {}\n  make one (wakemill plan FILE --shards N), once; if there is one, does this host see the storage that it is on?", .0.display())]
    NoPlan(PathBuf),
    /// The plan is not that of the configuration.
    #[error("the plan in {} is another one:\n    {}\n  undo that, or plan again (wakemill plan … --overwrite), which discards its shards", folder.display(), changes.join("\n    "))]
    OtherPlan {
        /// The folder of shards.
        folder: PathBuf,
        /// What differs.
        changes: Vec<String>,
    },
    /// A file of the plan is damaged.
    #[error("{}: {reason}\n  plan again (wakemill plan … --overwrite)", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A clip or sound is not the one that was planned.
    #[error(
        "{shard}: {what} is not as it was when planned: {reason}\n  put it back, or plan again (wakemill plan … --overwrite)"
    )]
    Input {
        /// The shard that needs it.
        shard: String,
        /// The clip or sound.
        what: String,
        /// How it differs.
        reason: String,
    },
    /// A shard's folder holds something else.
    #[error("{shard}: {} is not of this build: {reason}\n  start it over (--overwrite)", folder.display())]
    Foreign {
        /// The shard that was to be built.
        shard: String,
        /// Its folder.
        folder: PathBuf,
        /// What is there.
        reason: String,
    },
    /// Another process has it.
    #[error("another wakemill is at work in {}\n  wait for it to end, and try again", .0.display())]
    Busy(PathBuf),
    /// Shards are not whole.
    #[error("{}", .0.says())]
    NotWhole(Box<Status>),
    /// More clips were left out than allowed.
    #[error(
        "{left_out} clips left out, more than failures.max_rate allows ({tolerated})\n  raise failures.max_rate, or mend them and build their shards again"
    )]
    TooMany {
        /// Clips left out.
        left_out: u64,
        /// Clips that may be.
        tolerated: u64,
    },
    /// Rows' audio is not written by shards.
    #[error(
        "output_files.wavs: shards do not write the rows' audio: set it to false, or build on one machine"
    )]
    Wavs,
    /// The output folder cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl ShardsError {
    /// Whether the same command cannot succeed the next time either.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Busy(_) | Self::TooMany { .. } | Self::Write(_) => false,
            Self::Dataset(error) => error.is_usage(),
            _ => true,
        }
    }
}

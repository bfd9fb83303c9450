//! Why the writer stopped.

use crate::dataset::partial;
use crate::records::Trouble;

/// Why the writer stopped.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A clip could not be processed, and none may be left out.
    #[error(
        "split '{split}', clip '{clip}', {stage}: {reason}\n  go on without such clips (--resume, with failures.policy = \"skip\"), or mend or remove it and start over (--overwrite)"
    )]
    Rejected {
        /// The split.
        split: String,
        /// The clip.
        clip: String,
        /// The stage that refused it.
        stage: &'static str,
        /// The kind of trouble.
        kind: Trouble,
        /// Why.
        reason: String,
    },
    /// More clips were left out than allowed.
    #[error(
        "{left_out} clips left out, more than failures.max_rate allows ({tolerated}); the last was '{clip}', {stage}: {reason}\n  go on with --resume and a higher failures.max_rate, or mend the clips and start over (--overwrite)"
    )]
    TooMany {
        /// Clips left out.
        left_out: u64,
        /// Clips that may be.
        tolerated: u64,
        /// The last one.
        clip: String,
        /// The stage that refused it.
        stage: &'static str,
        /// The kind of trouble.
        kind: Trouble,
        /// Why.
        reason: String,
    },
    /// More clips had been left out before than are allowed now.
    #[error(
        "{left_out} clips were left out before, and failures.policy and failures.max_rate allow {tolerated} now\n  raise failures.max_rate, or start over (--overwrite)"
    )]
    TooManyBefore {
        /// Clips left out.
        left_out: u64,
        /// Clips that may be.
        tolerated: u64,
    },
    /// A rule of the audit ends the build at a clip.
    #[error(
        "split '{split}', clip '{clip}', audit: {reason}\n  mend or remove the clip and start over (--overwrite), or change its rule and go on (--resume)"
    )]
    Forbidden {
        /// The split.
        split: String,
        /// The clip.
        clip: String,
        /// What was found.
        reason: String,
    },
    /// What an audit finds cannot be told.
    #[error("the audit cannot be told: {0}")]
    Audit(String),
    /// A block does not hold the rows that its clips claim.
    #[error("a block holds {found} rows where its clips have {claimed}; this is a bug in wakemill")]
    Block {
        /// Rows of its clips.
        claimed: usize,
        /// Rows of features in it.
        found: usize,
    },
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] partial::WriteError),
}

impl WriteError {
    /// Whether what was written so far is as it should be: the writer stopped
    /// at a clip, not within one.
    pub(super) fn leaves_order(&self) -> bool {
        !matches!(self, Self::File(_))
    }
}

//! Why a flow ended early.

use std::fmt;
use std::sync::Arc;

use super::facts::Seq;

/// An error of a stage, of whatever type that stage has.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// Why a flow ended early: the first cause, never a consequence of it.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// A stage refused an item.
    #[error("{}", At { stage, seq: *seq, focus: focus.as_deref() })]
    Failed {
        /// The stage.
        stage: &'static str,
        /// The item.
        seq: Seq,
        /// What the stage was working on within the item.
        focus: Option<Arc<str>>,
        /// Why.
        source: BoxError,
    },
    /// A stage panicked.
    #[error("{}: panicked: {message}", At { stage, seq: *seq, focus: focus.as_deref() })]
    Panicked {
        /// The stage.
        stage: &'static str,
        /// The item.
        seq: Seq,
        /// What the stage was working on within the item.
        focus: Option<Arc<str>>,
        /// The panic's message.
        message: String,
    },
    /// A worker could not be made.
    #[error("stage {stage}: a worker could not start")]
    Start {
        /// The stage.
        stage: &'static str,
        /// Why.
        source: BoxError,
    },
    /// The system gives no more threads.
    #[error(
        "a thread could not start\n  raise the limit on threads (ulimit -u, or that of the container), or give the stages fewer workers"
    )]
    NoThread(#[source] std::io::Error),
    /// The flow was cancelled from outside.
    #[error("cancelled")]
    Cancelled,
}

struct At<'a> {
    stage: &'a str,
    seq: Seq,
    focus: Option<&'a str>,
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage {}, ", self.stage)?;
        match self.focus {
            Some(focus) => f.write_str(focus),
            None => write!(f, "item {}", self.seq),
        }
    }
}

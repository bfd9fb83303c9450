//! What a build tells while it goes on.

use crate::dataset::write::{Commit, Step, Taken};
use crate::flow::Observer;

use super::Inputs;

/// Is told how a build goes.
pub trait Watch: Observer {
    /// Something the user should know.
    fn warn(&self, text: &str);

    /// The flow starts.
    fn started(&self, _inputs: &Inputs) {}

    /// The writer has taken a batch.
    fn taken(&self, _taken: &Taken<'_>) {}

    /// The flow goes on where an earlier one was interrupted, after what it had
    /// committed.
    fn resumed(&self, _commit: &Commit) {}

    /// The writer has made a step that a crash must be able to follow.
    fn reached(&self, _step: Step) {}
}

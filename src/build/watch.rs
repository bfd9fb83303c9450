//! What a build tells while it goes on.

use crate::dataset::write::{Commit, Step, Taken};
use crate::flow::{FlowError, FlowFacts, Observer, Resize, StageId, Work, shelter};

use super::Inputs;

/// What a build tells.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Something the user should know.
    Warning(&'a str),
    /// The flow starts.
    Started(&'a Inputs),
    /// The flow goes on where an earlier one was interrupted, after what it had
    /// committed.
    Resumed(&'a Commit),
    /// The writer has taken a batch.
    Taken(&'a Taken<'a>),
    /// The writer has made a step that a crash must be able to follow.
    Reached(Step),
}

/// Is told how a build goes. What it panics with ends nothing but that call.
pub trait Watch: Observer {
    /// Something has happened.
    fn hear(&self, event: Event<'_>);

    /// Tells of something the user should know.
    fn warn(&self, text: &str) {
        self.hear(Event::Warning(text));
    }
}

/// A watch whose panics stay with it: what it is told of goes on.
#[derive(Clone, Copy)]
pub struct Sheltered<'a>(pub &'a dyn Watch);

impl Observer for Sheltered<'_> {
    fn worked(&self, stage: StageId, work: &Work) {
        shelter(|| self.0.worked(stage, work));
    }

    fn resized(&self, resize: &Resize) {
        shelter(|| self.0.resized(resize));
    }

    fn stopping(&self, cause: &FlowError) {
        shelter(|| self.0.stopping(cause));
    }

    fn tick(&self, facts: &FlowFacts) {
        shelter(|| self.0.tick(facts));
    }
}

impl Watch for Sheltered<'_> {
    fn hear(&self, event: Event<'_>) {
        shelter(|| self.0.hear(event));
    }
}

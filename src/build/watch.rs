//! What a build tells while it goes on.

use crate::dataset::write::{Commit, Step, Taken};
use crate::flow::{Observer, Sheltered, shelter};

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

impl<W: Watch + ?Sized> Watch for Sheltered<'_, W> {
    fn hear(&self, event: Event<'_>) {
        shelter(|| self.0.hear(event));
    }
}

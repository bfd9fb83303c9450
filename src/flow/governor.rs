//! Who decides how many workers each stage has while the flow runs.

use super::gauge::FlowFacts;
use super::observer::StageId;

/// Decides on worker counts. Called by one thread, after each tick of the
/// observer, with the same facts.
pub trait Governor: Send {
    /// What to change now.
    fn decide(&mut self, facts: &FlowFacts) -> Vec<Resize>;
}

/// A change of a stage's workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resize {
    /// The stage.
    pub stage: StageId,
    /// The stage's name.
    pub name: &'static str,
    /// Workers until now.
    pub from: usize,
    /// Workers from now on. The flow keeps it between 1 and the stage's
    /// `max_workers`.
    pub to: usize,
    /// What kind of decision it is, in a word: one of a few.
    pub cause: &'static str,
    /// Why, with the figures that led to it.
    pub reason: String,
}

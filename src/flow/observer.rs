//! What the flow tells while it runs.

use std::time::Duration;

use super::error::FlowError;
use super::gauge::FlowFacts;
use super::governor::Resize;

/// A stage's place in the flow: 0 is the source, the last is the sink.
pub type StageId = usize;

/// Is told what happens. Called from many threads, in the hot path: be quick.
pub trait Observer: Send + Sync {
    /// A stage has finished with an item; not before the first `tick`.
    fn worked(&self, _stage: StageId, _work: &Work) {}

    /// A stage has another number of workers from now on.
    fn resized(&self, _resize: &Resize) {}

    /// The flow begins to end because of `cause`; told for every failing item.
    fn stopping(&self, _cause: &FlowError) {}

    /// Told at the start, a few times a second, and at the end.
    fn tick(&self, _facts: &FlowFacts) {}
}

/// Hears and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {}

/// How one thread spent its time on one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Waiting for the item.
    pub idle: Duration,
    /// Working on it.
    pub busy: Duration,
    /// Processor time of that work.
    pub cpu: Duration,
    /// Waiting for room, or a permit, to hand it on.
    pub blocked: Duration,
}

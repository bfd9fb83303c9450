//! What the flow tells while it runs.

use super::error::FlowError;
use super::facts::{FlowFacts, Resize, StageId, Work};

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

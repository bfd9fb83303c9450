//! What the flow tells while it runs.

use super::error::FlowError;
use super::facts::{FlowFacts, Resize, StageId, Work};
use super::guard::shelter;

/// Is told what happens. Called from many threads, in the hot path: be quick.
/// What it panics with ends nothing but that call.
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

/// An observer whose panics stay with it: the thread that tells it goes on.
pub struct Sheltered<'a, O: ?Sized>(pub &'a O);

impl<O: Observer + ?Sized> Observer for Sheltered<'_, O> {
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

//! Who decides how many workers each stage has while the flow runs.

use super::facts::{FlowFacts, Resize};

/// Decides on worker counts. Called by one thread, after each tick of the
/// observer, with the same facts.
pub trait Governor: Send {
    /// What to change now.
    fn decide(&mut self, facts: &FlowFacts) -> Vec<Resize>;
}

//! The facts of a flow: what its observer and its governor are told.

use std::time::Duration;

/// An item's place in the order of the source, from 0.
pub type Seq = u64;

/// A stage's place in the flow: 0 is the source, the last is the sink.
pub type StageId = usize;

/// The state of a flow at one moment.
#[derive(Clone, Debug)]
pub struct FlowFacts {
    /// Time since the start.
    pub elapsed: Duration,
    /// Processor time that the whole process took since the start.
    pub cpu: Duration,
    /// Every stage from source to sink.
    pub stages: Vec<StageFacts>,
    /// Permits handed out.
    pub permits_in_use: usize,
    /// Permits there are.
    pub permits: usize,
    /// Items held back by the reorder buffer.
    pub reorder_pending: usize,
    /// Time during which the sink had items but not the next one.
    pub reorder_stalled: Duration,
}

/// The state of one stage, summed over its workers.
#[derive(Clone, Debug)]
pub struct StageFacts {
    /// The stage's name.
    pub name: &'static str,
    /// Threads that may work now; the others of the stage are parked.
    pub workers: usize,
    /// Items taken up.
    pub started: u64,
    /// Items finished.
    pub items: u64,
    /// Items waiting before the stage.
    pub depth: usize,
    /// Items that may wait before the stage.
    pub capacity: usize,
    /// Time spent, by what it was spent on; time parked is none of it.
    pub time: Work,
}

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

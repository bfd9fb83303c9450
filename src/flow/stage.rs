//! What a stage is: a factory of workers, each on a thread of its own.

use std::sync::Arc;

use super::error::BoxError;
use super::facts::Seq;

/// A step of the flow: makes a [`Worker`] for each of its threads.
pub trait Stage: Send + Sync {
    /// What it takes.
    type In: Send;
    /// What it gives for each item taken.
    type Out: Send;
    /// What does the work.
    type Worker: Worker<In = Self::In, Out = Self::Out>;

    /// The stage's name in errors and facts.
    fn name(&self) -> &'static str;

    /// Makes a worker; called on the thread that will own it, when it first has
    /// something to do.
    fn worker(&self) -> Result<Self::Worker, BoxError>;
}

/// One thread's share of a stage; owns its scratch memory and sessions.
pub trait Worker {
    /// What it takes.
    type In;
    /// What it gives for each item taken.
    type Out;

    /// Turns one item into one item. An error ends the flow, so what should
    /// not end it belongs inside the item.
    fn process(&mut self, item: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError>;
}

/// Where the flow ends: takes every item, in order, on one thread.
pub trait Sink: Send {
    /// What it takes.
    type In: Send;

    /// The sink's name in errors and facts.
    fn name(&self) -> &'static str;

    /// Takes the next item; `seq` goes up by one from call to call.
    fn take(&mut self, seq: Seq, item: Self::In, focus: &mut Focus) -> Result<(), BoxError>;
}

/// What a worker is working on within an item, so that an error or a panic can
/// name it.
#[derive(Debug, Default)]
pub struct Focus(Option<Arc<str>>);

impl Focus {
    /// Says what comes next.
    pub fn set(&mut self, what: &Arc<str>) {
        self.0 = Some(Arc::clone(what));
    }

    pub(super) fn take(&mut self) -> Option<Arc<str>> {
        self.0.take()
    }
}

//! Made-up stages.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use wakemill::flow::{
    BoxError, Cancel, CancelToken, Focus, Seq, Settings, Sink, Stage, StageSettings, Worker,
};

/// A stage that calls a function for each item.
pub struct Each<F>(pub &'static str, pub F);

pub struct EachWorker<F>(F);

impl<F> Stage for Each<F>
where
    F: Fn(u64, &mut Focus) -> Result<u64, BoxError> + Clone + Send + Sync,
{
    type In = u64;
    type Out = u64;
    type Worker = EachWorker<F>;

    fn name(&self) -> &'static str {
        self.0
    }

    fn worker(&self) -> Result<Self::Worker, BoxError> {
        Ok(EachWorker(self.1.clone()))
    }
}

impl<F: Fn(u64, &mut Focus) -> Result<u64, BoxError>> Worker for EachWorker<F> {
    type In = u64;
    type Out = u64;

    fn process(&mut self, item: u64, focus: &mut Focus) -> Result<u64, BoxError> {
        (self.0)(item, focus)
    }
}

/// A sink that keeps what it is given, after calling a function.
pub struct Keep<F> {
    pub taken: Arc<Mutex<Vec<(Seq, u64)>>>,
    pub before: F,
}

impl<F> Keep<F> {
    pub fn new(before: F) -> Self {
        let taken = Arc::default();
        Self { taken, before }
    }

    pub fn items(&self) -> Vec<u64> {
        self.taken
            .lock()
            .unwrap()
            .iter()
            .map(|item| item.1)
            .collect()
    }
}

impl<F: FnMut(Seq) -> Result<(), BoxError> + Send> Sink for Keep<F> {
    type In = u64;

    fn name(&self) -> &'static str {
        "keep"
    }

    fn take(&mut self, seq: Seq, item: u64, _focus: &mut Focus) -> Result<(), BoxError> {
        (self.before)(seq)?;
        self.taken.lock().unwrap().push((seq, item));
        Ok(())
    }
}

pub fn settings(in_flight: usize) -> Settings {
    Settings {
        in_flight,
        tick: Duration::from_millis(5),
    }
}

pub fn workers(workers: usize, capacity: usize) -> StageSettings {
    StageSettings {
        workers,
        max_workers: workers,
        capacity,
    }
}

/// A token that nobody will use.
pub fn never() -> CancelToken {
    Cancel::new().1
}

/// Runs `work` on a thread, and fails if it does not end in time: a hang is a
/// failure, not a wait.
pub fn within<T: Send + 'static>(limit: Duration, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || sender.send(work()));
    match receiver.recv_timeout(limit) {
        Ok(value) => value,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("still running after {limit:?}"),
        Err(_) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}

pub const LIMIT: Duration = Duration::from_secs(20);

//! The threads of a running flow.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use crossbeam::channel::{Receiver as Signal, bounded, never, select, tick};
use flume::{Receiver, Sender};

use super::Seq;
use super::builder::{Envelope, Task};
use super::cancel::CancelToken;
use super::error::{BoxError, FlowError};
use super::gauge::{FlowFacts, Gauge, ReorderGauge, StageFacts, State};
use super::observer::{Observer, StageId, Work};
use super::permits::Permits;
use super::reorder::Reorder;
use super::stage::{Focus, Sink, Stage, Worker};
use super::stop::Stop;

/// What all threads of a flow share.
pub(super) struct Shared<'a> {
    stages: Vec<StageState>,
    permits: Permits,
    stop: Stop,
    reorder: ReorderGauge,
    observer: &'a dyn Observer,
    started: Instant,
}

/// What all workers of a stage share.
pub(super) struct StageState {
    name: &'static str,
    workers: usize,
    capacity: usize,
    gauge: Gauge,
}

/// Runs the tasks on threads and the sink on this one.
pub(super) fn run<'env>(
    shared: Shared<'env>,
    tasks: Vec<Task<'env>>,
    sink: Task<'env>,
    cancel: &CancelToken,
    interval: Duration,
) -> (FlowFacts, Result<(), FlowError>) {
    shared.observer.tick(&shared.facts());
    thread::scope(|scope| {
        let shared = &shared;
        let (_running, ended) = bounded::<()>(0);
        scope.spawn(move || supervise(shared, cancel, &ended, interval));
        for task in tasks {
            if let Err(source) = thread::Builder::new().spawn_scoped(scope, move || task(shared)) {
                shared.stop(FlowError::Start {
                    stage: "thread",
                    source: source.into(),
                });
            }
        }
        sink(shared);
    });
    let facts = shared.facts();
    shared.observer.tick(&facts);
    (facts, shared.stop.into_cause().map_or(Ok(()), Err))
}

/// The source: numbers the items and gives each a permit.
pub(super) fn feed<T>(
    shared: &Shared<'_>,
    mut items: impl Iterator<Item = T>,
    output: Sender<Envelope<T>>,
) {
    let gauge = &shared.stages[0].gauge;
    let mut watch = Stopwatch::start(gauge, shared.started);
    for seq in 0.. {
        watch.switch(State::Blocked);
        let permit = shared.permits.acquire();
        let mut work = Work {
            blocked: watch.switch(State::Busy),
            ..Work::default()
        };
        let (Some(permit), true) = (permit, seq < shared.stop.limit()) else {
            return;
        };
        let mut focus = Focus::default();
        watch.cpu();
        let next = guard(|| Ok(items.next()));
        work.cpu = watch.cpu();
        work.busy = watch.switch(State::Blocked);
        let item = match next {
            Ok(Some(item)) => item,
            Ok(None) => return,
            Err(trouble) => return shared.stop(trouble.at(shared.stages[0].name, seq, &mut focus)),
        };
        gauge.start();
        if output.send(Envelope { seq, permit, item }).is_err() {
            return;
        }
        work.blocked += watch.switch(State::Idle);
        shared.finish(0, work);
    }
}

/// One worker: makes itself when the first item comes, and leaves only when
/// the input is closed.
pub(super) fn work<S: Stage>(
    shared: &Shared<'_>,
    stage: &S,
    id: StageId,
    input: Receiver<Envelope<S::In>>,
    output: Sender<Envelope<S::Out>>,
) {
    let gauge = &shared.stages[id].gauge;
    let mut worker = None;
    let mut watch = Stopwatch::start(gauge, shared.started);
    while let Ok(Envelope { seq, permit, item }) = input.recv() {
        let mut times = Work {
            idle: watch.switch(State::Busy),
            ..Work::default()
        };
        gauge.start();
        if seq >= shared.stop.limit() {
            watch.switch(State::Idle);
            continue;
        }
        let Some(ready) = hire(shared, stage, &mut worker) else {
            watch.switch(State::Idle);
            continue;
        };
        // Making a worker is work, but none of this item's.
        watch.switch(State::Busy);
        watch.cpu();
        let mut focus = Focus::default();
        let result = guard(|| ready.process(item, &mut focus));
        times.cpu = watch.cpu();
        times.busy = watch.switch(State::Blocked);
        match result {
            Ok(item) => {
                // The receivers stay until this sender is gone: see `drain`.
                drop(output.send(Envelope { seq, permit, item }));
                times.blocked = watch.switch(State::Idle);
                shared.finish(id, times);
            }
            Err(trouble) => {
                // What a panic left behind is not used again.
                worker = None;
                watch.switch(State::Idle);
                shared.stop(trouble.at(stage.name(), seq, &mut focus));
            }
        }
    }
}

/// The sink: puts the items back in order and takes them.
pub(super) fn drain<S: Sink>(
    shared: &Shared<'_>,
    sink: &mut S,
    id: StageId,
    input: Receiver<Envelope<S::In>>,
) {
    let gauge = &shared.stages[id].gauge;
    let mut reorder = Reorder::default();
    let mut watch = Stopwatch::start(gauge, shared.started);
    while let Some(Envelope { seq, permit, item }) = next(shared, &input, reorder.pending()) {
        let mut idle = watch.switch(State::Busy);
        gauge.start();
        if let Err(repeated) = reorder.push(seq, (permit, item)) {
            shared.stop(Trouble::Error(repeated.into()).at(
                sink.name(),
                seq,
                &mut Focus::default(),
            ));
        }
        while let Some((seq, (permit, item))) = reorder.pop() {
            if seq >= shared.stop.limit() {
                continue;
            }
            let mut focus = Focus::default();
            watch.cpu();
            let result = guard(|| sink.take(seq, item, &mut focus));
            let work = Work {
                idle: std::mem::take(&mut idle),
                cpu: watch.cpu(),
                busy: watch.switch(State::Busy),
                ..Work::default()
            };
            drop(permit);
            match result {
                Ok(()) => shared.finish(id, work),
                Err(trouble) => shared.stop(trouble.at(sink.name(), seq, &mut focus)),
            }
        }
        shared.reorder.set_pending(reorder.pending());
        watch.switch(State::Idle);
    }
}

/// Waits for an item; that is a stall where others are pending.
fn next<T>(shared: &Shared<'_>, input: &Receiver<T>, pending: usize) -> Option<T> {
    if pending == 0 {
        return input.recv().ok();
    }
    shared.reorder.stall(true, shared.started.elapsed());
    let item = input.recv().ok();
    shared.reorder.stall(false, shared.started.elapsed());
    item
}

/// Watches for a cancel, and tells the observer how things are.
fn supervise(shared: &Shared<'_>, cancel: &CancelToken, ended: &Signal<()>, interval: Duration) {
    let ticker = tick(interval);
    let mut cancelled = cancel.receiver().clone();
    loop {
        select! {
            recv(ended) -> _ => return,
            recv(ticker) -> _ => shared.observer.tick(&shared.facts()),
            recv(cancelled) -> asked => {
                if asked.is_ok() {
                    shared.stop(FlowError::Cancelled);
                }
                cancelled = never();
            }
        }
    }
}

/// The worker, made now if there is none; `None` if that fails.
fn hire<'w, S: Stage>(
    shared: &Shared<'_>,
    stage: &S,
    worker: &'w mut Option<S::Worker>,
) -> Option<&'w mut S::Worker> {
    if worker.is_none() {
        match guard(|| stage.worker()) {
            Ok(made) => *worker = Some(made),
            Err(trouble) => shared.stop(FlowError::Start {
                stage: stage.name(),
                source: trouble.into_error(),
            }),
        }
    }
    worker.as_mut()
}

/// Why a call did not end well.
enum Trouble {
    Error(BoxError),
    Panic(String),
}

impl Trouble {
    fn at(self, stage: &'static str, seq: Seq, focus: &mut Focus) -> FlowError {
        let focus = focus.take();
        match self {
            Trouble::Error(source) => FlowError::Failed {
                stage,
                seq,
                focus,
                source,
            },
            Trouble::Panic(message) => FlowError::Panicked {
                stage,
                seq,
                focus,
                message,
            },
        }
    }

    fn into_error(self) -> BoxError {
        match self {
            Trouble::Error(error) => error,
            Trouble::Panic(message) => format!("panicked: {message}").into(),
        }
    }
}

/// Calls `work`, and catches its panic.
fn guard<T>(work: impl FnOnce() -> Result<T, BoxError>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Trouble::Error),
        Err(panic) => Err(Trouble::Panic(message(panic.as_ref()))),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}

/// Tells a gauge what a thread is doing, and how long it did what before. The
/// thread is idle before and after.
struct Stopwatch<'a> {
    gauge: &'a Gauge,
    started: Instant,
    state: State,
    since: Instant,
    cpu: ThreadTime,
}

impl<'a> Stopwatch<'a> {
    fn start(gauge: &'a Gauge, started: Instant) -> Self {
        Self {
            gauge,
            started,
            state: State::Idle,
            since: Instant::now(),
            cpu: ThreadTime::now(),
        }
    }

    /// Changes the state; gives the time since the last change.
    fn switch(&mut self, state: State) -> Duration {
        let now = Instant::now();
        self.gauge.switch(self.state, state, now - self.started);
        self.state = state;
        now - std::mem::replace(&mut self.since, now)
    }

    /// Processor time since the last call.
    fn cpu(&mut self) -> Duration {
        let time = self.cpu.elapsed();
        self.cpu = ThreadTime::now();
        time
    }
}

impl Drop for Stopwatch<'_> {
    fn drop(&mut self) {
        self.switch(State::Idle);
    }
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        stages: Vec<StageState>,
        in_flight: usize,
        observer: &'a dyn Observer,
    ) -> Self {
        let permits = Permits::new(in_flight);
        Self {
            stages,
            stop: Stop::new(permits.clone()),
            permits,
            reorder: ReorderGauge::default(),
            observer,
            started: Instant::now(),
        }
    }

    fn stop(&self, cause: FlowError) {
        self.observer.stopping(&cause);
        self.stop.stop(cause);
    }

    fn finish(&self, stage: StageId, work: Work) {
        self.stages[stage].gauge.finish(&work);
        self.observer.worked(stage, &work);
    }

    fn facts(&self) -> FlowFacts {
        // What a stage has finished and the next has not taken up is between them.
        let handed = std::iter::once(0).chain(self.stages.iter().map(|stage| stage.gauge.items()));
        let stages = self.stages.iter().zip(handed);
        let elapsed = self.started.elapsed();
        FlowFacts {
            elapsed,
            stages: stages
                .map(|(stage, handed)| stage.facts(handed, elapsed))
                .collect(),
            permits_in_use: self.permits.in_use(),
            permits: self.permits.total(),
            reorder_pending: self.reorder.pending(),
            reorder_stalled: self.reorder.stalled(elapsed),
        }
    }
}

impl StageState {
    pub(super) fn new(name: &'static str, workers: usize, capacity: usize) -> Self {
        Self {
            name,
            workers,
            capacity,
            gauge: Gauge::new(workers),
        }
    }

    fn facts(&self, handed: u64, elapsed: Duration) -> StageFacts {
        let started = self.gauge.started();
        StageFacts {
            name: self.name,
            workers: self.workers,
            started,
            items: self.gauge.items(),
            depth: handed.saturating_sub(started) as usize,
            capacity: self.capacity,
            time: self.gauge.time(elapsed),
        }
    }
}

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
use super::gauge::{FlowFacts, Gauge, ReorderGauge, StageFacts};
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
    items: impl Iterator<Item = T>,
    output: Sender<Envelope<T>>,
) {
    number(shared, items, &output);
    shared.stages[0].gauge.end(shared.started.elapsed());
}

fn number<T>(
    shared: &Shared<'_>,
    mut items: impl Iterator<Item = T>,
    output: &Sender<Envelope<T>>,
) {
    let gauge = &shared.stages[0].gauge;
    for seq in 0.. {
        let mut lap = Lap::start();
        let permit = shared.permits.acquire();
        let mut work = Work {
            blocked: lap.wall(),
            ..Work::default()
        };
        let (Some(permit), true) = (permit, seq < shared.stop.limit()) else {
            return;
        };
        let mut focus = Focus::default();
        let next = guard(|| Ok(items.next()));
        (work.busy, work.cpu) = lap.work();
        let item = match next {
            Ok(Some(item)) => item,
            Ok(None) => return,
            Err(trouble) => return shared.stop(trouble.at(shared.stages[0].name, seq, &mut focus)),
        };
        gauge.start();
        if output.send(Envelope { seq, permit, item }).is_err() {
            return;
        }
        work.blocked += lap.wall();
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
    let mut lap = Lap::start();
    while let Ok(Envelope { seq, permit, item }) = input.recv() {
        let mut times = Work {
            idle: lap.wall(),
            ..Work::default()
        };
        gauge.start();
        if seq >= shared.stop.limit() {
            continue;
        }
        let Some(ready) = hire(shared, stage, &mut worker) else {
            continue;
        };
        lap.skip();
        let mut focus = Focus::default();
        let result = guard(|| ready.process(item, &mut focus));
        (times.busy, times.cpu) = lap.work();
        match result {
            Ok(item) => {
                // The receivers stay until this sender is gone: see `drain`.
                drop(output.send(Envelope { seq, permit, item }));
                times.blocked = lap.wall();
                shared.finish(id, times);
            }
            Err(trouble) => {
                // What a panic left behind is not used again.
                worker = None;
                shared.stop(trouble.at(stage.name(), seq, &mut focus));
            }
        }
    }
    gauge.wait(lap.wall());
    gauge.end(shared.started.elapsed());
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
    let mut lap = Lap::start();
    while let Ok(Envelope { seq, permit, item }) = input.recv() {
        let mut idle = lap.wall();
        if reorder.pending() > 0 {
            shared.reorder.stalled_for(idle);
        }
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
            let result = guard(|| sink.take(seq, item, &mut focus));
            drop(permit);
            let (busy, cpu) = lap.work();
            let idle = std::mem::take(&mut idle);
            match result {
                Ok(()) => shared.finish(
                    id,
                    Work {
                        idle,
                        busy,
                        cpu,
                        ..Work::default()
                    },
                ),
                Err(trouble) => shared.stop(trouble.at(sink.name(), seq, &mut focus)),
            }
        }
        gauge.wait(idle);
        shared.reorder.set_pending(reorder.pending());
    }
    gauge.wait(lap.wall());
    gauge.end(shared.started.elapsed());
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

/// Cuts a thread's time into pieces, without gaps.
struct Lap {
    wall: Instant,
    cpu: ThreadTime,
}

impl Lap {
    fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: ThreadTime::now(),
        }
    }

    /// Wall time since the last piece.
    fn wall(&mut self) -> Duration {
        let now = Instant::now();
        let time = now - self.wall;
        self.wall = now;
        time
    }

    /// Wall time and processor time since the last piece; to be exact, the
    /// latter since the last call of this or `skip`.
    fn work(&mut self) -> (Duration, Duration) {
        let cpu = self.cpu.elapsed();
        self.cpu = ThreadTime::now();
        (self.wall(), cpu)
    }

    /// Leaves out the time since the last piece.
    fn skip(&mut self) {
        self.work();
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
            reorder_stalled: self.reorder.stalled(),
        }
    }
}

impl StageState {
    pub(super) fn new(name: &'static str, workers: usize, capacity: usize) -> Self {
        Self {
            name,
            workers,
            capacity,
            gauge: Gauge::default(),
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

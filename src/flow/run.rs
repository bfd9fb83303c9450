//! The threads of a running flow.

use std::io;
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver as Signal, bounded, never, select, tick};
use flume::{Receiver, Sender};

use super::cancel::CancelToken;
use super::error::FlowError;
use super::facts::{FlowFacts, StageId, Work};
use super::gauge::State;
use super::governor::Governor;
use super::guard::{Trouble, guard};
use super::observer::Observer;
use super::reorder::Reorder;
use super::shared::{Envelope, Shared, StageState, Task};
use super::stage::{Focus, Sink, Stage, Worker};
use super::stopwatch::Stopwatch;

/// What the thread beside the workers needs.
pub(super) struct Supervisor<'c, 'g> {
    pub(super) cancel: &'c CancelToken,
    pub(super) governor: Option<&'g mut dyn Governor>,
    /// Time between two ticks.
    pub(super) interval: Duration,
}

/// Runs the tasks on threads and the sink on this one.
pub(super) fn run<'env>(
    shared: Shared<'env>,
    tasks: Vec<Task<'env>>,
    sink: Task<'env>,
    supervisor: Supervisor<'_, '_>,
) -> (FlowFacts, Result<(), FlowError>) {
    shared.observer.tick(&shared.facts());
    thread::scope(|scope| {
        let shared = &shared;
        let (_running, ended) = bounded::<()>(0);
        let missing = |source: io::Error| {
            shared.stop(FlowError::NoThread(source));
            // The missing thread cannot tell the parked ones of the end.
            shared.stages.iter().for_each(|stage| stage.gate.end());
        };
        // Without it no cancel would be heard.
        let watching = thread::Builder::new()
            .spawn_scoped(scope, move || supervise(shared, supervisor, &ended));
        if let Err(source) = watching {
            missing(source);
        }
        for task in tasks {
            if let Err(source) = thread::Builder::new().spawn_scoped(scope, move || task(shared)) {
                missing(source);
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
    let mut watch = Stopwatch::start(gauge, shared.started, State::Idle);
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
    (id, index): (StageId, usize),
    input: Receiver<Envelope<S::In>>,
    output: Sender<Envelope<S::Out>>,
) {
    let StageState {
        gate,
        gauge,
        first_workers,
        ..
    } = &shared.stages[id];
    let mut worker = None;
    let state = match index < *first_workers {
        true => State::Idle,
        false => State::Parked,
    };
    let mut watch = Stopwatch::start(gauge, shared.started, state);
    loop {
        if !gate.is_open(index) {
            watch.switch(State::Parked);
            gate.wait(index);
        }
        if gate.is_open(index) {
            watch.switch(State::Idle);
        }
        let Ok(Envelope { seq, permit, item }) = input.recv() else {
            break;
        };
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
                // One that is dropped anyway is nobody's trouble.
                if seq < shared.stop.limit() {
                    shared.stop(trouble.at(stage.name(), seq, &mut focus));
                }
            }
        }
    }
    gate.end();
    if !gate.is_open(index) {
        watch.switch(State::Parked);
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
    let mut watch = Stopwatch::start(gauge, shared.started, State::Idle);
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

/// Watches for a cancel, tells the observer how things are, and resizes stages
/// as the governor decides.
fn supervise(shared: &Shared<'_>, supervisor: Supervisor<'_, '_>, ended: &Signal<()>) {
    let ticker = tick(supervisor.interval);
    let mut governor = supervisor.governor;
    let mut cancelled = supervisor.cancel.receiver().clone();
    loop {
        select! {
            recv(ended) -> _ => return,
            recv(ticker) -> _ => {
                let facts = shared.facts();
                shared.observer.tick(&facts);
                if let Some(governor) = &mut governor {
                    shared.resize(governor.decide(&facts));
                }
            }
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

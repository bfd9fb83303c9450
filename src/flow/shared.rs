//! What the threads of a flow share, and what travels between them.

use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

use super::budget::Budget;
use super::error::FlowError;
use super::facts::{FlowFacts, Resize, Seq, StageFacts, StageId, Work};
use super::gate::Gate;
use super::gauge::{Gauge, ReorderGauge};
use super::observer::{Observer, Sheltered};
use super::permits::{Permit, Permits};
use super::stop::Stop;

/// What holds for a whole flow.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Items between source and sink, all of them counted; at least 1.
    pub in_flight: usize,
    /// Time between two ticks of the observer.
    pub tick: Duration,
}

/// What holds for one stage.
#[derive(Clone, Copy, Debug)]
pub struct StageSettings {
    /// Threads that work from the start; at least 1.
    pub workers: usize,
    /// Threads that a [`Governor`](super::Governor) may let work; at least `workers`.
    pub max_workers: usize,
    /// Items that may wait before the stage; at least 1.
    pub capacity: usize,
}

/// What all threads of a flow share.
pub(super) struct Shared<'a> {
    pub(super) stages: Vec<StageState>,
    pub(super) permits: Permits,
    pub(super) stop: Stop,
    pub(super) reorder: ReorderGauge,
    pub(super) observer: Sheltered<'a, dyn Observer + 'a>,
    pub(super) started: Instant,
    pub(super) cpu: ProcessTime,
}

/// What all workers of a stage share.
pub(super) struct StageState {
    pub(super) name: &'static str,
    pub(super) first_workers: usize,
    pub(super) max_workers: usize,
    pub(super) capacity: usize,
    pub(super) gate: Gate,
    pub(super) gauge: Gauge,
}

/// One thread's work.
pub(super) type Task<'env> = Box<dyn FnOnce(&Shared<'_>) + Send + 'env>;

/// An item on its way.
pub(super) struct Envelope<T> {
    pub(super) seq: Seq,
    pub(super) permit: Permit,
    pub(super) item: T,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        stages: Vec<StageState>,
        in_flight: usize,
        budget: Option<Budget>,
        observer: &'a dyn Observer,
    ) -> Self {
        let permits = Permits::new(in_flight);
        budget.iter().for_each(Budget::reopen);
        Self {
            stages,
            stop: Stop::new(permits.clone(), budget),
            permits,
            reorder: ReorderGauge::default(),
            observer: Sheltered(observer),
            started: Instant::now(),
            cpu: ProcessTime::now(),
        }
    }

    pub(super) fn stop(&self, cause: FlowError) {
        self.observer.stopping(&cause);
        self.stop.stop(cause);
    }

    pub(super) fn finish(&self, stage: StageId, work: Work) {
        self.stages[stage].gauge.finish(&work);
        self.observer.worked(stage, &work);
    }

    pub(super) fn resize(&self, resizes: Vec<Resize>) {
        for mut resize in resizes {
            let Some(stage) = self.stages.get(resize.stage) else {
                continue;
            };
            resize.to = resize.to.clamp(1, stage.max_workers);
            if stage.gate.set(resize.to) {
                self.observer.resized(&resize);
            }
        }
    }

    pub(super) fn facts(&self) -> FlowFacts {
        // What a stage has finished and the next has not taken up is between them.
        let handed = std::iter::once(0).chain(self.stages.iter().map(|stage| stage.gauge.items()));
        let stages = self.stages.iter().zip(handed);
        let elapsed = self.started.elapsed();
        FlowFacts {
            elapsed,
            cpu: self.cpu.elapsed(),
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
    pub(super) fn new(name: &'static str, settings: StageSettings, capacity: usize) -> Self {
        let workers = settings.workers.max(1);
        Self {
            name,
            max_workers: settings.max_workers.max(workers),
            capacity,
            first_workers: workers,
            gate: Gate::new(workers),
            gauge: Gauge::new(workers),
        }
    }

    /// A stage of one thread with nothing before it.
    pub(super) fn alone(name: &'static str) -> Self {
        let settings = StageSettings {
            workers: 1,
            max_workers: 1,
            capacity: 0,
        };
        Self::new(name, settings, 0)
    }

    pub(super) fn facts(&self, handed: u64, elapsed: Duration) -> StageFacts {
        let started = self.gauge.started();
        StageFacts {
            name: self.name,
            workers: self.gate.open(),
            started,
            items: self.gauge.items(),
            depth: handed.saturating_sub(started) as usize,
            capacity: self.capacity,
            time: self.gauge.time(elapsed),
        }
    }
}

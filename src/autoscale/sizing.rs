//! How many workers, how large a batch, how many in flight.

use std::num::NonZero;

use crate::flow::StageSettings;

use super::allocate::{Load, allocate};
use super::balance::Balance;
use super::policy::{Limits, Policy};

/// Rows a batch on a CPU: enough to keep a stage's caches warm and make a
/// channel's cost vanish, few enough to spread over workers.
const CPU_BATCH: usize = 8;
/// Rows a batch on a GPU.
const GPU_BATCH: usize = 64;
/// Samples of a window that is large, four bytes each: of more, what a worker has of
/// one clip counts too.
const LARGE_SPAN: u64 = 4 << 20;
/// Batches that should fit the memory at once.
const AT_ONCE: u64 = 8;
/// Workers that feed a GPU: one batch computes while the next is copied.
const GPU_FEEDERS: usize = 2;

/// What is to be sized; `None` leaves a number open.
#[derive(Clone, Debug)]
pub struct Request {
    /// Processors to use.
    pub cores: usize,
    /// The stages between source and sink, in order.
    pub stages: Vec<StageRequest>,
    /// Rows a span.
    pub rows_per_span: usize,
    /// Rows a batch, rounded to whole spans.
    pub batch: Option<usize>,
    /// Batches between source and sink.
    pub in_flight: Option<usize>,
    /// Memory that they may take, in bytes.
    pub memory_bytes: u64,
    /// Memory of one decoded span, in bytes.
    pub span_bytes: u64,
    /// Memory of one row where it is largest, in bytes.
    pub row_bytes: u64,
    /// Whether there are pieces of recordings, of several rows each.
    pub pieces: bool,
}

/// What is asked of one stage; `None` leaves a number open.
#[derive(Clone, Copy, Debug)]
pub struct StageRequest {
    /// Its name.
    pub name: &'static str,
    /// Worker threads.
    pub workers: Option<usize>,
    /// Batches that wait before it.
    pub capacity: Option<usize>,
    /// Workers that can be at work at once, where not any number can.
    pub at_once: Option<usize>,
    /// Whether its work is done by a device, while the workers wait.
    pub on_device: bool,
    /// What a row costs it, in milliseconds of a worker, on a machine of 2025:
    /// to start with until this one is measured. Only ratios matter.
    pub nominal_cost: f64,
}

/// Workers, batches and the memory that follows.
#[derive(Clone, Debug)]
pub struct Sizing {
    /// Processors to use.
    pub cores: usize,
    /// Spans a batch.
    pub spans_per_batch: usize,
    /// Rows a full batch.
    pub rows_per_batch: usize,
    /// Batches between source and sink.
    pub in_flight: usize,
    /// The stages between source and sink, in order.
    pub stages: Vec<StageSizing>,
    /// Most workers in all of them.
    pub budget: usize,
    /// Most memory that the batches in flight take, in bytes, with clips no
    /// longer than the window.
    pub memory_bytes: u64,
    /// Windows that a clip in flight may fill: half of the memory that is left
    /// then lets them be longer than one. A longer one is decoded of a budget. None
    /// where windows are so large that all are.
    pub windows: f64,
    /// That budget, in bytes: the other half, and at least a quarter of all.
    pub budget_bytes: u64,
}

/// Workers and capacity of one stage.
#[derive(Clone, Copy, Debug)]
pub struct StageSizing {
    /// Its name.
    pub name: &'static str,
    /// Workers to start with and at most, and capacity.
    pub settings: StageSettings,
    /// What may be changed while it runs.
    pub limits: Limits,
}

/// Processors that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Settles every number that is left open.
///
/// The number in flight follows from Little's law: what is in a flow is its rate
/// times the time that an item stays. At full rate every worker holds a batch,
/// so with as many again waiting no worker that varies leaves another without;
/// more would only wait. Source and sink hold one each. The memory may allow
/// fewer.
pub fn settle(request: &Request) -> Sizing {
    let gpu = request.stages.iter().any(|stage| stage.on_device);
    let rows = request
        .batch
        .unwrap_or(if gpu { GPU_BATCH } else { CPU_BATCH });
    let batch_bytes = |spans: usize| {
        let rows = (spans * request.rows_per_span) as u64;
        spans as u64 * request.span_bytes + rows * request.row_bytes
    };
    let mut spans_per_batch = (rows / request.rows_per_span).max(1);
    // Then every clip is long: decoded of the budget, which is all of the memory.
    let all_long = !request.pieces
        && request.span_bytes > LARGE_SPAN
        && AT_ONCE * batch_bytes(spans_per_batch) > request.memory_bytes;
    if all_long && request.batch.is_none() {
        spans_per_batch = 1;
    }
    let rows_per_batch = spans_per_batch * request.rows_per_span;
    let cores = request.cores;
    let stages = request.stages.iter();
    let limits: Vec<Limits> = stages.clone().map(|stage| stage.limits(cores)).collect();
    let budget = budget(&limits, cores);
    let workers = first_guess(&request.stages, &limits, cores, budget);
    let stages = stages.zip(&limits).zip(workers);
    let stages = stages.map(|((stage, &limits), workers)| StageSizing {
        name: stage.name,
        settings: StageSettings {
            workers,
            max_workers: limits.max,
            capacity: stage.capacity.unwrap_or(limits.max + 1),
        },
        limits,
    });
    let batch_bytes = batch_bytes(spans_per_batch);
    let affordable = match all_long {
        true => usize::MAX,
        false => (request.memory_bytes / batch_bytes).max(1) as usize,
    };
    let in_flight = request
        .in_flight
        .unwrap_or((2 * (budget + 1)).min(affordable));
    let (memory_bytes, windows, budget_bytes) = match all_long {
        true => (0, 0.0, request.memory_bytes),
        false => {
            let taken = in_flight as u64 * batch_bytes;
            let half = request.memory_bytes.saturating_sub(taken) / 2;
            let windows = 1.0 + half as f64 / taken as f64;
            (taken, windows, half.max(request.memory_bytes / 4))
        }
    };
    Sizing {
        cores,
        spans_per_batch,
        rows_per_batch,
        in_flight,
        stages: stages.collect(),
        budget,
        memory_bytes,
        windows,
        budget_bytes,
    }
}

impl Sizing {
    /// Rows between source and sink, at most.
    pub fn rows_in_flight(&self) -> usize {
        self.rows_per_batch * self.in_flight
    }

    /// Most memory that the batches in flight take, in bytes, with clips of any
    /// length of which one alone fits the budget.
    pub fn most_bytes(&self) -> u64 {
        (self.memory_bytes as f64 * self.windows) as u64 + self.budget_bytes
    }

    /// Workers and capacity of a stage by its name; one of each for a stage that
    /// was not sized.
    pub fn settings(&self, name: &str) -> StageSettings {
        let mut stages = self.stages.iter();
        let found = stages.find(|stage| stage.name == name);
        found.map_or(
            StageSettings {
                workers: 1,
                max_workers: 1,
                capacity: 1,
            },
            |stage| stage.settings,
        )
    }

    /// Workers to start with, of each stage.
    pub fn workers(&self) -> Vec<usize> {
        let stages = self.stages.iter();
        stages.map(|stage| stage.settings.workers).collect()
    }

    /// Who decides on workers while it runs.
    pub fn balance(&self) -> Balance {
        let mut limits = vec![Limits::fixed(1)];
        limits.extend(self.stages.iter().map(|stage| stage.limits));
        limits.push(Limits::fixed(1));
        Balance::new(Policy::default(), self.cores, self.budget + 2, &limits)
    }

    /// The same with fixed workers.
    pub fn pinned(mut self, workers: &[usize]) -> Self {
        for (stage, &workers) in self.stages.iter_mut().zip(workers) {
            stage.limits.min = workers;
            stage.limits.max = workers;
            stage.settings.workers = workers;
            stage.settings.max_workers = workers;
        }
        self
    }
}

impl StageRequest {
    fn limits(&self, cores: usize) -> Limits {
        match self.workers {
            Some(workers) => Limits {
                on_device: self.on_device,
                ..Limits::fixed(workers)
            },
            None => unpinned(self.at_once.unwrap_or(cores).min(cores), self.on_device),
        }
    }
}

/// The limits of a stage that nobody has pinned.
pub(super) fn unpinned(cores: usize, on_device: bool) -> Limits {
    let limits = match on_device {
        true => Limits::fixed(GPU_FEEDERS),
        false => Limits::up_to(cores),
    };
    Limits {
        on_device,
        ..limits
    }
}

/// Most workers in all stages: as many as there are cores and a feeder for each
/// stage that may be changed, beside those that are fixed.
pub(super) fn budget(limits: &[Limits], cores: usize) -> usize {
    let fixed = |limits: &&Limits| limits.min == limits.max;
    let own: usize = limits.iter().filter(fixed).map(|limits| limits.max).sum();
    let free = limits.iter().filter(|limits| !fixed(limits)).count();
    own + if free > 0 { cores + free } else { 0 }
}

/// The allocation for the nominal costs.
fn first_guess(
    stages: &[StageRequest],
    limits: &[Limits],
    cores: usize,
    budget: usize,
) -> Vec<usize> {
    let load = |(stage, limits): (&StageRequest, &Limits)| Load {
        worker_seconds: stage.nominal_cost,
        core_seconds: stage.nominal_cost,
        min: limits.min,
        max: limits.max,
    };
    let loads: Vec<Load> = stages.iter().zip(limits).map(load).collect();
    allocate(&loads, cores as f64, budget).workers
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Stages of these workers, the last two on a device if there is one.
    fn request(workers: [Option<usize>; 4], cores: usize, gpu: bool) -> Request {
        let costs = match gpu {
            true => [0.1, 0.6, 0.05, 0.2],
            false => [0.1, 0.6, 0.6, 3.7],
        };
        let stages = (0..4).map(|index| StageRequest {
            name: "stage",
            workers: workers[index],
            capacity: None,
            at_once: None,
            on_device: gpu && index >= 2,
            nominal_cost: costs[index],
        });
        Request {
            cores,
            stages: stages.collect(),
            rows_per_span: 1,
            batch: None,
            in_flight: None,
            memory_bytes: 1 << 28,
            span_bytes: 128_000,
            row_bytes: 128_000,
            pieces: false,
        }
    }

    proptest! {
        /// Every stage has a worker, what is fixed stays so, and the rest have
        /// no more than the cores and a feeder each.
        #[test]
        fn the_first_guess_is_within_the_limits(
            plans in prop::array::uniform4(prop::option::of(1usize..20)),
            cores in 1usize..130,
            gpu in any::<bool>(),
        ) {
            let workers = settle(&request(plans, cores, gpu)).workers();
            let (mut chosen, mut free) = (0, 0);
            for index in 0..4 {
                prop_assert!(workers[index] >= 1);
                match plans[index] {
                    Some(fixed) => prop_assert_eq!(workers[index], fixed),
                    None if gpu && index >= 2 => prop_assert_eq!(workers[index], GPU_FEEDERS),
                    None => { chosen += workers[index]; free += 1; }
                }
            }
            prop_assert!(chosen <= cores + free);
        }
    }

    #[test]
    fn of_large_windows_every_clip_is_decoded_of_the_budget() {
        let mut large = request([None; 4], 2, false);
        (large.span_bytes, large.row_bytes) = (20 << 20, 10 << 20);
        let sizing = settle(&large);
        assert_eq!((sizing.windows, sizing.spans_per_batch), (0.0, 1));
        assert_eq!(sizing.most_bytes(), large.memory_bytes);
        large.memory_bytes = 4 << 30;
        assert!(settle(&large).windows > 1.0, "there is room for them");
        large.memory_bytes = 1 << 28;
        large.pieces = true;
        assert_eq!(settle(&large).in_flight, 1, "pieces come as they are");
    }

    #[test]
    fn on_few_cores_the_slowest_stage_may_use_them_all() {
        let guess = |cores| settle(&request([None; 4], cores, false)).workers();
        assert_eq!(guess(1), [1, 1, 1, 1]);
        assert_eq!(guess(2), [1, 1, 1, 2]);
        assert_eq!(guess(64), [2, 8, 8, 48]);
    }
}

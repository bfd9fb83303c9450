//! How many workers, how large a batch, how many in flight.

use std::num::NonZero;

use crate::config::plan::{Plan, StagePlan, StagesPlan};
use crate::flow::StageSettings;
use crate::runtime::provider::Provider;

use super::allocate::{Load, allocate};
use super::balance::Balance;
use super::policy::{Limits, Policy};

/// The stages between scan and write, in order.
pub const STAGES: [&str; 4] = ["decode", "augment", "mel", "embed"];

/// Rows a batch on a CPU: enough to keep a stage's caches warm and make a
/// channel's cost vanish, few enough to spread over workers.
const CPU_BATCH: usize = 8;
/// Rows a batch on a GPU.
const GPU_BATCH: usize = 64;
/// Workers that feed a GPU: one batch computes while the next is copied.
const GPU_FEEDERS: usize = 2;
/// What a row costs each of [`STAGES`], in milliseconds of a core, on a machine
/// of 2025: to start with until this one is measured. Only ratios matter.
const NOMINAL_COSTS: [f64; 4] = [0.1, 0.6, 0.6, 3.7];
/// The same of mel and embed on a GPU, in milliseconds of a feeder.
const NOMINAL_GPU_COSTS: [f64; 2] = [0.05, 0.2];

/// Workers, batches and the memory that follows.
#[derive(Clone, Debug)]
pub struct Sizing {
    /// Processors to use.
    pub cores: usize,
    /// Clips a batch.
    pub clips_per_batch: usize,
    /// Rows a full batch.
    pub rows_per_batch: usize,
    /// Batches between scan and write.
    pub in_flight: usize,
    /// Workers to start with and at most, and capacities, of [`STAGES`].
    pub stages: [StageSettings; 4],
    /// What may be changed while it runs.
    pub limits: [Limits; 4],
    /// Most workers in all of [`STAGES`].
    pub budget: usize,
    /// Most memory that the batches in flight take, in bytes, with clips no
    /// longer than the window.
    pub memory_bytes: u64,
}

/// Processors that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Settles every number that the plan leaves open.
///
/// The number in flight follows from Little's law: what is in a flow is its rate
/// times the time that an item stays. At full rate every worker holds a batch,
/// so with as many again waiting no worker that varies leaves another without;
/// more would only wait. Scan and write hold one each. `flow.memory` may allow
/// fewer. With `gpu`, a device runs the networks.
pub fn settle(plan: &Plan, cores: usize, gpu: bool) -> Sizing {
    let rounds = plan.rounds() as usize;
    let rows = plan
        .flow
        .batch
        .unwrap_or(if gpu { GPU_BATCH } else { CPU_BATCH });
    let clips_per_batch = (rows / rounds).max(1);
    let rows_per_batch = clips_per_batch * rounds;
    let plans = in_order(&plan.stages);
    let limits = limits(&plans, cores, gpu);
    let budget = budget(&limits, cores);
    let workers = first_guess(&limits, cores, budget);
    let stages = std::array::from_fn(|index| StageSettings {
        workers: workers[index],
        max_workers: limits[index].max,
        capacity: plans[index].capacity.unwrap_or(limits[index].max + 1),
    });
    let batch_bytes =
        clips_per_batch as u64 * clip_bytes(plan) + rows_per_batch as u64 * row_bytes(plan);
    let affordable = (plan.flow.memory_bytes / batch_bytes).max(1) as usize;
    let in_flight = plan
        .flow
        .in_flight
        .unwrap_or((2 * (budget + 1)).min(affordable));
    Sizing {
        cores,
        clips_per_batch,
        rows_per_batch,
        in_flight,
        stages,
        limits,
        budget,
        memory_bytes: in_flight as u64 * batch_bytes,
    }
}

impl Sizing {
    /// Rows between scan and write, at most.
    pub fn rows_in_flight(&self) -> usize {
        self.rows_per_batch * self.in_flight
    }

    /// Who decides on workers while it runs.
    pub fn balance(&self) -> Balance {
        let mut limits = vec![Limits::fixed(1)];
        limits.extend(self.limits);
        limits.push(Limits::fixed(1));
        Balance::new(Policy::default(), self.cores, self.budget + 2, &limits)
    }

    /// The same with fixed workers.
    pub fn pinned(mut self, workers: [usize; 4]) -> Self {
        for (index, workers) in workers.into_iter().enumerate() {
            self.limits[index] = Limits {
                min: workers,
                max: workers,
                ..self.limits[index]
            };
            self.stages[index].workers = workers;
            self.stages[index].max_workers = workers;
        }
        self
    }
}

/// Limits of [`STAGES`] and most workers in all, where nothing is pinned.
pub fn unpinned(cores: usize, gpu: bool) -> ([Limits; 4], usize) {
    let auto = StagePlan {
        workers: None,
        capacity: None,
    };
    let limits = limits(&[auto; 4], cores, gpu);
    (limits, budget(&limits, cores))
}

/// The plans of [`STAGES`].
fn in_order(stages: &StagesPlan) -> [StagePlan; 4] {
    [stages.decode, stages.augment, stages.mel, stages.embed]
}

fn limits(plans: &[StagePlan; 4], cores: usize, gpu: bool) -> [Limits; 4] {
    std::array::from_fn(|index| {
        let on_device = gpu && index >= 2;
        let limits = match plans[index].workers {
            Some(workers) => Limits::fixed(workers),
            None if on_device => Limits::fixed(GPU_FEEDERS),
            None => Limits::up_to(cores),
        };
        Limits {
            on_device,
            ..limits
        }
    })
}

/// Most workers in all stages: as many as there are cores and a feeder for each
/// stage that may be changed, beside those that are fixed.
fn budget(limits: &[Limits; 4], cores: usize) -> usize {
    let fixed = |limits: &&Limits| limits.min == limits.max;
    let own: usize = limits.iter().filter(fixed).map(|limits| limits.max).sum();
    let free = limits.iter().filter(|limits| !fixed(limits)).count();
    own + if free > 0 { cores + free } else { 0 }
}

/// The allocation for the nominal costs.
fn first_guess(limits: &[Limits; 4], cores: usize, budget: usize) -> Vec<usize> {
    let load = |(index, limits): (usize, &Limits)| {
        let cost = match limits.on_device {
            true => NOMINAL_GPU_COSTS[index - 2],
            false => NOMINAL_COSTS[index],
        };
        Load {
            worker_seconds: cost,
            core_seconds: cost,
            min: limits.min,
            max: limits.max,
        }
    };
    let loads: Vec<Load> = limits.iter().enumerate().map(load).collect();
    allocate(&loads, cores as f64, budget).workers
}

/// Whether the first execution provider is a device.
pub fn wants_device(plan: &Plan) -> bool {
    let first = plan.features.execution_providers.first();
    let provider = first.and_then(|name| Provider::named(name).ok());
    provider.is_some_and(|provider| provider.is_accelerator)
}

/// Memory of one decoded clip as long as the window.
fn clip_bytes(plan: &Plan) -> u64 {
    (plan.audio.clip_samples * size_of::<f32>()) as u64
}

/// Memory of one row where it is largest: 16-bit samples, then mel frames.
fn row_bytes(plan: &Plan) -> u64 {
    let pcm = plan.audio.clip_samples * size_of::<i16>();
    let mel = plan.audio.clip_samples / 160 * 32 * size_of::<f32>();
    pcm.max(mel) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn auto_or_fixed() -> impl Strategy<Value = StagePlan> {
        prop::option::of(1usize..20).prop_map(|workers| StagePlan {
            workers,
            capacity: None,
        })
    }

    proptest! {
        /// Every stage has a worker, what is fixed stays so, and the rest have
        /// no more than the cores and a feeder each.
        #[test]
        fn the_first_guess_is_within_the_limits(
            plans in prop::array::uniform4(auto_or_fixed()),
            cores in 1usize..130,
            gpu in any::<bool>(),
        ) {
            let limits = limits(&plans, cores, gpu);
            let workers = first_guess(&limits, cores, budget(&limits, cores));
            let (mut chosen, mut free) = (0, 0);
            for index in 0..4 {
                prop_assert!(workers[index] >= 1);
                match plans[index].workers {
                    Some(fixed) => prop_assert_eq!(workers[index], fixed),
                    None if gpu && index >= 2 => prop_assert_eq!(workers[index], GPU_FEEDERS),
                    None => { chosen += workers[index]; free += 1; }
                }
            }
            prop_assert!(chosen <= cores + free);
        }
    }

    #[test]
    fn on_few_cores_the_slowest_stage_may_use_them_all() {
        let plan = StagePlan {
            workers: None,
            capacity: None,
        };
        let guess = |cores| {
            let limits = limits(&[plan; 4], cores, false);
            first_guess(&limits, cores, budget(&limits, cores))
        };
        assert_eq!(guess(1), [1, 1, 1, 1]);
        assert_eq!(guess(2), [1, 1, 1, 2]);
        assert_eq!(guess(64), [2, 8, 8, 48]);
    }
}

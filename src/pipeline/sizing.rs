//! How many workers, how large a batch, how many in flight.

use std::num::NonZero;

use serde::Serialize;

use crate::config::plan::{Plan, StagePlan};
use crate::flow::StageSettings;

use super::stage;

/// Rows a batch on a CPU: enough to keep a stage's caches warm and make a
/// channel's cost vanish, few enough to spread over workers.
const CPU_BATCH: usize = 8;
/// Rows a batch on a GPU.
const GPU_BATCH: usize = 64;

/// Workers, batches and the memory that follows.
#[derive(Clone, Copy, Debug)]
pub struct Sizing {
    /// Clips a batch.
    pub clips_per_batch: usize,
    /// Rows a full batch.
    pub rows_per_batch: usize,
    /// Batches between scan and write.
    pub in_flight: usize,
    /// Workers and capacities.
    pub stages: StageSizes,
    /// Most memory that the batches in flight take, in bytes, with clips no
    /// longer than the window.
    pub memory_bytes: u64,
}

/// Workers and capacities of the stages.
#[derive(Clone, Copy, Debug)]
pub struct StageSizes {
    /// Files to samples.
    pub decode: StageSettings,
    /// Samples to rows.
    pub augment: StageSettings,
    /// Rows to mel spectrograms.
    pub mel: StageSettings,
    /// Mel spectrograms to embeddings.
    pub embed: StageSettings,
}

/// Worker counts, to show and to record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Workers {
    /// Files to samples.
    pub decode: usize,
    /// Samples to rows.
    pub augment: usize,
    /// Rows to mel spectrograms.
    pub mel: usize,
    /// Mel spectrograms to embeddings.
    pub embed: usize,
}

/// Processors that this process may use.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Settles every number that the plan leaves open.
pub fn settle(plan: &Plan, cores: usize) -> Sizing {
    let gpu = on_gpu(plan);
    let rounds = plan
        .augment
        .as_ref()
        .map_or(1, |augment| augment.rounds as usize);
    let rows = plan
        .flow
        .batch
        .unwrap_or(if gpu { GPU_BATCH } else { CPU_BATCH });
    let clips_per_batch = (rows / rounds).max(1);
    let rows_per_batch = clips_per_batch * rounds;
    let default = default_workers(cores, gpu);
    let size = |plan: StagePlan, workers: usize| {
        let workers = plan.workers.unwrap_or(workers);
        stage(workers, plan.capacity.unwrap_or(workers + 1))
    };
    let stages = StageSizes {
        decode: size(plan.stages.decode, default.decode),
        augment: size(plan.stages.augment, default.augment),
        mel: size(plan.stages.mel, default.mel),
        embed: size(plan.stages.embed, default.embed),
    };
    let batch_bytes =
        clips_per_batch as u64 * clip_bytes(plan) + rows_per_batch as u64 * row_bytes(plan);
    let affordable = (plan.flow.memory_bytes / batch_bytes).max(1) as usize;
    let useful = stages
        .all()
        .iter()
        .map(|stage| stage.workers + stage.capacity)
        .sum::<usize>()
        + 2;
    let in_flight = plan.flow.in_flight.unwrap_or(useful.min(affordable));
    Sizing {
        clips_per_batch,
        rows_per_batch,
        in_flight,
        stages,
        memory_bytes: in_flight as u64 * batch_bytes,
    }
}

impl Sizing {
    /// Rows between scan and write, at most.
    pub fn rows_in_flight(&self) -> usize {
        self.rows_per_batch * self.in_flight
    }
}

impl StageSizes {
    /// All stages, in order.
    pub fn all(&self) -> [StageSettings; 4] {
        [self.decode, self.augment, self.mel, self.embed]
    }
}

/// Worker counts in proportion to what the stages cost, none without.
///
/// On a CPU the embedding takes most of the time and may use every core; the
/// stages before it get the share that keeps it fed, and the operating system
/// shares the cores. On a GPU two workers keep batches in flight, and the cores
/// are for augmentation.
fn default_workers(cores: usize, gpu: bool) -> Workers {
    let share = |part: f64| ((cores as f64 * part).ceil() as usize).max(1);
    if gpu {
        Workers {
            decode: share(0.15),
            augment: share(0.8),
            mel: 2,
            embed: 2,
        }
    } else {
        Workers {
            decode: share(0.1),
            augment: share(0.4),
            mel: share(0.2),
            embed: share(1.0),
        }
    }
}

/// Whether the first execution provider is something else than the CPU.
fn on_gpu(plan: &Plan) -> bool {
    let first = plan.features.execution_providers.first();
    first.is_some_and(|name| !name.to_ascii_lowercase().starts_with("cpu"))
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

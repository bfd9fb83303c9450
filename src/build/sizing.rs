//! What a plan asks of the sizing.

use crate::augment;
use crate::autoscale::sizing::{Request, Sizing, StageRequest, settle};
use crate::config::plan::Plan;
use crate::frontend::Network;
use crate::runtime::provider::Provider;
use crate::stages::decode;

use super::{Split, effects};

/// What an open recording takes, at most: what was read ahead of it, its decoder
/// with tables, and its converter.
const READER_BYTES: u64 = 1 << 20;

/// Settles every number that the plan leaves open; with `gpu`, a device runs the
/// networks.
pub(super) fn of(plan: &Plan, splits: &[Split], cores: usize, gpu: bool) -> Sizing {
    let stage = |name: &'static str, on_device: bool, nominal_cost: f64| {
        let wanted = plan.stages.of(name);
        StageRequest {
            name,
            workers: wanted.and_then(|stage| stage.workers),
            capacity: wanted.and_then(|stage| stage.capacity),
            at_once: None,
            on_device,
            nominal_cost,
        }
    };
    let cpu = [
        StageRequest {
            at_once: recordings_open(splits),
            ..stage(decode::NAME, false, 0.1)
        },
        stage(augment::NAME, false, 0.6),
    ];
    let networks = Network::ALL.map(|network| {
        let cost = match (network, gpu) {
            (Network::Mel, false) => 0.6,
            (Network::Embedding, false) => 3.7,
            (Network::Mel, true) => 0.05,
            (Network::Embedding, true) => 0.2,
        };
        stage(network.stage(), gpu, cost)
    });
    settle(&Request {
        cores,
        stages: cpu.into_iter().chain(networks).collect(),
        rows_per_span: effects::passes(plan).rows() as usize,
        batch: plan.flow.batch,
        in_flight: plan.flow.in_flight,
        memory_bytes: plan.flow.memory_bytes - open_bytes(plan, splits).min(plan.flow.memory_bytes),
        span_bytes: (plan.audio.clip_samples * size_of::<f32>()) as u64,
        // As 16-bit samples: more than as mel frames.
        row_bytes: (plan.audio.clip_samples * size_of::<i16>()) as u64,
        pieces: splits.iter().any(|split| split.plan.recordings.is_some()),
    })
}

/// Memory of the recordings that are open at once, in bytes, at most: of each its
/// reader, and a window and a hop of samples that wait.
pub(super) fn open_bytes(plan: &Plan, splits: &[Split]) -> u64 {
    let open = splits.iter().filter_map(places).max().unwrap_or(0);
    let waiting = 2 * plan.audio.clip_samples * size_of::<f32>();
    open as u64 * (READER_BYTES + waiting as u64)
}

/// Recordings of a split that are open at once; nothing of clips.
pub(super) fn places(split: &Split) -> Option<usize> {
    let planned = split.plan.recordings.as_ref()?;
    Some(planned.interleave.min(split.clips.len()).max(1))
}

/// Recordings that are open at once, at most, where there is nothing else to
/// decode: no two workers read one.
fn recordings_open(splits: &[Split]) -> Option<usize> {
    let open = splits.iter().map(places);
    open.reduce(|a, b| Some(a?.max(b?))).flatten()
}

/// Whether the first execution provider is a device.
pub(super) fn wants_device(plan: &Plan) -> bool {
    let first = plan.features.execution_providers.first();
    let provider = first.and_then(|name| Provider::named(name).ok());
    provider.is_some_and(|provider| provider.is_accelerator)
}

//! `dataset.json` of a build: what it came to.

use serde::Serialize;
use serde_json::Value;

use crate::autoscale::Decision;
use crate::config::plan::Plan;
use crate::dataset::layout::DATASET_FILE;
use crate::dataset::manifest::{Dataset, SplitReport, StageTimes, WorkerChange};
use crate::dataset::statistics::Sounds;
use crate::dataset::write::Written;
use crate::dsp::chain::EffectSpec;
use crate::dsp::effect::SoundKind;
use crate::flow::StageFacts;

use super::origin::Origin;
use super::run::Ended;
use super::stream::Streamed;
use super::{BuildError, Inputs, Ready};

/// Describes what a build came to.
pub(super) fn manifest(
    build: &Ready,
    origin: &Origin,
    ended: &Ended,
) -> Result<Dataset, BuildError> {
    let Streamed { resizes, facts } = &ended.streamed;
    let wall_seconds = facts.elapsed.as_secs_f64();
    let rows_resumed = ended.rows_resumed;
    let Written { splits, files } = ended.written.clone();
    let rows: u64 = splits.iter().map(|split| split.rows).sum();
    let rows_per_second = rows.saturating_sub(rows_resumed) as f64 / wall_seconds;
    let reports = splits
        .into_iter()
        .zip(&build.inputs.splits)
        .map(|(written, split)| SplitReport {
            planned: split.clips.len() as u64,
            written,
        });
    Ok(Dataset {
        wakemill: env!("CARGO_PKG_VERSION").to_owned(),
        seed: build.plan.seed,
        fingerprint: origin.fingerprint.clone(),
        splits: reports.collect(),
        files,
        front_end: value(build.front_end.report())?,
        verification: build.front_end.differences().map(value).transpose()?,
        stages: facts.stages.iter().map(stage_times).collect(),
        resizes: resizes.iter().cloned().map(change).collect(),
        shards: None,
        in_flight: build.sizing.in_flight,
        rows_per_batch: build.sizing.rows_per_batch,
        rows_resumed,
        wall_seconds,
        rows_per_second,
        clips_per_second: rows_per_second / f64::from(build.plan.rounds()),
        audit: ended.audit.clone(),
        sounds: sounds(&build.plan, &build.inputs),
        passed_over: build.inputs.passed_over.clone(),
        configuration: build.plan.clone(),
        origin: Some(value(origin)?),
    })
}

/// The names of the sounds that each effect could draw from.
pub(super) fn sounds(plan: &Plan, inputs: &Inputs) -> Sounds {
    let applied = plan.augment.chain.iter().map(EffectSpec::kind);
    let applied = applied.filter(|&kind| plan.augment.applies(kind));
    let named = applied.filter_map(|kind| {
        let files = match kind.sound()? {
            SoundKind::Background => &inputs.backgrounds,
            SoundKind::Impulse => &inputs.impulses,
        };
        let names = files.iter().map(|file| file.name.to_string());
        Some((kind.name().to_owned(), names.collect()))
    });
    named.collect()
}

pub(super) fn stage_times(facts: &StageFacts) -> StageTimes {
    StageTimes {
        name: facts.name.to_owned(),
        workers: facts.workers,
        items: facts.items,
        busy_seconds: facts.time.busy.as_secs_f64(),
        cpu_seconds: facts.time.cpu.as_secs_f64(),
        idle_seconds: facts.time.idle.as_secs_f64(),
        blocked_seconds: facts.time.blocked.as_secs_f64(),
    }
}

fn change(decision: Decision) -> WorkerChange {
    let Decision { seconds, resize } = decision;
    WorkerChange {
        seconds,
        stage: resize.name.to_owned(),
        from: resize.from,
        to: resize.to,
        cause: resize.cause.to_owned(),
        reason: resize.reason,
    }
}

pub(super) fn value(of: impl Serialize) -> Result<Value, BuildError> {
    serde_json::to_value(of)
        .map_err(|error| BuildError::io("describe", DATASET_FILE.as_ref())(error.into()))
}

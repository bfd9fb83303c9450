//! `wakemill plan`: who builds what.

use std::fs;

use serde_json::Value;

use super::agree;
use super::inputs::{planned_clip, planned_sounds};
use crate::build::manifest::{sounds, value};
use crate::build::origin::{Origin, Stamped, Stamps, changed_files, lists};
use crate::build::{BuildError, Ready, Watch, prepare};
use crate::config::plan::Plan;
use crate::dataset::error::DatasetError;
use crate::dataset::folder;
use crate::dataset::shards::clips::ClipsWriter;
use crate::dataset::shards::plan::{PlannedInputs, PlannedSplit, Range, Shards};
use crate::dataset::shards::{ShardPlan, ShardsError};
use crate::dataset::{Dataset, Existing};
use crate::source::order::Shard;
use crate::source::sequence::{Grain, Run, cut};
use crate::source::turns::BLOCK;

/// How planning ended well.
#[derive(Debug)]
pub enum Planning {
    /// The plan was there already.
    UpToDate,
    /// The whole data set was.
    Finished,
    /// It was made.
    Planned(Box<ShardPlan>),
}

/// Finds every clip and sound, cuts the sequence into so many shards, and writes it
/// down in the output folder.
///
/// # Errors
/// Those of [`prepare`]; another plan that is there, unless it is to be replaced; a
/// shard of that one that is being built.
pub fn plan(
    plan: Plan,
    of: usize,
    cores: usize,
    existing: Existing,
    notice: &mut dyn FnMut(&str),
    watch: &dyn Watch,
) -> Result<Planning, BuildError> {
    agree::can_be_shards(&plan)?;
    let output = plan.output.path.clone();
    let ready = prepare(plan, cores, watch)?.ready(notice, watch)?;
    let stamped = Stamped::look(&ready.inputs, ready.sounds());
    let origin = Origin::new(&ready.plan, stamped.clone(), &ready.front_end);
    fs::create_dir_all(&output).map_err(|error| {
        ShardsError::from(DatasetError::io("create the output folder", &output)(error))
    })?;
    let _lock = match folder::lock(&output) {
        Err(DatasetError::Locked { path }) => return Err(ShardsError::Busy(path).into()),
        lock => lock?,
    };
    let shards = Shards::of(&output);
    let replace = existing == Existing::Overwrite;
    if let (Some(there), false) = (shards.plan()?, replace) {
        let changes = changes(&ready, of, &stamped, &shards, &there)?;
        if changes.is_empty() {
            return Ok(Planning::UpToDate);
        }
        let folder = shards.path().to_path_buf();
        return Err(ShardsError::OtherPlan { folder, changes }.into());
    }
    let finished = Dataset::read(&output).ok().flatten();
    if !replace && finished.is_some_and(|found| found.fingerprint == origin.fingerprint) {
        return Ok(Planning::Finished);
    }
    let runs = grains(&ready);
    let planned = shard_plan(&ready, &runs, of, &origin);
    warn_of_empty(&ready, &planned, watch);
    let inputs = PlannedInputs {
        files: value(&stamped.files)?,
        sounds: sounds(&ready.plan, &ready.inputs),
        passed_over: ready.inputs.passed_over.clone(),
    };
    let sounds = planned_sounds(ready.sounds());
    let mut clips = |index, to: &mut ClipsWriter| {
        let own = cut(&runs, Shard { index, count: of });
        write_clips(&ready, own, to)
    };
    shards.write(&planned, &sounds, &inputs, &mut clips)?;
    Ok(Planning::Planned(Box::new(planned)))
}

/// The sequence, with where it may be cut.
fn grains(ready: &Ready) -> Vec<(Run, Grain)> {
    let inputs = &ready.inputs;
    let grain = |run: &Run| {
        let split = &inputs.splits[run.split];
        match &split.plan.recordings {
            None => Grain::Spans(inputs.passes.rows()),
            Some(of) => {
                let rate = f64::from(ready.plan.audio.sample_rate);
                let hop = ready.plan.hop_samples(of) as f64 / rate;
                let seconds = inputs.seconds_of_each(split);
                let blocks = seconds.chunks(BLOCK as usize);
                let rows = |block: &[f64]| (block.iter().sum::<f64>() / hop) as u64;
                Grain::Blocks(blocks.map(rows).collect())
            }
        }
    };
    let runs = inputs.runs.iter();
    runs.map(|run| (run.clone(), grain(run))).collect()
}

fn shard_plan(ready: &Ready, runs: &[(Run, Grain)], of: usize, origin: &Origin) -> ShardPlan {
    let inputs = &ready.inputs;
    let splits = inputs.splits.iter().enumerate();
    let mut first_clip = 0;
    let range = |index| {
        let own = cut(runs, Shard { index, count: of });
        let clips = own.iter().map(Run::spans).sum();
        first_clip += clips;
        Range {
            first_clip: first_clip - clips,
            clips,
        }
    };
    ShardPlan {
        wakemill: env!("CARGO_PKG_VERSION").to_owned(),
        of,
        clips: inputs.planned,
        rounds: ready.plan.rounds(),
        inputs: origin.inputs.clone(),
        platform: origin.platform.clone(),
        configuration: origin.configuration.clone(),
        splits: splits
            .map(|(index, split)| PlannedSplit {
                name: split.name().to_owned(),
                features: split.plan.features.clone(),
                clips: inputs.spans_of(index),
            })
            .collect(),
        shards: (0..of).map(range).collect(),
    }
}

/// Says why shards are empty where there are recordings.
fn warn_of_empty(ready: &Ready, planned: &ShardPlan, watch: &dyn Watch) {
    let empty = planned.shards.iter().filter(|shard| shard.clips == 0);
    let empty = empty.count();
    let splits = ready.inputs.splits.iter();
    let blocks = splits.filter(|split| split.plan.recordings.is_some());
    let blocks = blocks.map(|split| {
        let (name, recordings) = (split.name(), split.clips.len());
        let blocks = recordings.div_ceil(BLOCK as usize);
        format!("split '{name}' has {recordings} recordings, so {blocks}")
    });
    let blocks: Vec<String> = blocks.collect();
    if empty > 0 && !blocks.is_empty() {
        watch.warn(&format!(
            "{empty} of {} shards have nothing to build: recordings are taken in turns, {BLOCK} together, and such a block is the smallest part of a shard; {}",
            planned.of,
            blocks.join("; ")
        ));
    }
}

fn write_clips(ready: &Ready, runs: Vec<Run>, to: &mut ClipsWriter) -> Result<(), ShardsError> {
    for Run {
        split,
        clips,
        rounds,
    } in runs
    {
        let split_of = &ready.inputs.splits[split];
        to.begin(split, &rounds)?;
        for clip in &split_of.clips[clips] {
            to.clip(&planned_clip(split_of, clip))?;
        }
    }
    Ok(())
}

/// What differs from a plan that is there.
fn changes(
    ready: &Ready,
    of: usize,
    stamped: &Stamped,
    shards: &Shards,
    there: &ShardPlan,
) -> Result<Vec<String>, ShardsError> {
    let mut changes = agree::changes(&ready.plan, of, there);
    if stamped.inputs != there.inputs {
        let then: Value = shards.inputs()?.files;
        let then: Vec<Stamps> = serde_json::from_value(then).unwrap_or_default();
        let names = || lists(&ready.inputs, ready.sounds()).collect();
        let files = changed_files(&then, &stamped.files, &names);
        changes.extend(files);
        if changes.is_empty() {
            changes.push("the inputs".to_owned());
        }
    }
    Ok(changes)
}

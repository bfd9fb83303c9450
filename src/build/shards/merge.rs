//! `wakemill merge`: one data set of all shards.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::agree;
use super::inputs::restore;
use super::sum::Sum;
use crate::build::origin::{Origin, Stamped};
use crate::build::run::{row_files, tolerated};
use crate::build::{BuildError, Built, Prepared, Ready, Watch};
use crate::config::plan::{Layout, Plan, SplitPlan};
use crate::dataset::folder::{self, Folder, State};
use crate::dataset::journal::Journal;
use crate::dataset::layout::{DATASET_FILE, JOURNAL_FILE};
use crate::dataset::npy::Array;
use crate::dataset::seal::{self, Seal};
use crate::dataset::shards::clips::{self, PlannedRun};
use crate::dataset::shards::merge::{self, MergeSettings, SplitSettings};
use crate::dataset::shards::plan::Shards;
use crate::dataset::shards::status::Status;
use crate::dataset::shards::survey::{Survey, survey};
use crate::dataset::shards::{Shard, ShardPlan, ShardsError};
use crate::dataset::{Dataset, DatasetError, Existing};
use crate::records::EMBEDDING;

/// Most clips that a report looks at.
const SAMPLE: u64 = 4000;

/// How to merge.
#[derive(Clone, Copy, Debug, Default)]
pub struct MergeOptions {
    /// Whether another data set is replaced.
    pub overwrite: bool,
    /// Whether the shards are removed after.
    pub remove_shards: bool,
    /// Whether the shards' feature files are kept as they are, under names of their
    /// own in the output folder; the shards are then removed.
    pub parts: bool,
}

/// How merging ended well.
#[derive(Debug)]
pub enum Merging {
    /// The data set was there already.
    UpToDate,
    /// It was made.
    Merged(Box<Built>),
}

/// How far the shards of a build have come.
#[derive(Debug)]
pub enum Standing {
    /// Some are whole.
    Shards(Status),
    /// The finished data set is there, and its shards are not; it was made of so
    /// many, 0 where one machine built it.
    Finished(usize),
}

/// Says which shards are whole. Writes nothing.
///
/// # Errors
/// No plan, or another one; a folder that cannot be looked into.
pub fn status(mut plan: Plan) -> Result<Standing, BuildError> {
    agree::can_be_shards(&plan)?;
    let shards = Shards::of(&plan.output.path);
    let planned = match planned(&plan, &shards)? {
        Ok(planned) => planned,
        Err(found) => return Ok(Standing::Finished(found.shards.map_or(0, |of| of.of))),
    };
    agree::with_plan(&mut plan, &shards, &planned, None)?;
    Ok(Standing::Shards(look(&plan, &shards, &planned)?.status))
}

/// Checks all shards, and makes the data set of them.
///
/// # Errors
/// [`ShardsError`]: no plan, or another one; shards that are not whole; too many
/// clips left out. An output folder that holds something else; whatever the
/// operating system says.
pub fn merge(
    mut plan: Plan,
    options: MergeOptions,
    watch: &dyn Watch,
) -> Result<Merging, BuildError> {
    agree::can_be_shards(&plan)?;
    let output = plan.output.path.clone();
    let shards = Shards::of(&output);
    let Ok(planned) = planned(&plan, &shards)? else {
        return Ok(Merging::UpToDate);
    };
    agree::with_plan(&mut plan, &shards, &planned, None)?;
    if let (Ok(Some(found)), false) = (Dataset::read(&output), options.overwrite)
        && agree::with_dataset(&plan, &found, Some(&planned.inputs))
    {
        if options.remove_shards {
            shards.discard()?;
        }
        return Ok(Merging::UpToDate);
    }
    // Parts get their names when no data set is there.
    if output.join(JOURNAL_FILE).exists() && !output.join(DATASET_FILE).exists() {
        let _lock = folder::lock(&output).map_err(busy)?;
        merge::undo_parts(&shards, &planned, &output)?;
    }
    let survey = look(&plan, &shards, &planned)?;
    check(&plan, &planned, &survey)?;
    let (built, front_end) = make(&plan, &shards, &planned, &survey, options, watch)?;
    if front_end.get("provider").and_then(Value::as_str) != Some("CPUExecutionProvider") {
        watch.warn("the networks ran on a device: shards agree with one machine within its tolerance, not in every bit");
    }
    Ok(Merging::Merged(Box::new(built)))
}

/// Removes the shards of a data set that was merged, if that was asked for.
///
/// # Errors
/// A shard that is being built; a folder that cannot be removed.
pub fn remove(built: &Built, options: MergeOptions) -> Result<(), BuildError> {
    if options.remove_shards || options.parts {
        Shards::of(built.folder()).discard()?;
    }
    Ok(())
}

/// What a report of a merged data set is made with: the plan's inputs, of very many
/// clips some.
///
/// # Errors
/// Those of [`Prepared::ready`]; a plan that is damaged.
pub fn ready(
    mut plan: Plan,
    cores: usize,
    notice: &mut dyn FnMut(&str),
    watch: &dyn Watch,
) -> Result<Ready, BuildError> {
    let shards = Shards::of(&plan.output.path);
    let Some(planned) = shards.plan()? else {
        return Err(ShardsError::NoPlan(shards.path().to_path_buf()).into());
    };
    agree::with_plan(&mut plan, &shards, &planned, None)?;
    let runs = sample(&shards, &planned, SAMPLE)?;
    let sounds = shards.sounds()?;
    let (inputs, _) = restore(&plan, &planned, &sounds, runs, &mut |_, _, _| Ok(()))?;
    Prepared::new(plan, inputs, cores).ready(notice, watch)
}

/// Clips of the plan, so many at most and evenly spread, each once.
pub(super) fn sample(
    shards: &Shards,
    planned: &ShardPlan,
    most: u64,
) -> Result<Vec<PlannedRun>, ShardsError> {
    let step = planned.clips.div_ceil(most).max(1) as usize;
    let splits = 0..planned.splits.len();
    let run = |split| PlannedRun {
        split,
        rounds: 0..1,
        clips: Vec::new(),
    };
    let mut sampled: Vec<PlannedRun> = splits.map(run).collect();
    let mut seen = 0;
    for index in 0..planned.of {
        for run in clips::read(&shards.clips(index))? {
            let Some(of_split) = sampled.get_mut(run.split).filter(|_| run.rounds.start == 0)
            else {
                continue;
            };
            for clip in run.clips {
                if seen % step == 0 {
                    of_split.clips.push(clip);
                }
                seen += 1;
            }
        }
    }
    Ok(sampled)
}

/// The plan of the shards, or the finished data set where that is gone.
fn planned(plan: &Plan, shards: &Shards) -> Result<Result<ShardPlan, Box<Dataset>>, ShardsError> {
    if let Some(planned) = shards.plan()? {
        return Ok(Ok(planned));
    }
    let found = Dataset::read(&plan.output.path).ok().flatten();
    match found.filter(|found| agree::with_dataset(plan, found, None)) {
        Some(found) => Ok(Err(Box::new(found))),
        None => Err(ShardsError::NoPlan(shards.path().to_path_buf())),
    }
}

fn look(plan: &Plan, shards: &Shards, planned: &ShardPlan) -> Result<Survey, ShardsError> {
    let machine = |shard: &Shard| agree::with_shard(plan, &planned.inputs, shard);
    survey(shards, planned, &machine)
}

fn check(plan: &Plan, planned: &ShardPlan, survey: &Survey) -> Result<(), ShardsError> {
    if !survey.status.is_whole() {
        return Err(ShardsError::NotWhole(Box::new(survey.status.clone())));
    }
    let tolerated = tolerated(plan, planned.clips).unwrap_or(0);
    match survey.left_out > tolerated {
        true => Err(ShardsError::TooMany {
            left_out: survey.left_out,
            tolerated,
        }),
        false => Ok(()),
    }
}

fn busy(error: DatasetError) -> BuildError {
    match error {
        DatasetError::Locked { path } => ShardsError::Busy(path).into(),
        error => error.into(),
    }
}

/// Writes the data set. With it, what the front end reported.
fn make(
    plan: &Plan,
    shards: &Shards,
    planned: &ShardPlan,
    survey: &Survey,
    options: MergeOptions,
    watch: &dyn Watch,
) -> Result<(Built, Value), BuildError> {
    let output = &plan.output.path;
    let inputs = shards.inputs()?;
    let mut sum = Sum::default();
    let path = shards.folder(0, planned.of).join(Shard::FILE);
    let Some(first) = seal::read::<Shard>(&path)? else {
        return Err(ShardsError::NoPlan(path).into());
    };
    let stamped = Stamped {
        inputs: planned.inputs.clone(),
        files: serde_json::from_value(inputs.files).unwrap_or_default(),
    };
    let (platform, essence) = (&first.platform, plan.essence());
    let origin = Origin::elsewhere(platform, essence, &first.front_end, stamped).judged_by(plan);
    let (folder, replaces) = open(plan, &origin, options)?;
    let settings = MergeSettings {
        output,
        splits: splits(plan),
        rows: plan.output_files.rows,
        parts: options.parts,
        replaces,
    };
    let mut each = |shard: &Shard| sum.add(shard, planned);
    let merged = match merge::merge(shards, planned, survey, settings, &mut each) {
        Err(error @ ShardsError::NotWhole(_)) => {
            // Nothing is left that would have to be gone on with.
            folder.remove_journal()?;
            return Err(error.into());
        }
        merged => merged?,
    };
    let mut merged = merged;
    let report = super::audit::audit(plan, shards, planned, &mut merged, watch)?;
    let levels = sum.take_levels();
    let mut dataset = sum.dataset(plan, planned, merged, &first, &origin)?;
    dataset.audit = report;
    dataset.sounds = inputs.sounds;
    dataset.passed_over = inputs.passed_over;
    folder.complete(&dataset)?;
    folder.remove_journal()?;
    let built = Built {
        dataset,
        moments: Vec::new(),
        levels,
        folder,
    };
    Ok((built, first.front_end))
}

/// Opens the output folder: an earlier merge is begun again, an unfinished build is
/// not replaced unasked. With it, the names of what is to be replaced.
fn open(
    plan: &Plan,
    origin: &Origin,
    options: MergeOptions,
) -> Result<(Folder, Vec<PathBuf>), BuildError> {
    let (output, files) = (&plan.output.path, row_files(plan));
    let opened = match options.overwrite {
        true => Folder::to_replace::<Dataset>(output, &files).map_err(busy)?,
        false => (begin(output, &files, origin)?, Vec::new()),
    };
    Journal::create(&opened.0.journal(), origin)?;
    Ok(opened)
}

fn begin(output: &Path, files: &[String], origin: &Origin) -> Result<Folder, BuildError> {
    let existing = match output.join(JOURNAL_FILE).exists() {
        true => Existing::Resume,
        false => Existing::Keep,
    };
    let serves = |found: &Dataset| Err(origin.since(found, &Vec::new));
    let opened = Folder::open::<Dataset, Origin>(output, files, serves, existing);
    match opened.map_err(busy)? {
        State::Empty(folder) => Ok(folder),
        State::Begun(folder, opened) if opened.last.is_none() => Ok(folder),
        State::Begun(..) => {
            let (path, found) = (output.to_path_buf(), JOURNAL_FILE.into());
            Err(DatasetError::Unfinished { path, found }.into())
        }
        // `serves` never says so.
        State::UpToDate => Err(ShardsError::Busy(output.to_path_buf()).into()),
    }
}

/// What is merged of each split.
fn splits(plan: &Plan) -> Vec<SplitSettings> {
    let timesteps = plan.features.timesteps;
    let of = |split: &SplitPlan| {
        let flat = split.recordings.as_ref();
        let flat = flat.is_some_and(|of| of.layout == Layout::Steps);
        let (row_shape, steps) = match flat {
            true => (vec![EMBEDDING], timesteps as u64),
            false => (vec![timesteps, EMBEDDING], 1),
        };
        SplitSettings {
            array: Array {
                dtype: split.dtype.into(),
                row_shape,
            },
            steps,
            recordings: split.recordings.is_some(),
        }
    };
    plan.splits.iter().map(of).collect()
}

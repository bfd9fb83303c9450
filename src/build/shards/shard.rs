//! `wakemill run --shard`: one shard, from its plan to its folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::agree;
use super::inputs::{restore, written};
use crate::build::manifest::{stage_times, value};
use crate::build::origin::{Origin, Stamped};
use crate::build::run::Ended;
use crate::build::{BuildError, Prepared, Ready, Watch};
use crate::config::location::Location;
use crate::config::plan::Plan;
use crate::dataset::error::DatasetError;
use crate::dataset::seal::{self, Seal};
use crate::dataset::shards::clips;
use crate::dataset::shards::plan::{PlannedSounds, Shards};
use crate::dataset::shards::shard::name;
use crate::dataset::shards::survey::misplaced;
use crate::dataset::shards::{self, ShardPlan, ShardSplit, ShardsError};
use crate::dataset::{Dataset, Existing};
use crate::dsp::effect::SoundKind;
use crate::flow::{CancelToken, FlowError, Sheltered};
use crate::source::Stamp;
use crate::source::order::Shard;

/// Time between two looks at a folder that another process has locked.
const PAUSE: Duration = Duration::from_millis(200);

/// A shard that has everything it needs.
pub struct ReadyShard {
    ready: Ready,
    origin: Origin,
    planned: ShardPlan,
    shard: Shard,
    /// The first clip of each split in it, counted in the split.
    firsts: Vec<u64>,
    cores: usize,
}

/// Reads a shard's part of the plan, looks at its own clips and all sounds, and
/// loads what it needs. `None` where the finished data set is there, and its shards
/// are not.
///
/// # Errors
/// [`ShardsError`]: no plan, or another one; a clip or sound that is not as it was
/// planned. Those of [`Prepared::ready`].
pub fn ready(
    mut plan: Plan,
    shard: Shard,
    cores: usize,
    notice: &mut dyn FnMut(&str),
    watch: &dyn Watch,
) -> Result<Option<ReadyShard>, BuildError> {
    agree::can_be_shards(&plan)?;
    let output = plan.output.path.clone();
    let shards = Shards::of(&output);
    let Some(planned) = shards.plan()? else {
        let found = Dataset::read(&output).ok().flatten();
        return match found.is_some_and(|found| agree::with_dataset(&plan, &found, None)) {
            true => Ok(None),
            false => Err(ShardsError::NoPlan(shards.path().to_path_buf()).into()),
        };
    };
    agree::with_plan(&mut plan, &shards, &planned, Some(shard.count))?;
    let own = name(shard.index, shard.count);
    let mut check = |what: &str, now: &dyn Fn() -> Option<Stamp>, then| match written(now()) {
        now if now == then => Ok(()),
        now => Err(changed(&own, what, then, now)),
    };
    let sounds = shards.sounds()?;
    let runs = clips::read(&shards.clips(shard.index))?;
    let (mut inputs, places) = restore(&plan, &planned, &sounds, runs, &mut check)?;
    inputs.shard = Some(shard);
    let firsts = firsts(&planned, shard, &places);
    let mut part = plan.clone();
    let mut index = 0;
    part.splits.retain(|_| {
        index += 1;
        places.contains(&(index - 1))
    });
    let folder = shards.folder(shard.index, shard.count);
    part.output = Location::new(&plan.output.configured, folder);
    let prepared = Prepared::new(part, inputs, cores);
    let ready = prepared.ready(notice, watch)?;
    check_sounds(&ready, &sounds, &own)?;
    let stamped = Stamped {
        inputs: planned.inputs.clone(),
        files: Vec::new(),
    };
    let origin = Origin::new(&plan, stamped, &ready.front_end).of_shard(shard);
    if origin.platform != planned.platform {
        watch.warn(&format!(
            "this machine's platform is '{}', the planner's is '{}': shards of both cannot be merged",
            origin.platform, planned.platform
        ));
    }
    Ok(Some(ReadyShard {
        ready,
        origin,
        planned,
        shard,
        firsts,
        cores,
    }))
}

fn changed(
    shard: &str,
    what: &str,
    then: Option<(u64, u64)>,
    now: Option<(u64, u64)>,
) -> ShardsError {
    let reason = match (then, now) {
        (_, None) => "it is gone, or cannot be looked at".to_owned(),
        (None, _) => "it could not be looked at then".to_owned(),
        (Some((then, _)), Some((now, _))) if then != now => {
            format!("it has {now} bytes, and had {then}")
        }
        _ => "it was modified at another time".to_owned(),
    };
    ShardsError::Input {
        shard: shard.to_owned(),
        what: what.to_owned(),
        reason,
    }
}

/// Refuses sounds of which one does not serve here and did when planned.
fn check_sounds(ready: &Ready, planned: &PlannedSounds, shard: &str) -> Result<(), ShardsError> {
    let lists = [
        (SoundKind::Background, &planned.backgrounds),
        (SoundKind::Impulse, &planned.impulses),
    ];
    for (kind, planned) in lists {
        let here = ready.sounds().files(kind);
        let gone = |sound: &&shards::plan::PlannedSound| {
            !here.iter().any(|file| *file.name == *sound.name)
        };
        if let Some(sound) = planned.iter().find(gone) {
            return Err(ShardsError::Input {
                shard: shard.to_owned(),
                what: sound.name.clone(),
                reason: "it cannot be read here".to_owned(),
            });
        }
    }
    Ok(())
}

/// The first clip of a shard in each of its splits.
fn firsts(planned: &ShardPlan, shard: Shard, places: &[usize]) -> Vec<u64> {
    let first = planned.shards.get(shard.index);
    let first = first.map_or(0, |range| range.first_clip);
    let before = |place: usize| -> u64 {
        let splits = planned.splits.iter().take(place);
        splits.map(|split| split.clips).sum()
    };
    let places = places.iter();
    places
        .map(|&place| first.saturating_sub(before(place)))
        .collect()
}

impl ReadyShard {
    /// What will run.
    pub fn ready(&self) -> &Ready {
        &self.ready
    }

    /// What it is called for a person.
    pub fn name(&self) -> String {
        name(self.shard.index, self.shard.count)
    }

    /// Builds the shard: begins it, or goes on with it. `None` where it is whole
    /// already. While another process has it locked, this waits so long.
    ///
    /// # Errors
    /// A folder that holds something else; another process that is still at work
    /// there; whatever stops a build.
    pub fn run(
        &self,
        overwrite: bool,
        wait: Duration,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Option<Box<shards::Shard>>, BuildError> {
        let watch = &Sheltered(watch);
        let (began, mut said) = (Instant::now(), false);
        loop {
            match self.try_run(overwrite, watch, cancel) {
                Err(BuildError::Dataset(DatasetError::Locked { path })) => {
                    if began.elapsed() >= wait {
                        return Err(ShardsError::Busy(path).into());
                    }
                    if !std::mem::replace(&mut said, true) {
                        watch.warn(&format!(
                            "another wakemill is at work in {}: waiting for it to end",
                            path.display()
                        ));
                    }
                    let pause = PAUSE.min(wait);
                    if cancel.wait(pause) {
                        return Err(FlowError::Cancelled.into());
                    }
                }
                ended => return ended,
            }
        }
    }

    fn try_run(
        &self,
        overwrite: bool,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Option<Box<shards::Shard>>, BuildError> {
        let folder = &self.ready.plan.output.path;
        let existing = match overwrite || self.is_damaged(folder, watch)? {
            true => Existing::Overwrite,
            false => Existing::Resume,
        };
        let serves = |found: &shards::Shard| self.serves(found);
        let seal = |ended: &Ended| self.manifest(ended);
        let made = self
            .ready
            .make(&self.origin, serves, seal, existing, watch, cancel)
            .map_err(|error| self.foreign(error))?;
        Ok(made.map(|made| Box::new(made.seal)))
    }

    /// Whether it is this shard, and has to be started over as it is not whole.
    fn is_damaged(&self, folder: &Path, watch: &dyn Watch) -> Result<bool, BuildError> {
        let reason = match seal::read::<shards::Shard>(&folder.join(shards::Shard::FILE)) {
            Ok(Some(found)) if self.serves(&found).is_ok() => found.damage(folder),
            Err(DatasetError::Unknown { error, .. }) => Some(error.to_string()),
            found => {
                found?;
                None
            }
        };
        if let Some(reason) = &reason {
            watch.warn(&format!(
                "{} is damaged, and started over: {reason}",
                self.name()
            ));
        }
        Ok(reason.is_some())
    }

    /// Whether a finished shard is this one, or why not.
    fn serves(&self, found: &shards::Shard) -> Result<(), String> {
        if let Some(reason) = misplaced(&self.planned, self.shard.index, found) {
            return Err(reason);
        }
        match found.fingerprint == self.origin.fingerprint {
            true if self.ready.tolerates(found.failed()) => Ok(()),
            true => Err(crate::build::run::FEWER.to_owned()),
            false => Err(agree::unlike(&self.origin, found)),
        }
    }

    /// Says of what cannot be gone on with what to do about it.
    fn foreign(&self, error: BuildError) -> BuildError {
        let reason = match &error {
            BuildError::Dataset(
                DatasetError::Another { reason, .. } | DatasetError::NothingToResume { reason, .. },
            ) => reason.clone(),
            BuildError::Changed { changes, .. } => changes.join("; "),
            BuildError::Lost(error) => error.to_string(),
            BuildError::Dataset(DatasetError::Journal(error)) => error.to_string(),
            BuildError::Dataset(DatasetError::NoJournal { found, .. }) => {
                format!("there is {}, and no journal", found.display())
            }
            _ => return error,
        };
        BuildError::Shards(ShardsError::Foreign {
            shard: self.name(),
            folder: self.ready.plan.output.path.clone(),
            reason,
        })
    }

    fn manifest(&self, ended: &Ended) -> Result<shards::Shard, BuildError> {
        let (ready, facts) = (&self.ready, &ended.streamed.facts);
        let length = |name: &str| {
            let path = ended.folder().join(name);
            let metadata = fs::metadata(&path).map_err(BuildError::io("look at", &path))?;
            Ok::<_, BuildError>(metadata.len())
        };
        let mut splits = Vec::new();
        for (index, written) in ended.written.splits.iter().enumerate() {
            let written = written.clone();
            splits.push(ShardSplit {
                first_clip: self.firsts.get(index).copied().unwrap_or(0),
                planned: ready.inputs.spans_of(index),
                bytes: length(&written.features)?,
                name: written.name,
                features: written.features,
                rows: written.rows,
                left_out: written.left_out,
                unwanted: written.unwanted,
                audit: written.audit,
                found: written.found,
                sha256: written.sha256,
                hours: written.hours,
            });
        }
        let mut file_bytes = BTreeMap::new();
        for name in ended.written.files.keys() {
            file_bytes.insert(name.clone(), length(name)?);
        }
        let range = self.planned.shards.get(self.shard.index);
        Ok(shards::Shard {
            wakemill: env!("CARGO_PKG_VERSION").to_owned(),
            shard: self.shard.index,
            of: self.shard.count,
            first_clip: range.map_or(0, |range| range.first_clip),
            clips: range.map_or(0, |range| range.clips),
            seed: ready.plan.seed,
            fingerprint: self.origin.fingerprint.clone(),
            platform: self.origin.platform.clone(),
            configuration: self.origin.configuration.clone(),
            splits,
            files: ended.written.files.clone(),
            file_bytes,
            front_end: value(ready.front_end.report())?,
            verification: ready.front_end.differences().map(value).transpose()?,
            stages: facts.stages.iter().map(stage_times).collect(),
            in_flight: ready.sizing.in_flight,
            rows_per_batch: ready.sizing.rows_per_batch,
            host: gethostname::gethostname().to_string_lossy().into_owned(),
            cores: self.cores,
            rows_resumed: ended.rows_resumed,
            wall_seconds: facts.elapsed.as_secs_f64(),
            levels: ended.levels.clone(),
        })
    }
}

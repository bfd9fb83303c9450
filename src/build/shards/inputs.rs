//! The inputs of a build, as its plan of shards has written them down.

use std::path::PathBuf;
use std::sync::Arc;

use crate::augment::{SoundFile, Sounds};
use crate::build::inputs::source_of;
use crate::build::{BuildError, Inputs, Split, effects};
use crate::config::location::Location;
use crate::config::plan::{Plan, SplitPlan};
use crate::dataset::shards::clips::{Known, PlannedClip, PlannedRun};
use crate::dataset::shards::plan::{PlannedSound, PlannedSounds, Shards};
use crate::dataset::shards::{ShardPlan, ShardsError};
use crate::dsp::effect::SoundKind;
use crate::records::ClipId;
use crate::source::exclude::Excluded;
use crate::source::sequence::{Entry, Run};
use crate::source::{ClipSource, Segment, Stamp};

/// Is shown the name of a clip, sound or list, what it looks like now if that is
/// asked for, and what it looked like when planned.
pub(super) type Check<'a> =
    dyn FnMut(&str, &dyn Fn() -> Option<Stamp>, Option<(u64, u64)>) -> Result<(), ShardsError> + 'a;

/// Size and time as a plan has them.
pub(super) fn written(stamp: Option<Stamp>) -> Option<(u64, u64)> {
    let stamp = stamp?;
    Some((
        stamp.bytes,
        u64::try_from(stamp.modified).unwrap_or(u64::MAX),
    ))
}

/// The runs of a shard as inputs: splits without a clip in it are not there. With
/// them the place of each split in the plan. `check` is shown each clip, sound and
/// list.
pub(super) fn restore(
    plan: &Plan,
    planned: &ShardPlan,
    sounds: &PlannedSounds,
    runs: Vec<PlannedRun>,
    check: &mut Check<'_>,
) -> Result<(Inputs, Vec<usize>), BuildError> {
    let mut splits: Vec<Split> = Vec::new();
    let (mut places, mut own) = (Vec::new(), Vec::new());
    for run in runs {
        if places.last() != Some(&run.split) {
            let Some(split_plan) = plan.splits.get(run.split) else {
                return Err(BuildError::Shards(ShardsError::Plan {
                    path: Shards::of(&plan.output.path).path().to_path_buf(),
                    reason: format!("it has no split {}", run.split),
                }));
            };
            places.push(run.split);
            splits.push(Split {
                source: source_of(split_plan),
                clips: Vec::new(),
                wavs: None,
                stale: Vec::new(),
                excluded: excluded(split_plan, sounds, check)?,
                plan: split_plan.clone(),
            });
        }
        let index = splits.len() - 1;
        let split = &mut splits[index];
        let first = split.clips.len();
        for clip in run.clips {
            let (entry, stamp) = entry(&*split.source, clip);
            if entry.problem.is_none() {
                check(&entry.id.name, &|| split.source.stamp(&entry.id), stamp)?;
            }
            split.clips.push(entry);
        }
        own.push(Run {
            split: index,
            clips: first..split.clips.len(),
            rounds: run.rounds,
        });
    }
    let inputs = Inputs {
        splits,
        passes: effects::passes(plan),
        runs: own,
        shard: None,
        planned: planned.clips,
        backgrounds: restored(plan, SoundKind::Background, &sounds.backgrounds, check)?,
        impulses: restored(plan, SoundKind::Impulse, &sounds.impulses, check)?,
        passed_over: Vec::new(),
    };
    Ok((inputs, places))
}

/// A clip of a plan, and what it looked like.
fn entry(source: &dyn ClipSource, clip: PlannedClip) -> (Entry, Option<(u64, u64)>) {
    let PlannedClip(file, stamp, known) = clip;
    let (segment, problem) = match known {
        Some(Known::Part(start, end)) => (Some(Segment { start, end }), None),
        Some(Known::Problem(reason)) => (None, Some(reason)),
        None => (None, None),
    };
    let path = source.path_of(&file).into();
    let recording: Arc<str> = file.into();
    let name = match &segment {
        Some(segment) => segment.label(&recording),
        None => Arc::clone(&recording),
    };
    let entry = Entry {
        id: ClipId { name, path },
        recording,
        segment,
        problem,
    };
    (entry, stamp)
}

/// What is left out of a split's recordings, if that is still what was planned.
fn excluded(
    split: &SplitPlan,
    planned: &PlannedSounds,
    check: &mut Check<'_>,
) -> Result<Arc<Excluded>, BuildError> {
    let list = split.recordings.as_ref().and_then(|of| of.exclude.as_ref());
    let Some(list) = list else {
        return Ok(Arc::default());
    };
    let mut exclusions = planned.exclusions.iter();
    let then = exclusions.find(|planned| planned.name == list.configured);
    let then = then.and_then(|planned| planned.stamp);
    check(&list.configured, &|| Stamp::of(&list.path), then)?;
    let excluded = Excluded::read(&list.path).map_err(|error| BuildError::Input {
        split: split.name.clone(),
        error,
    })?;
    Ok(excluded.into())
}

fn restored(
    plan: &Plan,
    kind: SoundKind,
    sounds: &[PlannedSound],
    check: &mut Check<'_>,
) -> Result<Vec<SoundFile>, ShardsError> {
    let augment = &plan.augment;
    let (places, channel) = match kind {
        SoundKind::Background => (
            &augment.backgrounds,
            augment.background_channel.unwrap_or(plan.audio.channel),
        ),
        SoundKind::Impulse => (&augment.rirs, plan.audio.channel),
    };
    let one = |sound: &PlannedSound| {
        let path = path_of(places, &sound.name);
        check(&sound.name, &|| Stamp::of(&path), sound.stamp)?;
        Ok(SoundFile {
            name: sound.name.as_str().into(),
            path: path.into(),
            listed: sound.listed,
            channel: effects::channel(channel),
        })
    };
    sounds.iter().map(one).collect()
}

/// Where a sound is, by its name: a place as configured, or below one.
fn path_of(places: &[Location], name: &str) -> PathBuf {
    let below = places.iter().filter_map(|place| {
        let rest = name.strip_prefix(place.configured.trim_end_matches('/'))?;
        match rest.strip_prefix('/') {
            Some(rest) => Some(place.path.join(rest)),
            None => rest.is_empty().then(|| place.path.clone()),
        }
    });
    // A folder may be configured beside one that it lies in.
    let mut below: Vec<PathBuf> = below.collect();
    below.sort_by_key(|path| !path.exists());
    below.into_iter().next().unwrap_or_else(|| name.into())
}

/// The sounds in use, and the lists of exclusions, as a plan has them.
pub(super) fn planned_sounds(plan: &Plan, sounds: &Sounds) -> PlannedSounds {
    let of = |kind| {
        let files: Vec<&SoundFile> = sounds.files(kind);
        let planned = files.into_iter().map(|file| PlannedSound {
            name: file.name.to_string(),
            listed: file.listed,
            stamp: written(Stamp::of(&file.path)),
        });
        planned.collect()
    };
    let lists = plan.splits.iter().filter_map(|split| {
        let recordings = split.recordings.as_ref()?;
        recordings.exclude.as_ref()
    });
    let exclusions = lists.map(|list| PlannedSound {
        name: list.configured.clone(),
        listed: 1,
        stamp: written(Stamp::of(&list.path)),
    });
    PlannedSounds {
        backgrounds: of(SoundKind::Background),
        impulses: of(SoundKind::Impulse),
        exclusions: exclusions.collect(),
    }
}

/// A clip as a plan has it.
pub(super) fn planned_clip(source: &dyn ClipSource, clip: &Entry) -> PlannedClip {
    let part = |segment: &Segment| Known::Part(segment.start, segment.end);
    let part = clip.segment.as_ref().map(part);
    PlannedClip(
        clip.recording.to_string(),
        written(source.stamp(&clip.id)),
        part.or_else(|| clip.problem.clone().map(Known::Problem)),
    )
}

//! The inputs of a build, as its plan of shards has written them down.

use std::path::PathBuf;
use std::sync::Arc;

use crate::audio::FileRange;
use crate::augment::{SoundFile, Sounds};
use crate::build::inputs::source_of;
use crate::build::{Inputs, Split, effects};
use crate::config::location::Location;
use crate::config::plan::Plan;
use crate::dataset::shards::clips::{Known, PlannedClip, PlannedRun};
use crate::dataset::shards::plan::{PlannedSound, PlannedSounds, Shards};
use crate::dataset::shards::{ShardPlan, ShardsError};
use crate::dsp::effect::SoundKind;
use crate::records::ClipId;
use crate::source::exclude::Excluded;
use crate::source::sequence::{Entry, Run};
use crate::source::{ClipSource, Segment, Stamp, file_at};

/// Is shown the name of a clip or sound, what it looks like now if that is
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

/// Where a member of a tar begins and ends there.
fn range_of(file: &FileRange) -> Option<(u64, u64)> {
    (!file.is_whole()).then_some((file.start, file.end))
}

/// The runs of a shard as inputs: splits without a clip in it are not there. With
/// them the place of each split in the plan. `check` is shown each clip and sound.
pub(super) fn restore(
    plan: &Plan,
    planned: &ShardPlan,
    sounds: &PlannedSounds,
    runs: Vec<PlannedRun>,
    check: &mut Check<'_>,
) -> Result<(Inputs, Vec<usize>), ShardsError> {
    let mut splits: Vec<Split> = Vec::new();
    let (mut places, mut own) = (Vec::new(), Vec::new());
    for run in runs {
        if places.last() != Some(&run.split) {
            let Some(split_plan) = plan.splits.get(run.split) else {
                return Err(ShardsError::Plan {
                    path: Shards::of(&plan.output.path).path().to_path_buf(),
                    reason: format!("it has no split {}", run.split),
                });
            };
            places.push(run.split);
            splits.push(Split {
                plan: split_plan.clone(),
                source: source_of(split_plan),
                clips: Vec::new(),
                wavs: None,
                stale: Vec::new(),
                excluded: Arc::default(),
            });
        }
        let index = splits.len() - 1;
        let split = &mut splits[index];
        let first = split.clips.len();
        let mut excluded = Excluded::default();
        for mut clip in run.clips {
            let parts = std::mem::take(&mut clip.2.excluded);
            let (entry, stamp) = entry(&*split.source, clip);
            for (start, end) in parts {
                let end = end.unwrap_or(f64::INFINITY);
                excluded.add(&entry, Segment { start, end });
            }
            if entry.problem.is_none() {
                check(&entry.id.name, &|| split.source.stamp(&entry.id), stamp)?;
            }
            split.clips.push(entry);
        }
        split.excluded = excluded.into();
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
    let part = known.part;
    let segment = part.map(|(start, end)| Segment { start, end });
    let at = file_at(&source.path_of(&file), known.range);
    let recording: Arc<str> = file.into();
    let name = match &segment {
        Some(segment) => segment.label(&recording),
        None => Arc::clone(&recording),
    };
    let entry = Entry {
        id: ClipId { name, file: at },
        recording,
        segment,
        problem: known.problem,
    };
    (entry, stamp)
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
        let file = file_at(&path_of(places, &sound.name), sound.range);
        check(&sound.name, &|| Stamp::of(&file), sound.stamp)?;
        Ok(SoundFile {
            name: sound.name.as_str().into(),
            file,
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
    below.sort_by_key(|path| !path.exists() && !file_at(path, Some((0, 0))).path.exists());
    below.into_iter().next().unwrap_or_else(|| name.into())
}

/// The sounds in use, as a plan has them.
pub(super) fn planned_sounds(sounds: &Sounds) -> PlannedSounds {
    let of = |kind| {
        let files: Vec<&SoundFile> = sounds.files(kind);
        let planned = files.into_iter().map(|file| PlannedSound {
            name: file.name.to_string(),
            listed: file.listed,
            stamp: written(Stamp::of(&file.file)),
            range: range_of(&file.file),
        });
        planned.collect()
    };
    PlannedSounds {
        backgrounds: of(SoundKind::Background),
        impulses: of(SoundKind::Impulse),
    }
}

/// A clip of a split as a plan has it.
pub(super) fn planned_clip(split: &Split, clip: &Entry) -> PlannedClip {
    // What lies a second or more beside a part meets no row of it.
    let near = |out: &Segment| {
        let of = clip.segment;
        of.is_none_or(|of| out.start < of.end + 1.0 && of.start < out.end + 1.0)
    };
    let excluded = split.excluded.of(clip).into_iter().filter(near);
    let end = |part: Segment| Some(part.end).filter(|end| end.is_finite());
    let known = Known {
        problem: clip.problem.clone(),
        part: clip.segment.map(|part| (part.start, part.end)),
        range: range_of(&clip.id.file),
        excluded: excluded.map(|part| (part.start, end(part))).collect(),
    };
    let name = clip.recording.to_string();
    PlannedClip(name, written(split.source.stamp(&clip.id)), known)
}

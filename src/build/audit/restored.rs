//! The inputs of a finished data set, as far as its folder names them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::sample::{left_out, rows_each};
use crate::audio::{Channel, FileRange};
use crate::augment::SoundFile;
use crate::build::inputs::source_of;
use crate::build::{BuildError, Inputs, Split, effects};
use crate::config::plan::SplitPlan;
use crate::dataset::Dataset;
use crate::dataset::inspect::row_name;
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::ROWS_FILE;
use crate::dataset::rows::RowRecord;
use crate::dsp::chain::EffectKind;
use crate::dsp::effect::SoundKind;
use crate::records::ClipId;
use crate::source::sequence::Entry;

/// The splits with the clips that have rows, and the sounds, by their names alone: no
/// file of them is there to be read.
pub(super) fn restored(folder: &Path, dataset: &Dataset) -> Result<Inputs, BuildError> {
    let plan = &dataset.configuration;
    let mut clips = clips(folder, dataset)?;
    let splits = plan.splits.iter().map(|split| Split {
        source: source_of(split),
        clips: clips.remove(&split.name).unwrap_or_default(),
        wavs: None,
        stale: Vec::new(),
        excluded: Arc::default(),
        plan: split.clone(),
    });
    Ok(Inputs {
        splits: splits.collect(),
        passes: effects::passes(plan),
        runs: Vec::new(),
        shard: None,
        planned: 0,
        backgrounds: sounds(dataset, SoundKind::Background),
        impulses: sounds(dataset, SoundKind::Impulse),
        passed_over: Vec::new(),
    })
}

/// The clips of each split that have a first row, in the order of the rows; where nobody
/// has written down whose these are, a clip is called by its row.
fn clips(folder: &Path, dataset: &Dataset) -> Result<HashMap<String, Vec<Entry>>, BuildError> {
    let path = folder.join(ROWS_FILE);
    let mut clips: HashMap<String, Vec<Entry>> = HashMap::new();
    if !path.is_file() {
        let rows_each = rows_each(&dataset.configuration);
        let left_out = left_out(folder)?;
        let splits = dataset.configuration.splits.iter().filter(is_of_clips);
        for split in splits {
            let mut reports = dataset.splits.iter();
            let report = reports.find(|of| of.written.name == split.name);
            let lost = left_out.iter().filter(|(of, _)| *of == split.name).count();
            let count = report.map_or(0, |of| of.planned.saturating_sub(lost as u64));
            let names = (0..count).map(|clip| entry(&row_name(clip * rows_each)));
            clips.insert(split.name.clone(), names.collect());
        }
        return Ok(clips);
    }
    let read = |error| BuildError::io("read", &path)(std::io::Error::other(error));
    for line in JsonlReader::<RowRecord<'static>>::open(&path).map_err(read)? {
        let line = line.map_err(read)?;
        if line.round == 0 {
            let of_split = clips.entry(line.split.into_owned()).or_default();
            of_split.push(entry(&line.clip));
        }
    }
    Ok(clips)
}

fn is_of_clips(split: &&SplitPlan) -> bool {
    split.recordings.is_none()
}

fn entry(name: &str) -> Entry {
    let name: Arc<str> = name.into();
    Entry {
        id: ClipId {
            name: Arc::clone(&name),
            file: nowhere(),
        },
        recording: name,
        segment: None,
        problem: None,
    }
}

fn sounds(dataset: &Dataset, wanted: SoundKind) -> Vec<SoundFile> {
    let of_kind = |effect: &str| EffectKind::named(effect).and_then(EffectKind::sound);
    let effects = dataset.sounds.iter();
    let effects = effects.filter(|(effect, _)| of_kind(effect) == Some(wanted));
    let mut names: Vec<&String> = effects.flat_map(|(_, names)| names).collect();
    names.sort_unstable();
    names.dedup();
    let sound = |name: &String| SoundFile {
        name: name.as_str().into(),
        file: nowhere(),
        listed: 1,
        channel: Channel::First,
    };
    names.into_iter().map(sound).collect()
}

fn nowhere() -> FileRange {
    FileRange::whole(Path::new(""))
}

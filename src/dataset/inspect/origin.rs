//! Where a row of recordings is from.

use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::{INDEX_STEP, RECORDINGS_FILE};
use crate::dataset::manifest::{Dataset, SplitWritten};
use crate::dataset::npy::NpyReader;
use crate::dataset::rows::RecordingRecord;

use super::error::InspectError;

/// Where a row of recordings is from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowOrigin {
    /// The split.
    pub split: String,
    /// The recording, named as `render --clip` takes it.
    pub recording: String,
    /// The row, as `render --row` takes it.
    pub row: u64,
    /// Where it begins in what was decoded, in seconds.
    pub seconds: f64,
}

/// Says where a row of a feature file in an output folder is from.
///
/// # Errors
/// A file that is none of a finished data set's recordings; no such row.
pub fn row(path: &Path, row: usize) -> Result<RowOrigin, InspectError> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let nothing = |reason: &str| InspectError::NoOrigin {
        path: path.to_path_buf(),
        reason: reason.to_owned(),
    };
    let dataset =
        Dataset::read(folder)?.ok_or_else(|| nothing("there is no dataset.json beside it"))?;
    let name = path.file_name().and_then(|name| name.to_str());
    let mut splits = dataset.splits.iter().map(|split| &split.written);
    let split = splits.find_map(|split| Some((split, rows_in(split, name?)?)));
    let (split, rows) = split.ok_or_else(|| nothing("dataset.json knows no such file"))?;
    let hours = split.hours.as_ref();
    let hours =
        hours.ok_or_else(|| nothing("its rows are those of clips, which rows.jsonl names"))?;
    let plan = &dataset.configuration;
    let mut plans = plan.splits.iter();
    let planned = plans.find(|plan| plan.name == split.name);
    let planned = planned.and_then(|plan| plan.recordings.as_ref());
    let hop = planned.map_or(0, |planned| plan.hop_samples(planned)) as u64;
    let row_of_split = rows.start.saturating_add(row as u64);
    if row_of_split >= rows.end {
        return Err(nothing(&format!("it has {} rows", rows.end - rows.start)));
    }
    let entry = NpyReader::open_any(&folder.join(&hours.index))?.ints(row_of_split as usize);
    let Some([line, step]) = entry.as_deref().map(|entry| [entry[0], entry[1]]) else {
        return Err(nothing("the index has no such row"));
    };
    let lines = JsonlReader::<RecordingRecord<'static>>::open(&folder.join(RECORDINGS_FILE))?;
    let record = lines.into_iter().nth(line.max(0) as usize);
    let record = record.ok_or_else(|| nothing("recordings.jsonl has no such line"))??;
    let sample = step.max(0) as u64 * INDEX_STEP;
    Ok(RowOrigin {
        split: split.name.clone(),
        recording: match (record.start, record.end) {
            (Some(start), Some(end)) => format!("{}@{start}-{end}", record.recording),
            _ => record.recording.into_owned(),
        },
        row: sample / hop.max(1),
        seconds: sample as f64 / f64::from(plan.audio.sample_rate),
    })
}

/// The rows of a split that are in a file: all, or those of a part; `None` where it is
/// not the split's.
fn rows_in(split: &SplitWritten, file: &str) -> Option<Range<u64>> {
    if split.features == file {
        return Some(0..split.rows);
    }
    let mut next = 0;
    split.parts.iter().find_map(|part| {
        let rows = next..next + part.rows;
        next = rows.end;
        (part.features == file).then_some(rows)
    })
}

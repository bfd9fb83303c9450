//! Where rows are from.

use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::{INDEX_STEP, RECORDINGS_FILE, ROWS_FILE};
use crate::dataset::manifest::{Dataset, Hours, SplitWritten};
use crate::dataset::npy::NpyReader;
use crate::dataset::rows::{RecordingRecord, RowRecord};

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
    let row_of_split = rows.start.saturating_add(row as u64);
    if row_of_split >= rows.end {
        return Err(nothing(&format!("it has {} rows", rows.end - rows.start)));
    }
    let mut origins = of_recordings(folder, &dataset, split, hours, &[row_of_split])?;
    origins
        .pop()
        .ok_or_else(|| nothing("the index has no such row"))
}

/// Whose some rows of a split are, which are given in ascending order: the clip and its
/// round, or the recording and its row; where neither is known, the row's own number.
///
/// # Errors
/// An index or lines that cannot be read, or do not belong together.
pub fn named(
    folder: &Path,
    dataset: &Dataset,
    split: &SplitWritten,
    rows: &[u64],
) -> Result<Vec<(String, u32)>, InspectError> {
    if let Some(hours) = &split.hours {
        let origins = of_recordings(folder, dataset, split, hours, rows)?.into_iter();
        let number = |row: u64| u32::try_from(row).unwrap_or(u32::MAX);
        let named = origins.map(|of| (of.recording, number(of.row)));
        return Ok(named.collect());
    }
    let mut named: Vec<_> = rows.iter().map(|row| (row_name(*row), 0)).collect();
    let path = folder.join(ROWS_FILE);
    if !path.is_file() || rows.is_empty() {
        return Ok(named);
    }
    let mut wanted = rows.iter().zip(&mut named).peekable();
    for line in JsonlReader::<RowRecord<'static>>::open(&path)? {
        let line = line?;
        if line.split == split.name
            && let Some((_, named)) = wanted.next_if(|(row, _)| **row == line.row)
        {
            *named = (line.clip.into_owned(), line.round);
        }
        if wanted.peek().is_none() {
            break;
        }
    }
    Ok(named)
}

/// What a row is called whose clip nobody has written down.
pub fn row_name(row: u64) -> String {
    format!("row {row}")
}

/// Where rows of a split of recordings are from.
fn of_recordings(
    folder: &Path,
    dataset: &Dataset,
    split: &SplitWritten,
    hours: &Hours,
    rows: &[u64],
) -> Result<Vec<RowOrigin>, InspectError> {
    let plan = &dataset.configuration;
    let mut plans = plan.splits.iter();
    let planned = plans.find(|plan| plan.name == split.name);
    let planned = planned.and_then(|plan| plan.recordings.as_ref());
    let hop = planned.map_or(0, |planned| plan.hop_samples(planned)) as u64;
    let path = folder.join(&hours.index);
    let index = NpyReader::open_any(&path)?;
    let lines = JsonlReader::<RecordingRecord<'static>>::open(&folder.join(RECORDINGS_FILE))?;
    let lines = lines.collect::<Result<Vec<_>, _>>()?;
    let origin = |row: &u64| {
        let nothing = |reason: &str| InspectError::NoOrigin {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        let entry = index.ints(usize::try_from(*row).unwrap_or(usize::MAX));
        let Some(&[line, step]) = entry.as_deref() else {
            return Err(nothing("the index has no such row"));
        };
        let record = lines.get(line.max(0) as usize);
        let record = record.ok_or_else(|| nothing("recordings.jsonl has no such line"))?;
        let sample = step.max(0) as u64 * INDEX_STEP;
        Ok(RowOrigin {
            split: split.name.clone(),
            recording: record.name(),
            row: sample / hop.max(1),
            seconds: sample as f64 / f64::from(plan.audio.sample_rate),
        })
    };
    rows.iter().map(origin).collect()
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

//! Where rows are from.

use std::ops::Range;
use std::path::{Path, PathBuf};

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
    Origins::open(folder, &dataset, split, hours)?.of(row_of_split)
}

/// Whose the rows of a split are, asked for in ascending order.
pub struct RowNames<'a> {
    split: &'a str,
    of: Names,
}

enum Names {
    /// Lines of `rows.jsonl`.
    Clips(PathBuf, JsonlReader<RowRecord<'static>>),
    /// The index and lines of recordings.
    Recordings(Origins),
    Unknown,
}

impl<'a> RowNames<'a> {
    /// Of a split of a finished data set.
    ///
    /// # Errors
    /// An index or lines that cannot be read.
    pub fn open(
        folder: &Path,
        dataset: &Dataset,
        split: &'a SplitWritten,
    ) -> Result<Self, InspectError> {
        let path = folder.join(ROWS_FILE);
        let of = match &split.hours {
            Some(hours) => Names::Recordings(Origins::open(folder, dataset, split, hours)?),
            None if path.is_file() => {
                let lines = JsonlReader::open(&path)?;
                Names::Clips(path, lines)
            }
            None => Names::Unknown,
        };
        let split = &split.name;
        Ok(Self { split, of })
    }

    /// The clip of a row and its round, or the recording and its row there; where nobody
    /// has written that down, the row's own name.
    ///
    /// # Errors
    /// An index or lines that cannot be read, or do not belong together.
    pub fn of(&mut self, row: u64) -> Result<(String, u32), InspectError> {
        match &mut self.of {
            Names::Recordings(origins) => {
                let origin = origins.of(row)?;
                let number = u32::try_from(origin.row).unwrap_or(u32::MAX);
                Ok((origin.recording, number))
            }
            Names::Clips(path, lines) => {
                for line in lines {
                    let line = line?;
                    if line.split == self.split && line.row == row {
                        return Ok((line.clip.into_owned(), line.round));
                    }
                }
                Err(InspectError::NoOrigin {
                    path: path.clone(),
                    reason: format!("it has no row {row} of split '{}'", self.split),
                })
            }
            Names::Unknown => Ok((row_name(row), 0)),
        }
    }
}

/// What a row is called whose clip nobody has written down.
pub fn row_name(row: u64) -> String {
    format!("row {row}")
}

/// Where the rows of a split of recordings are from.
struct Origins {
    split: String,
    path: PathBuf,
    index: NpyReader,
    /// The lines of `recordings.jsonl`, by name.
    recordings: Vec<String>,
    hop: u64,
    sample_rate: u32,
}

impl Origins {
    fn open(
        folder: &Path,
        dataset: &Dataset,
        split: &SplitWritten,
        hours: &Hours,
    ) -> Result<Self, InspectError> {
        let plan = &dataset.configuration;
        let mut plans = plan.splits.iter();
        let planned = plans.find(|plan| plan.name == split.name);
        let planned = planned.and_then(|plan| plan.recordings.as_ref());
        let path = folder.join(&hours.index);
        let lines = JsonlReader::<RecordingRecord<'static>>::open(&folder.join(RECORDINGS_FILE))?;
        let names = lines.map(|line| Ok(line?.name()));
        Ok(Self {
            split: split.name.clone(),
            index: NpyReader::open_any(&path)?,
            path,
            recordings: names.collect::<Result<_, InspectError>>()?,
            hop: planned.map_or(0, |planned| plan.hop_samples(planned)) as u64,
            sample_rate: plan.audio.sample_rate,
        })
    }

    fn of(&self, row: u64) -> Result<RowOrigin, InspectError> {
        let nothing = |reason: &str| InspectError::NoOrigin {
            path: self.path.clone(),
            reason: reason.to_owned(),
        };
        let entry = self.index.ints(usize::try_from(row).unwrap_or(usize::MAX));
        let Some(&[line, step]) = entry.as_deref() else {
            return Err(nothing("the index has no such row"));
        };
        let recording = self.recordings.get(line.max(0) as usize);
        let recording = recording.ok_or_else(|| nothing("recordings.jsonl has no such line"))?;
        let sample = step.max(0) as u64 * INDEX_STEP;
        Ok(RowOrigin {
            split: self.split.clone(),
            recording: recording.clone(),
            row: sample / self.hop.max(1),
            seconds: sample as f64 / f64::from(self.sample_rate),
        })
    }
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

//! Which rows of recordings continue each other.

use std::ops::Range;
use std::path::Path;

use crate::config::plan::Layout;
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::{INDEX_STEP, RECORDINGS_FILE};
use crate::dataset::manifest::{Dataset, SplitWritten};
use crate::dataset::npy::NpyReader;
use crate::dataset::rows::RecordingRecord;

use super::error::InspectError;

/// The rows of a split with recordings, in the order in which they were heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The recordings, and parts of them that were listed, that have rows.
    pub recordings: Vec<Recording>,
    /// What of them is whole.
    pub stretches: Vec<Stretch>,
    /// Embeddings from the beginning of a row to that of the next.
    pub hop: usize,
    /// The shape of the feature file.
    pub layout: Layout,
}

/// A recording, or a part of one that was listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its name, as `render --clip` takes it.
    pub name: String,
    /// Where it begins in its file, in seconds.
    pub start: f64,
}

/// Rows of a recording that follow each other without a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Which of the recordings.
    pub recording: usize,
    /// Where it begins in what was decoded, in steps of 80 ms.
    pub step: u64,
    /// Its rows in the feature file, in the order of time.
    pub rows: Vec<Range<usize>>,
}

/// The rows of a feature file as they were heard; `None` where no data set beside
/// it says so: they are those of clips, or each was augmented alone.
///
/// # Errors
/// A `dataset.json`, an index or a `recordings.jsonl` that cannot be read, or that
/// do not belong together.
pub fn heard(path: &Path) -> Result<Option<Heard>, InspectError> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let Some(dataset) = Dataset::read(folder)? else {
        return Ok(None);
    };
    let name = path.file_name().and_then(|name| name.to_str());
    let mut splits = dataset.splits.iter().map(|split| &split.written);
    let Some(split) = splits.find(|split| Some(&*split.features) == name) else {
        return Ok(None);
    };
    let plan = &dataset.configuration;
    let mut plans = plan.splits.iter().filter(|plan| plan.name == split.name);
    let planned = plans.find_map(|plan| plan.recordings.as_ref());
    let (Some(hours), Some(planned)) = (&split.hours, planned) else {
        return Ok(None);
    };
    if planned.augment {
        return Ok(None);
    }
    let hop = plan.hop_samples(planned) / INDEX_STEP as usize;
    let index = folder.join(&hours.index);
    let order = order(&index, split)?;
    let lines = lines(folder, &order)?;
    let mut heard = Heard {
        recordings: Vec::new(),
        stretches: Vec::new(),
        hop,
        layout: planned.layout,
    };
    heard.join(&order, lines, plan.features.timesteps);
    Ok(Some(heard))
}

/// A row of the index, and which row of the file that is.
type Entry = ([i32; 2], usize);

/// The index in the order of recordings and time.
fn order(index: &Path, split: &SplitWritten) -> Result<Vec<Entry>, InspectError> {
    let no_index = |reason: String| InspectError::NoOrigin {
        path: index.to_path_buf(),
        reason,
    };
    let reader = NpyReader::open_any(index)?;
    if reader.rows() as u64 != split.rows {
        return Err(no_index(format!(
            "it has {} rows, and {} has {}",
            reader.rows(),
            split.features,
            split.rows
        )));
    }
    let entry = |row| match reader.ints(row).as_deref() {
        Some(&[line, step]) if line >= 0 && step >= 0 => Ok(([line, step], row)),
        _ => Err(no_index(format!("row {row} is no line and step"))),
    };
    let mut order = (0..reader.rows())
        .map(entry)
        .collect::<Result<Vec<_>, _>>()?;
    order.sort_unstable();
    Ok(order)
}

/// The lines of `recordings.jsonl` that have rows, with their numbers.
fn lines(folder: &Path, order: &[Entry]) -> Result<Vec<(i32, Recording)>, InspectError> {
    let path = folder.join(RECORDINGS_FILE);
    let mut wanted = order.iter().map(|([line, _], _)| *line).peekable();
    let mut found = Vec::new();
    for (number, record) in (0..).zip(JsonlReader::<RecordingRecord<'static>>::open(&path)?) {
        let record = record?;
        if wanted.next_if_eq(&number).is_none() {
            continue;
        }
        while wanted.next_if_eq(&number).is_some() {}
        found.push((number, Recording::of(record)));
    }
    match wanted.next() {
        None => Ok(found),
        Some(line) => Err(InspectError::NoOrigin {
            path,
            reason: format!("it has no line {line}, counted from 0, which the index names"),
        }),
    }
}

impl Recording {
    fn of(record: RecordingRecord<'_>) -> Self {
        Self {
            start: record.start.unwrap_or(0.0),
            name: record.name(),
        }
    }
}

impl Heard {
    /// Joins rows that continue each other: those of `steps` embeddings that begin
    /// where the one before has its last or before.
    fn join(&mut self, order: &[Entry], lines: Vec<(i32, Recording)>, steps: usize) {
        let mut lines = lines.into_iter();
        let mut before: Option<[i32; 2]> = None;
        for &([line, step], row) in order {
            if before.is_none_or(|[last, _]| last != line) {
                self.recordings.extend(lines.next().map(|(_, of)| of));
            }
            let continues = self.hop <= steps && before == Some([line, step - self.hop as i32]);
            before = Some([line, step]);
            match self.stretches.last_mut().filter(|_| continues) {
                Some(stretch) => stretch.add(row),
                None => self.stretches.push(Stretch {
                    recording: self.recordings.len() - 1,
                    step: step as u64,
                    rows: std::iter::once(row..row + 1).collect(),
                }),
            }
        }
    }
}

impl Stretch {
    fn add(&mut self, row: usize) {
        match self.rows.last_mut() {
            Some(last) if last.end == row => last.end += 1,
            _ => self.rows.push(row..row + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::single_range_in_vec_init,
        reason = "stretches of one run of rows"
    )]
    fn rows_are_joined_where_they_continue_each_other() {
        let recording = |name: &str| Recording {
            name: name.to_owned(),
            start: 0.0,
        };
        let mut heard = Heard {
            recordings: Vec::new(),
            stretches: Vec::new(),
            hop: 16,
            layout: Layout::Rows,
        };
        // Two recordings in turns; the first has a row left out, the second a gap.
        let mut order = vec![
            ([1, 0], 0),
            ([1, 16], 1),
            ([4, 0], 2),
            ([1, 48], 3),
            ([4, 23], 4),
            ([4, 39], 5),
        ];
        order.sort_unstable();
        let lines = vec![(1, recording("a")), (4, recording("b"))];
        heard.join(&order, lines, 16);
        let stretches: Vec<_> = heard
            .stretches
            .iter()
            .map(|of| (of.recording, of.step, &of.rows[..]))
            .collect();
        assert_eq!(
            stretches,
            [
                (0, 0, &[0..2][..]),
                (0, 48, &[3..4]),
                (1, 0, &[2..3]),
                (1, 23, &[4..6])
            ]
        );
    }
}

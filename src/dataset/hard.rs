//! `hard.jsonl`: of each negative split the rows that a classifier scores highest.
//!
//! While a build runs, a file beside it gets a line of every row that is among the
//! highest so far: it only grows, so that a build can go on from any commit, and
//! stays short, as fewer and fewer rows are.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::jsonl::{JsonlReader, JsonlWriter};
use super::layout::{HARD_FILE, HARD_SO_FAR_FILE};
use super::partial::{Committed, WriteError, partial_path};

/// One line of `hard.jsonl`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct HardRecord<'a> {
    /// The split.
    pub split: Cow<'a, str>,
    /// The row in its feature file.
    pub row: u64,
    /// The clip or recording.
    pub clip: Cow<'a, str>,
    /// The round, or of a recording its row.
    pub round: u32,
    /// What the classifier says.
    pub score: f32,
}

/// The rows of each split that are scored highest, so many at most.
#[derive(Debug, Default)]
pub struct Hardest {
    most: usize,
    /// In the order of the splits, the highest first.
    splits: Vec<Vec<HardRecord<'static>>>,
}

impl Hardest {
    /// Of each split so many rows.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            splits: Vec::new(),
        }
    }

    /// Takes a row, if it is among the highest of its split; rows come in order.
    /// Of two with one score the first is the higher.
    pub fn take(&mut self, record: &HardRecord<'_>) -> bool {
        let of = |split: &Vec<HardRecord<'_>>| split.first().map(|of| of.split == record.split);
        let known = self.splits.iter().position(|split| of(split) == Some(true));
        let index = known.unwrap_or(self.splits.len());
        let split = self.splits.get(index).map_or(&[][..], Vec::as_slice);
        let place = split.partition_point(|of| of.score >= record.score);
        if place >= self.most {
            return false;
        }
        if known.is_none() {
            self.splits.push(Vec::new());
        }
        let record = HardRecord {
            split: record.split.to_string().into(),
            row: record.row,
            clip: record.clip.to_string().into(),
            round: record.round,
            score: record.score,
        };
        self.splits[index].insert(place, record);
        self.splits[index].truncate(self.most);
        true
    }

    /// All of them, in order.
    pub fn into_records(self) -> Vec<HardRecord<'static>> {
        self.splits.into_iter().flatten().collect()
    }

    /// Writes them into a folder; the file's hash.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write(&self, folder: &Path) -> Result<String, WriteError> {
        let mut lines = JsonlWriter::create(&folder.join(HARD_FILE))?;
        for record in self.splits.iter().flatten() {
            lines.append(record)?;
        }
        Ok(lines.finish()?.sha256)
    }
}

/// The rows scored highest so far, and the file that tells them after a crash.
pub(super) struct HardFile {
    hardest: Hardest,
    lines: JsonlWriter,
}

impl HardFile {
    /// Makes it, or opens it where the last commit left it.
    pub(super) fn open(
        folder: &Path,
        most: usize,
        last: Option<&Committed>,
    ) -> Result<Self, WriteError> {
        let path = folder.join(HARD_SO_FAR_FILE);
        let mut hardest = Hardest::new(most);
        let Some(last) = last else {
            let lines = JsonlWriter::create(&path)?;
            return Ok(Self { hardest, lines });
        };
        let lines = JsonlWriter::open_at(&path, last)?;
        let unread = |error: &dyn std::fmt::Display| WriteError::Value {
            path: path.clone(),
            reason: error.to_string(),
        };
        let known = JsonlReader::<HardRecord<'static>>::open(&partial_path(&path));
        for record in known.map_err(|error| unread(&error))? {
            hardest.take(&record.map_err(|error| unread(&error))?);
        }
        Ok(Self { hardest, lines })
    }

    /// Takes a row.
    pub(super) fn take(&mut self, record: &HardRecord<'_>) -> Result<(), WriteError> {
        match self.hardest.take(record) {
            true => self.lines.append(record),
            false => Ok(()),
        }
    }

    /// Makes durable what was taken.
    pub(super) fn sync(&mut self) -> Result<Committed, WriteError> {
        self.lines.sync()
    }

    /// Writes `hard.jsonl`, and leaves what it was made of, until the data set is
    /// complete: a crash before may go on from there.
    pub(super) fn finish(&self, folder: &Path) -> Result<String, WriteError> {
        self.hardest.write(folder)
    }
}

/// The lines of a folder's `hard.jsonl`, in order.
///
/// # Errors
/// What cannot be read, in words.
pub fn read(folder: &Path) -> Result<Vec<HardRecord<'static>>, String> {
    let lines = JsonlReader::open(&folder.join(HARD_FILE)).map_err(|error| error.to_string())?;
    let lines: Result<_, _> = lines.collect();
    lines.map_err(|error: super::jsonl::JsonlError| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(split: &'static str, row: u64, score: f32) -> HardRecord<'static> {
        HardRecord {
            split: split.into(),
            row,
            clip: "a.wav".into(),
            round: 0,
            score,
        }
    }

    /// The rows of a file in a folder, by split.
    fn rows(folder: &Path) -> Vec<(String, u64)> {
        let read = read(folder).unwrap().into_iter();
        read.map(|of| (of.split.into_owned(), of.row)).collect()
    }

    #[test]
    fn the_highest_of_each_split_are_kept_and_a_crash_loses_none() {
        let scores = |row: u64| ((row * 7919 % 101) / 2) as f32 / 101.0;
        let all: Vec<_> = (0..400)
            .map(|row| {
                let split = if row < 200 { "a" } else { "b" };
                record(split, row % 200, scores(row))
            })
            .collect();
        let folder = tempfile::tempdir().unwrap();
        let mut file = HardFile::open(folder.path(), 5, None).unwrap();
        for record in &all[..250] {
            file.take(record).unwrap();
        }
        let last = file.sync().unwrap();
        // What comes behind the commit is lost with the process.
        for record in &all[250..300] {
            file.take(record).unwrap();
        }
        drop(file);
        let mut file = HardFile::open(folder.path(), 5, Some(&last)).unwrap();
        for record in &all[250..] {
            file.take(record).unwrap();
        }
        file.finish(folder.path()).unwrap();
        let mut expected = Vec::new();
        for part in all.chunks(200) {
            let mut part = part.to_vec();
            // Stable: of equals the first comes first.
            part.sort_by(|a, b| b.score.total_cmp(&a.score));
            let part = part[..5].iter();
            expected.extend(part.map(|of| (of.split.to_string(), of.row)));
        }
        assert_eq!(rows(folder.path()), expected);
        // Those of parts, put together, are those of all.
        let mut whole = Hardest::new(5);
        for part in all.chunks(70) {
            let mut of_part = Hardest::new(5);
            part.iter().for_each(|record| {
                of_part.take(record);
            });
            for record in of_part.splits.iter().flatten() {
                whole.take(record);
            }
        }
        whole.write(folder.path()).unwrap();
        assert_eq!(rows(folder.path()), expected);
    }

    #[test]
    fn none_are_wanted() {
        let mut hardest = Hardest::new(0);
        assert!(!hardest.take(&record("a", 0, 1.0)));
    }
}

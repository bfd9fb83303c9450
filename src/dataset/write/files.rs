//! The files of a data set, opened where the last commit left them.

use std::path::Path;

use crate::dataset::audit::{AuditFiles, AuditSettings};
use crate::dataset::found::Found;
use crate::dataset::jsonl::JsonlWriter;
use crate::dataset::layout::{QUARANTINE_FILE, RECORDINGS_FILE, ROWS_FILE, index_file};
use crate::dataset::manifest::Hours;
use crate::dataset::npy::{Array, DType, NpyWriter};
use crate::dataset::partial::{self, Committed, WriteError as FileError};

use super::commit::{Commit, SplitCommit, TurnsCommit};
use super::error::WriteError;

/// What to write.
#[derive(Clone, Debug)]
pub struct WriteSettings {
    /// The splits, in order.
    pub splits: Vec<SplitSettings>,
    /// Shape of one row: timesteps and embedding size.
    pub row_shape: [usize; 2],
    /// Whether to write `rows.jsonl`.
    pub rows: bool,
    /// What the audit writes, where there is one.
    pub audit: Option<AuditSettings>,
    /// Spans that may be left out before the build fails; `None` fails it at
    /// the first.
    pub tolerated: Option<u64>,
}

/// What to write of a split.
#[derive(Clone, Debug)]
pub struct SplitSettings {
    /// Its name.
    pub name: String,
    /// Its feature file.
    pub features: String,
    /// The type of the values in it.
    pub dtype: DType,
    /// Where it has recordings.
    pub recordings: Option<RecordingsSettings>,
}

/// What to write of a split's recordings.
#[derive(Clone, Debug)]
pub struct RecordingsSettings {
    /// How many are listed.
    pub count: u32,
    /// Whether the feature file has a row for each embedding.
    pub steps: bool,
    /// Whether rows have lines in `rows.jsonl`: they are augmented.
    pub lines: bool,
    /// Seconds from one row to the next.
    pub hop_seconds: f64,
}

impl SplitSettings {
    /// What the feature file's rows are.
    fn array(&self, [steps, size]: [usize; 2]) -> Array {
        let flat = self.recordings.as_ref().is_some_and(|of| of.steps);
        Array {
            dtype: self.dtype,
            row_shape: if flat { vec![size] } else { vec![steps, size] },
        }
    }
}

/// The rows of an index: line of a recording, and step in it.
pub(in crate::dataset) fn index_array() -> Array {
    Array {
        dtype: DType::Int32,
        row_shape: vec![2],
    }
}

/// All files of a writer.
pub(super) struct Files {
    pub(super) splits: Vec<SplitWriter>,
    pub(super) rows: Option<JsonlWriter>,
    pub(super) quarantine: JsonlWriter,
    pub(super) recordings: Option<JsonlWriter>,
    pub(super) audit: Option<AuditFiles>,
}

impl Files {
    /// Makes all files, or opens them where the last commit left them.
    pub(super) fn open(
        folder: &Path,
        settings: &WriteSettings,
        last: Option<&Commit>,
    ) -> Result<Self, WriteError> {
        let mut splits = Vec::with_capacity(settings.splits.len());
        for (index, split) in settings.splits.iter().enumerate() {
            let last = last.and_then(|last| last.splits.get(index));
            splits.push(SplitWriter::open(folder, split, settings.row_shape, last)?);
        }
        let lines = |name, last: Option<&Committed>| match last {
            Some(last) => JsonlWriter::open_at(&folder.join(name), last),
            None => JsonlWriter::create(&folder.join(name)),
        };
        let rows = || lines(ROWS_FILE, last.and_then(|last| last.lines.as_ref()));
        let files = Self {
            rows: settings.rows.then(rows).transpose()?,
            audit: settings
                .audit
                .map(|audit| {
                    let last = last.and_then(|last| last.audit.as_ref());
                    AuditFiles::open(folder, audit, last)
                })
                .transpose()?,
            quarantine: lines(QUARANTINE_FILE, last.map(|last| &last.quarantine))?,
            recordings: settings
                .splits
                .iter()
                .any(|split| split.recordings.is_some())
                .then(|| {
                    lines(
                        RECORDINGS_FILE,
                        last.and_then(|last| last.recordings.as_ref()),
                    )
                })
                .transpose()?,
            splits,
        };
        let any = folder.join(QUARANTINE_FILE);
        partial::sync_folder(&any).map_err(FileError::io("sync the folder of", &any))?;
        Ok(files)
    }

    /// Makes durable everything that was written, and says what that is, with
    /// `spans` spans taken.
    pub(super) fn sync(
        &mut self,
        spans: u64,
        turns: Option<TurnsCommit>,
    ) -> Result<Commit, FileError> {
        let sync = |split: &mut SplitWriter| {
            Ok(SplitCommit {
                index: split.index.as_mut().map(NpyWriter::sync).transpose()?,
                recordings: split
                    .settings
                    .recordings
                    .as_ref()
                    .map(|_| split.hours.clone()),
                rows: split.rows(),
                left_out: split.left_out,
                unwanted: split.unwanted,
                audit: split.audit.clone(),
                found: split.found.clone(),
                data: split.npy.sync()?,
            })
        };
        Ok(Commit {
            spans,
            splits: self.splits.iter_mut().map(sync).collect::<Result<_, _>>()?,
            lines: self.rows.as_mut().map(JsonlWriter::sync).transpose()?,
            quarantine: self.quarantine.sync()?,
            audit: self.audit.as_mut().map(AuditFiles::sync).transpose()?,
            recordings: self
                .recordings
                .as_mut()
                .map(JsonlWriter::sync)
                .transpose()?,
            turns,
        })
    }
}

/// The files of one split.
pub(super) struct SplitWriter {
    pub(super) settings: SplitSettings,
    pub(super) npy: NpyWriter,
    /// Rows of the file that one row is.
    pub(super) steps: u64,
    pub(super) index: Option<NpyWriter>,
    pub(super) left_out: u64,
    pub(super) unwanted: u64,
    pub(super) audit: Found,
    pub(super) found: Found,
    pub(super) hours: Hours,
}

impl SplitWriter {
    fn open(
        folder: &Path,
        settings: &SplitSettings,
        row_shape: [usize; 2],
        last: Option<&SplitCommit>,
    ) -> Result<Self, WriteError> {
        let npy = |name: &str, array: Array, last: Option<&Committed>| {
            let path = folder.join(name);
            match last {
                Some(last) => NpyWriter::open_at(&path, array, last),
                None => NpyWriter::create(&path, array),
            }
        };
        let array = settings.array(row_shape);
        let steps = match array.row_shape.len() {
            1 => row_shape[0] as u64,
            _ => 1,
        };
        let of_index = last.and_then(|last| last.index.as_ref());
        let index = settings.recordings.is_some();
        let index = index.then(|| npy(&index_file(&settings.name), index_array(), of_index));
        let hours = last.and_then(|last| last.recordings.clone());
        Ok(Self {
            npy: npy(&settings.features, array, last.map(|last| &last.data))?,
            steps,
            index: index.transpose()?,
            left_out: last.map_or(0, |last| last.left_out),
            unwanted: last.map_or(0, |last| last.unwanted),
            audit: last.map(|last| last.audit.clone()).unwrap_or_default(),
            found: last.map(|last| last.found.clone()).unwrap_or_default(),
            hours: hours.unwrap_or_else(|| Hours {
                index: index_file(&settings.name),
                ..Hours::default()
            }),
            settings: settings.clone(),
        })
    }

    /// Rows in it.
    pub(super) fn rows(&self) -> u64 {
        self.npy.rows() / self.steps
    }
}

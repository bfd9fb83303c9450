//! The files of a data set, opened where the last commit left them.

use std::path::Path;

use crate::dataset::found::Found;
use crate::dataset::jsonl::JsonlWriter;
use crate::dataset::layout::{QUARANTINE_FILE, ROWS_FILE};
use crate::dataset::npy::NpyWriter;
use crate::dataset::partial::{self, Committed, WriteError as FileError};

use super::commit::{Commit, SplitCommit};
use super::error::WriteError;

/// What to write.
#[derive(Clone, Debug)]
pub struct WriteSettings {
    /// Name and feature file of each split.
    pub splits: Vec<(String, String)>,
    /// Shape of one row: timesteps and embedding size.
    pub row_shape: [usize; 2],
    /// Whether to write `rows.jsonl`.
    pub rows: bool,
    /// Spans that may be left out before the build fails; `None` fails it at
    /// the first.
    pub tolerated: Option<u64>,
}

/// All files of a writer.
pub(super) struct Files {
    pub(super) splits: Vec<SplitWriter>,
    pub(super) rows: Option<JsonlWriter>,
    pub(super) quarantine: JsonlWriter,
}

impl Files {
    /// Makes all files, or opens them where the last commit left them.
    pub(super) fn open(
        folder: &Path,
        settings: &WriteSettings,
        last: Option<&Commit>,
    ) -> Result<Self, WriteError> {
        let mut splits = Vec::with_capacity(settings.splits.len());
        for (index, (name, features)) in settings.splits.iter().enumerate() {
            let path = folder.join(features);
            let last = last.and_then(|last| last.splits.get(index));
            splits.push(SplitWriter {
                name: name.clone(),
                features: features.clone(),
                npy: match last {
                    Some(last) => NpyWriter::open_at(&path, settings.row_shape, &last.data)?,
                    None => NpyWriter::create(&path, settings.row_shape)?,
                },
                left_out: last.map_or(0, |last| last.left_out),
                found: last.map(|last| last.found.clone()).unwrap_or_default(),
            });
        }
        let lines = |name, last: Option<&Committed>| match last {
            Some(last) => JsonlWriter::open_at(&folder.join(name), last),
            None => JsonlWriter::create(&folder.join(name)),
        };
        let rows = || lines(ROWS_FILE, last.and_then(|last| last.lines.as_ref()));
        let files = Self {
            rows: settings.rows.then(rows).transpose()?,
            quarantine: lines(QUARANTINE_FILE, last.map(|last| &last.quarantine))?,
            splits,
        };
        let any = folder.join(QUARANTINE_FILE);
        partial::sync_folder(&any).map_err(FileError::io("sync the folder of", &any))?;
        Ok(files)
    }

    /// Makes durable everything that was written, and says what that is, with
    /// `spans` spans taken.
    pub(super) fn sync(&mut self, spans: u64) -> Result<Commit, FileError> {
        let sync = |split: &mut SplitWriter| {
            Ok(SplitCommit {
                rows: split.npy.rows(),
                left_out: split.left_out,
                found: split.found.clone(),
                data: split.npy.sync()?,
            })
        };
        Ok(Commit {
            spans,
            splits: self.splits.iter_mut().map(sync).collect::<Result<_, _>>()?,
            lines: self.rows.as_mut().map(JsonlWriter::sync).transpose()?,
            quarantine: self.quarantine.sync()?,
        })
    }
}

/// The files of one split.
pub(super) struct SplitWriter {
    pub(super) name: String,
    pub(super) features: String,
    pub(super) npy: NpyWriter,
    pub(super) left_out: u64,
    pub(super) found: Found,
}

//! What a commit says, and opening files where one left them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::dataset::jsonl::JsonlWriter;
use crate::dataset::npy::NpyWriter;
use crate::dataset::partial::{self, Committed, WriteError as FileError};

use super::{SplitWriter, WriteError, WriteSettings, Writer};
use crate::dataset::layout::{QUARANTINE_FILE, ROWS_FILE};

/// How far the files have come: everything before `clips` is in them and on
/// the disk, each clip as rows or as a line in `quarantine.jsonl`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Commit {
    /// Clips of all splits, in order.
    pub clips: u64,
    /// What each split has come to.
    pub splits: Vec<SplitCommit>,
    /// `rows.jsonl`, where it is written.
    pub lines: Option<Committed>,
    /// `quarantine.jsonl`.
    pub quarantine: Committed,
}

/// How far one split has come.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitCommit {
    /// Rows in the feature file.
    pub rows: u64,
    /// Clips left out.
    pub left_out: u64,
    /// The data in the feature file, without its header.
    pub data: Committed,
}

impl Commit {
    /// Rows, of all splits.
    pub fn rows(&self) -> u64 {
        self.splits.iter().map(|split| split.rows).sum()
    }

    /// Clips left out, of all splits.
    pub fn left_out(&self) -> u64 {
        self.splits.iter().map(|split| split.left_out).sum()
    }
}

impl Writer<'_> {
    /// Makes everything that was taken durable.
    pub(super) fn sync(&mut self) -> Result<Commit, FileError> {
        let sync = |split: &mut SplitWriter| {
            Ok(SplitCommit {
                rows: split.npy.rows(),
                left_out: split.left_out,
                data: split.npy.sync()?,
            })
        };
        Ok(Commit {
            clips: self.clips,
            splits: self.splits.iter_mut().map(sync).collect::<Result<_, _>>()?,
            lines: self.rows.as_mut().map(JsonlWriter::sync).transpose()?,
            quarantine: self.quarantine.sync()?,
        })
    }
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
}

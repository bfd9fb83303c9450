//! The sink: rows to feature files, `rows.jsonl` and `quarantine.jsonl`.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::flow::{BoxError, Focus, Seq, Sink};
use crate::formats::jsonl::JsonlWriter;
use crate::formats::npy::NpyWriter;
use crate::formats::partial;
use crate::records::{Batch, Clip, ClipId, Embedding, Provenance, Rejection, Row, Rows, Trouble};

use super::Buffers;

/// Name of the file with one line a row.
pub const ROWS_FILE: &str = "rows.jsonl";
/// Name of the file with one line a clip left out.
pub const QUARANTINE_FILE: &str = "quarantine.jsonl";

/// Writes the data set, in order.
pub struct Writer<'a> {
    splits: Vec<SplitWriter>,
    rows: Option<JsonlWriter>,
    quarantine: JsonlWriter,
    /// Clips that may be left out before the build fails; `None` fails it at
    /// the first.
    tolerated: Option<u64>,
    left_out: u64,
    buffers: Buffers,
    told: Box<dyn FnMut(&Taken<'_>) + Send + 'a>,
}

/// What to write.
#[derive(Clone, Debug)]
pub struct WriteSettings {
    /// Name and feature file of each split.
    pub splits: Vec<(String, String)>,
    /// Shape of one row: timesteps and embedding size.
    pub row_shape: [usize; 2],
    /// Whether to write `rows.jsonl`.
    pub rows: bool,
    /// Clips that may be left out before the build fails; `None` fails it at
    /// the first.
    pub tolerated: Option<u64>,
}

/// What the writer has just taken.
#[derive(Debug)]
pub struct Taken<'a> {
    /// Index of the split.
    pub split: usize,
    /// Clips written.
    pub clips: u64,
    /// Rows written.
    pub rows: u64,
    /// Bytes written to the feature file.
    pub bytes: u64,
    /// Clips left out, with the reason.
    pub left_out: &'a [(ClipId, Rejection)],
}

/// What one split came to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitWritten {
    /// The split's name.
    pub name: String,
    /// Its feature file.
    pub features: String,
    /// Rows in it.
    pub rows: u64,
    /// Clips left out.
    pub left_out: u64,
    /// SHA-256 of the feature file.
    pub sha256: String,
}

/// Why the writer stopped.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A clip could not be processed, and none may be left out.
    #[error(
        "split '{split}', clip '{clip}', {stage}: {reason}\n  mend or remove the clip, or leave such clips out with failures.policy = \"skip\""
    )]
    Rejected {
        /// The split.
        split: String,
        /// The clip.
        clip: String,
        /// The stage that refused it.
        stage: &'static str,
        /// The kind of trouble.
        kind: Trouble,
        /// Why.
        reason: String,
    },
    /// More clips were left out than allowed.
    #[error(
        "{left_out} clips left out, more than failures.max_rate allows ({tolerated}); the last was '{clip}', {stage}: {reason}"
    )]
    TooMany {
        /// Clips left out.
        left_out: u64,
        /// Clips that may be.
        tolerated: u64,
        /// The last one.
        clip: String,
        /// The stage that refused it.
        stage: &'static str,
        /// The kind of trouble.
        kind: Trouble,
        /// Why.
        reason: String,
    },
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] partial::WriteError),
}

struct SplitWriter {
    name: String,
    features: String,
    npy: NpyWriter,
    left_out: u64,
}

/// One line of `rows.jsonl`.
#[derive(Serialize)]
struct RowLine<'a> {
    split: &'a str,
    row: u64,
    clip: &'a str,
    round: u32,
    #[serde(flatten)]
    provenance: &'a Provenance,
}

/// One line of `quarantine.jsonl`.
#[derive(Serialize)]
struct QuarantineLine<'a> {
    split: &'a str,
    clip: &'a str,
    #[serde(flatten)]
    rejection: &'a Rejection,
}

impl<'a> Writer<'a> {
    /// Opens all files in a folder; `told` is called after each batch.
    pub fn create(
        folder: &Path,
        settings: WriteSettings,
        buffers: Buffers,
        told: impl FnMut(&Taken<'_>) + Send + 'a,
    ) -> Result<Self, WriteError> {
        let mut splits = Vec::with_capacity(settings.splits.len());
        for (name, features) in settings.splits {
            let npy = NpyWriter::create(&folder.join(&features), settings.row_shape)?;
            splits.push(SplitWriter {
                name,
                features,
                npy,
                left_out: 0,
            });
        }
        let rows = folder.join(ROWS_FILE);
        Ok(Self {
            splits,
            rows: settings
                .rows
                .then(|| JsonlWriter::create(&rows))
                .transpose()?,
            quarantine: JsonlWriter::create(&folder.join(QUARANTINE_FILE))?,
            tolerated: settings.tolerated,
            left_out: 0,
            buffers,
            told: Box::new(told),
        })
    }

    /// Completes all files and gives them their final names.
    pub fn finish(self) -> Result<Vec<SplitWritten>, WriteError> {
        if let Some(rows) = self.rows {
            rows.finish()?;
        }
        self.quarantine.finish()?;
        let finish = |split: SplitWriter| {
            let summary = split.npy.finish()?;
            Ok(SplitWritten {
                name: split.name,
                features: split.features,
                rows: summary.rows,
                left_out: split.left_out,
                sha256: summary.sha256,
            })
        };
        self.splits.into_iter().map(finish).collect()
    }

    fn write_rows(
        &mut self,
        split: usize,
        clip: &ClipId,
        rows: &Rows<Embedding>,
    ) -> Result<(), WriteError> {
        let split = &mut self.splits[split];
        for Row {
            round,
            data,
            provenance,
        } in rows
        {
            if let Some(lines) = &mut self.rows {
                lines.append(&RowLine {
                    split: &split.name,
                    row: split.npy.rows(),
                    clip: &clip.name,
                    round: *round,
                    provenance,
                })?;
            }
            split.npy.append(data)?;
        }
        Ok(())
    }

    fn leave_out(
        &mut self,
        split: usize,
        clip: &ClipId,
        rejection: &Rejection,
    ) -> Result<(), WriteError> {
        let split = &mut self.splits[split];
        let clip_name = clip.name.to_string();
        let Rejection { stage, kind, .. } = *rejection;
        let reason = rejection.reason.clone();
        let Some(tolerated) = self.tolerated else {
            return Err(WriteError::Rejected {
                split: split.name.clone(),
                clip: clip_name,
                stage,
                kind,
                reason,
            });
        };
        self.quarantine.append(&QuarantineLine {
            split: &split.name,
            clip: &clip.name,
            rejection,
        })?;
        split.left_out += 1;
        self.left_out += 1;
        if self.left_out > tolerated {
            return Err(WriteError::TooMany {
                left_out: self.left_out,
                tolerated,
                clip: clip_name,
                stage,
                kind,
                reason,
            });
        }
        Ok(())
    }
}

impl Sink for Writer<'_> {
    type In = Batch<Rows<Embedding>>;

    fn name(&self) -> &'static str {
        "write"
    }

    fn take(&mut self, _: Seq, batch: Self::In, focus: &mut Focus) -> Result<(), BoxError> {
        let split = batch.split;
        let (mut clips, mut rows, mut bytes) = (0, 0, 0);
        let mut left_out = Vec::new();
        for Clip { id, state } in batch.clips {
            focus.set(&id.name);
            match state {
                Ok(made) => {
                    self.write_rows(split, &id, &made)?;
                    clips += 1;
                    rows += made.len() as u64;
                    for row in made {
                        bytes += size_of_val(row.data.as_slice()) as u64;
                        self.buffers.embedding.give(row.data);
                    }
                }
                Err(rejection) => {
                    self.leave_out(split, &id, &rejection)?;
                    left_out.push((id, rejection));
                }
            }
        }
        (self.told)(&Taken {
            split,
            clips,
            rows,
            bytes,
            left_out: &left_out,
        });
        Ok(())
    }
}

//! The sink: rows to feature files, `rows.jsonl` and `quarantine.jsonl`.
//!
//! Every few seconds, and when it ends, the writer commits: it syncs what it
//! has written, and then appends to a journal how much that is. Whatever
//! happens after that, those clips need not be built again.

mod audit;
pub mod commit;
pub mod error;
mod files;
mod finish;
mod turns;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ndarray::Axis;

pub use commit::{Commit, SplitCommit, TurnsCommit};
pub use error::WriteError;
pub(super) use files::index_array;
pub use files::{RecordingsSettings, SplitSettings, WriteSettings};
pub use finish::{Finished, FinishedLines, Written};

use super::journal::Journal;
use super::rows::{QuarantineRecord, RowRecord};
use crate::records::{ClipId, Met, Noted, Rejection, Row, Span, Trouble};

use super::sink::{RowBlock, RowSink};
use files::Files;

/// Writes the data set, in order.
pub struct Writer<'a> {
    folder: PathBuf,
    files: Files,
    /// Spans that may be left out before the build fails; `None` fails it at
    /// the first.
    tolerated: Option<u64>,
    left_out: u64,
    journal: Journal,
    /// Spans taken, of all splits.
    spans: u64,
    /// How far the turns of the last split of recordings have come.
    turns: Option<TurnsCommit>,
    /// As many as the last commit holds.
    kept: u64,
    /// Whether what was written ends within a span.
    broken: bool,
    /// Whether it is within a visit: some of its rows are written, and the turns do not
    /// know of it yet.
    midway: bool,
    told: Box<Hear<'a>>,
}

/// Hears what the writer tells.
type Hear<'a> = dyn FnMut(Told<'_>) + Send + 'a;

/// What the writer tells.
#[derive(Debug)]
pub enum Told<'a> {
    /// It has taken a batch.
    Taken(Taken<'a>),
    /// It has made a step that a crash must be able to follow.
    Step(Step),
}

/// The steps after which the files are in another state for a resumed build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Everything is on the disk, and the journal does not know yet.
    Synced,
    /// The journal knows.
    Committed,
    /// A file has its final name.
    Renamed,
}

/// What the writer has just taken.
#[derive(Debug)]
pub struct Taken<'a> {
    /// Index of the split.
    pub split: usize,
    /// Spans written.
    pub spans: u64,
    /// Rows written.
    pub rows: u64,
    /// Bytes written to the feature file.
    pub bytes: u64,
    /// Seconds of recordings that were decoded.
    pub seconds: f64,
    /// The clips of spans left out, with the reason.
    pub left_out: &'a [(ClipId, Rejection)],
    /// What the visit of a recording came to, where it was one.
    pub met: Option<&'a Met>,
    /// What the audit found.
    pub noted: &'a [Noted],
}

impl<'a> Writer<'a> {
    /// Opens all files in a folder, at the state of the journal's last commit;
    /// `told` hears of each batch and step.
    ///
    /// # Errors
    /// [`WriteError`]: a file cannot be made, or does not hold what was
    /// committed to it; too many clips were left out already.
    pub fn open(
        folder: &Path,
        settings: WriteSettings,
        journal: Journal,
        last: Option<&Commit>,
        told: impl FnMut(Told<'_>) + Send + 'a,
    ) -> Result<Self, WriteError> {
        let (left_out, tolerated) = (last.map_or(0, Commit::failed), settings.tolerated);
        if left_out > tolerated.unwrap_or(0) {
            return Err(WriteError::TooManyBefore {
                left_out,
                tolerated: tolerated.unwrap_or(0),
            });
        }
        let files = Files::open(folder, &settings, last)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            files,
            tolerated,
            left_out,
            journal,
            spans: last.map_or(0, |last| last.spans),
            turns: last.and_then(|last| last.turns.clone()),
            kept: last.map_or(0, |last| last.spans),
            broken: false,
            midway: false,
            told: Box::new(told),
        })
    }

    /// Spans taken, of all splits.
    pub fn spans(&self) -> u64 {
        self.spans
    }

    /// Spans that a resumed build need not take again.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    fn take_block(
        &mut self,
        block: RowBlock,
        at: &mut dyn FnMut(&Arc<str>),
    ) -> Result<(), WriteError> {
        let RowBlock { batch, values } = block;
        if batch.visit.is_some() {
            return self.take_visit(batch, &values, at);
        }
        let split = batch.split;
        let made = batch
            .spans
            .iter()
            .filter_map(|span| span.state.as_ref().ok());
        let (claimed, found) = (made.map(Vec::len).sum(), values.len_of(Axis(0)));
        if claimed != found {
            return Err(WriteError::Block { claimed, found });
        }
        let values = values.as_standard_layout();
        let width = values.len() / claimed.max(1);
        let mut values = values.as_slice().unwrap_or_default().chunks(width.max(1));
        let (mut spans, mut rows, mut bytes) = (0, 0, 0);
        let mut noted = Vec::new();
        let mut left_out = Vec::new();
        for span in batch.spans {
            let Span {
                id,
                rounds,
                state,
                findings,
            } = span;
            at(&id.name);
            match state {
                Ok(made) => {
                    self.files.splits[split].found.add(&id.name, &findings);
                    for (row, values) in made.iter().zip(&mut values) {
                        self.write_row(split, &id, row, values)?;
                        bytes += size_of_val(values) as u64;
                    }
                    self.note_scores(split, &id, &made, findings.audit.as_deref())?;
                    spans += 1;
                    rows += made.len() as u64;
                }
                Err(rejection) => {
                    self.leave_out(split, &id, rounds.start, &rejection)?;
                    left_out.push((id.clone(), rejection));
                }
            }
            // Behind what may end the build here, and is taken again then.
            let first = rounds.start == 0;
            self.write_audit(split, &id, first, findings.audit.as_deref())?;
            let audit = findings.audit.into_iter();
            noted.extend(audit.flat_map(|audit| audit.noted));
            self.spans += 1;
        }
        (self.told)(Told::Taken(Taken {
            split,
            spans,
            rows,
            bytes,
            seconds: 0.0,
            left_out: &left_out,
            noted: &noted,
            met: None,
        }));
        Ok(())
    }

    fn write_row(
        &mut self,
        split: usize,
        clip: &ClipId,
        row: &Row<()>,
        values: &[f32],
    ) -> Result<(), WriteError> {
        let split = &mut self.files.splits[split];
        let recordings = split.settings.recordings.as_ref();
        if let Some(lines) = self
            .files
            .rows
            .as_mut()
            .filter(|_| recordings.is_none_or(|of| of.lines))
        {
            lines.append(&RowRecord {
                split: Cow::Borrowed(&split.settings.name),
                row: split.rows(),
                clip: Cow::Borrowed(&clip.name),
                round: row.round,
                provenance: Cow::Borrowed(&row.provenance),
            })?;
        }
        split.npy.append(values)?;
        Ok(())
    }

    fn leave_out(
        &mut self,
        split: usize,
        clip: &ClipId,
        round: u32,
        rejection: &Rejection,
    ) -> Result<(), WriteError> {
        let split = &mut self.files.splits[split];
        let clip_name = clip.name.to_string();
        let Rejection { stage, kind, .. } = *rejection;
        let reason = rejection.reason.clone();
        if kind == Trouble::Forbidden {
            return Err(WriteError::Forbidden {
                split: split.settings.name.clone(),
                clip: clip_name,
                reason,
            });
        }
        // A rule is no failure.
        let failed = kind != Trouble::Unwanted;
        if failed && self.tolerated.is_none() {
            return Err(WriteError::Rejected {
                split: split.settings.name.clone(),
                clip: clip_name,
                stage,
                kind,
                reason,
            });
        }
        if failed && self.tolerated == Some(self.left_out) {
            return Err(WriteError::TooMany {
                left_out: self.left_out + 1,
                tolerated: self.left_out,
                clip: clip_name,
                stage,
                kind,
                reason,
            });
        }
        self.files.quarantine.append(&QuarantineRecord {
            split: Cow::Borrowed(&split.settings.name),
            clip: Cow::Borrowed(&clip.name),
            round,
            stage: Cow::Borrowed(stage),
            reason: Cow::Borrowed(&rejection.reason),
        })?;
        split.left_out += 1;
        split.unwanted += u64::from(!failed);
        self.left_out += u64::from(failed);
        Ok(())
    }
}

impl RowSink for Writer<'_> {
    fn take(&mut self, block: RowBlock, at: &mut dyn FnMut(&Arc<str>)) -> Result<(), WriteError> {
        // Until proven otherwise: a panic may leave it within a span.
        self.broken = true;
        let taken = self.take_block(block, at);
        self.broken = taken
            .as_ref()
            .is_err_and(|error| self.midway || !error.leaves_order());
        taken
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        if self.broken {
            return Ok(());
        }
        // A failed write leaves open what is in the file.
        self.broken = true;
        let commit = self.files.sync(self.spans, self.turns.clone())?;
        (self.told)(Told::Step(Step::Synced));
        self.journal.append(&commit)?;
        (self.told)(Told::Step(Step::Committed));
        self.broken = false;
        self.kept = commit.spans;
        Ok(())
    }
}

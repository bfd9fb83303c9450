//! Visits of recordings: rows, their index, and a line for each recording.
//!
//! Recordings end in another order than they are listed in; their lines wait
//! for those before, a block of recordings at most.

use std::borrow::Cow;
use std::sync::Arc;

use ndarray::Array3;

use super::commit::TurnsCommit;
use super::{Taken, Told, WriteError, Writer};
use crate::dataset::layout::INDEX_STEP;
use crate::dataset::manifest::Hours;
use crate::dataset::rows::RecordingRecord;
use crate::records::{BLOCK, Batch, ClipId, Ended, Met, Noted, Places, Rejection, Rows, Visit};

/// What is told of a visit's piece, beside its rows.
#[derive(Default)]
struct Aside {
    left_out: Vec<(ClipId, Rejection)>,
    noted: Vec<Noted>,
}

impl Writer<'_> {
    /// Takes what a visit came to.
    pub(super) fn take_visit(
        &mut self,
        mut batch: Batch<Rows<()>>,
        values: &Array3<f32>,
        at: &mut dyn FnMut(&Arc<str>),
    ) -> Result<(), WriteError> {
        let Some(visit) = batch.visit.take() else {
            return Ok(());
        };
        let Some(met) = &visit.met else {
            return Ok(());
        };
        let split = batch.split;
        self.refuse_broken(split, met)?;
        self.refuse_forbidden(split, met)?;
        self.midway = true;
        let mut aside = Aside::default();
        let before = self.files.splits[split].rows();
        let bytes = self.write_rows(batch, values, (&visit, met), &mut aside, at)?;
        let rows = self.files.splits[split].rows() - before;
        let mut spans = 0;
        for ended in &met.ended {
            match ended.rejection() {
                Some(rejection) => aside.left_out.push(self.tell(split, ended, rejection)?),
                None => spans += 1,
            }
            self.audit_ended(split, ended, &mut aside)?;
        }
        self.note(split, &visit, met)?;
        self.midway = false;
        (self.told)(Told::Taken(Taken {
            split,
            spans,
            rows,
            bytes,
            seconds: met.seconds,
            left_out: &aside.left_out,
            noted: &aside.noted,
            met: Some(met),
        }));
        Ok(())
    }

    /// Writes what the audit found of a recording.
    fn audit_ended(
        &mut self,
        split: usize,
        ended: &Ended,
        aside: &mut Aside,
    ) -> Result<(), WriteError> {
        if let Some(audited) = &ended.findings.audit {
            self.write_audit(split, &of_no_file(&ended.name()), false, Some(audited))?;
            aside.noted.extend_from_slice(&audited.noted);
        }
        Ok(())
    }

    /// How far the turns of a split have come, which begin with a block.
    fn turns_of(&mut self, split: usize, block: u32) -> &mut TurnsCommit {
        let begun = self.turns.take().filter(|turns| turns.split == split);
        self.turns.insert(begun.unwrap_or_else(|| TurnsCommit {
            split,
            places: Places::at(block),
            lines: block * BLOCK,
            ..TurnsCommit::default()
        }))
    }

    /// Where nothing may be left out, the build stops before a fault.
    fn refuse_broken(&self, split: usize, met: &Met) -> Result<(), WriteError> {
        let Some(broken) = met.broken.first().filter(|_| self.tolerated.is_none()) else {
            return Ok(());
        };
        let Rejection {
            stage,
            kind,
            reason,
        } = broken.rejection.clone();
        Err(WriteError::Rejected {
            split: self.files.splits[split].settings.name.clone(),
            clip: broken.name.to_string(),
            stage,
            kind,
            reason,
        })
    }

    /// Where a rule of the audit says so, the build stops before anything is written of
    /// the visit; what began without the audit goes on without it.
    fn refuse_forbidden(&mut self, split: usize, met: &Met) -> Result<(), WriteError> {
        let mut ended = met.ended.iter().filter(|_| self.files.audit.is_some());
        match ended.find_map(|ended| Some((ended, ended.refused.clone()?))) {
            Some((ended, refused)) => {
                self.leave_out(split, &of_no_file(&ended.name()), 0, &refused)
            }
            None => Ok(()),
        }
    }

    /// Writes the rows of the visit's piece, and gives their bytes.
    fn write_rows(
        &mut self,
        batch: Batch<Rows<()>>,
        values: &Array3<f32>,
        (visit, met): (&Visit, &Met),
        aside: &mut Aside,
        at: &mut dyn FnMut(&Arc<str>),
    ) -> Result<u64, WriteError> {
        let split = batch.split;
        let (Some(span), Some(part)) = (batch.spans.into_iter().next(), &met.piece) else {
            return Ok(0);
        };
        at(&span.id.name);
        let claimed = part.rows().count();
        let audit = span.findings.audit.unwrap_or_default();
        let made = match span.state {
            Ok(made) => made,
            Err(rejection) => {
                self.leave_out(split, &span.id, span.rounds.start, &rejection)?;
                let turns = self.turns_of(split, visit.block);
                *turns.unmade.entry(part.recording).or_default() += claimed as u64;
                self.write_audit(split, &span.id, false, Some(&audit))?;
                aside.left_out.push((span.id, rejection));
                aside.noted = audit.noted;
                return Ok(0);
            }
        };
        let found = values.len_of(ndarray::Axis(0));
        if claimed != found || made.len() != found {
            return Err(WriteError::Block { claimed, found });
        }
        let line = self.line_of(split, part.recording);
        let values = values.as_standard_layout();
        let values = values.as_slice().unwrap_or_default();
        let width = values.len() / found.max(1);
        let rows = values.chunks(width.max(1)).zip(&made).zip(part.rows());
        for ((values, row), (_, sample)) in rows {
            self.write_row(split, &span.id, row, values)?;
            if let Some(index) = &mut self.files.splits[split].index {
                let step = i32::try_from(sample / INDEX_STEP).unwrap_or(i32::MAX);
                index.append_ints(&[line, step])?;
            }
        }
        self.note_scores(split, &span.id, &made, Some(&audit))?;
        self.write_audit(split, &span.id, false, Some(&audit))?;
        aside.noted = audit.noted;
        Ok(size_of_val(values) as u64)
    }

    /// The line that a recording has, or will have.
    fn line_of(&self, split: usize, recording: u32) -> i32 {
        let before = self.files.splits[..split].iter();
        let before = before.filter_map(|split| split.settings.recordings.as_ref());
        let line = before.map(|of| of.count).sum::<u32>() + recording;
        i32::try_from(line).unwrap_or(i32::MAX)
    }

    /// Tells of a recording that is broken or could not be read.
    fn tell(
        &mut self,
        split: usize,
        ended: &Ended,
        rejection: Rejection,
    ) -> Result<(ClipId, Rejection), WriteError> {
        let id = of_no_file(&ended.recording);
        self.leave_out(split, &id, 0, &rejection)?;
        Ok((id, rejection))
    }

    /// Takes note of how far the turns have come, and writes the lines that no
    /// other has to come before.
    fn note(&mut self, split: usize, visit: &Visit, met: &Met) -> Result<(), WriteError> {
        self.turns_of(split, visit.block);
        let Some(turns) = &mut self.turns else {
            return Ok(());
        };
        turns.places.note(visit, met);
        let of = &mut self.files.splits[split];
        for ended in &met.ended {
            self.spans += 1;
            of.found.add(&ended.recording, &ended.findings);
            let unmade = turns.unmade.remove(&ended.index).unwrap_or(0);
            let ended = Ended {
                rows: ended.rows - unmade.min(ended.rows),
                hash: ended.hash.filter(|_| self.files.audit.is_some()),
                ..ended.clone()
            };
            let hop = of
                .settings
                .recordings
                .as_ref()
                .map_or(0.0, |of| of.hop_seconds);
            of.hours.add(&Hours {
                recordings: 1,
                hours_read: ended.seconds / 3600.0,
                hours_in_rows: ended.rows as f64 * hop / 3600.0,
                faults: ended.faults,
                rows_excluded: ended.excluded,
                index: String::new(),
            });
            turns.ended.insert(ended.index, ended);
        }
        while let Some(ended) = turns.ended.remove(&turns.lines) {
            if let Some(lines) = &mut self.files.recordings {
                lines.append(&record(&of.settings.name, &ended))?;
            }
            turns.lines += 1;
        }
        Ok(())
    }
}

/// A recording by its name alone.
fn of_no_file(name: &str) -> ClipId {
    ClipId {
        name: name.into(),
        file: "".into(),
    }
}

fn record<'a>(split: &'a str, ended: &'a Ended) -> RecordingRecord<'a> {
    RecordingRecord {
        split: Cow::Borrowed(split),
        recording: Cow::Borrowed(&ended.recording),
        start: ended.start,
        end: ended.end,
        seconds: ended.seconds,
        sample_rate: ended.sample_rate,
        channels: ended.channels,
        codec: ended.codec.as_deref().map(Cow::Borrowed),
        rows: ended.rows,
        excluded: ended.excluded,
        faults: ended.faults,
        hash: ended.hash.map(|hash| format!("{hash:016x}").into()),
    }
}

//! What the audit found of spans, into its files.

use super::{WriteError, Writer};
use crate::dataset::audit::AuditRecord;
use crate::dataset::hard::HardRecord;
use crate::records::{Audited, ClipId, Row};

impl Writer<'_> {
    /// Writes what the audit found of a span, and with the `first` of a clip its facts.
    pub(super) fn write_audit(
        &mut self,
        split: usize,
        clip: &ClipId,
        first: bool,
        audited: Option<&Audited>,
    ) -> Result<(), WriteError> {
        let Some(files) = &mut self.files.audit else {
            return Ok(());
        };
        let split = &mut self.files.splits[split];
        if first {
            files.facts(&audited.map(|audited| audited.facts).unwrap_or_default())?;
        }
        for noted in audited.iter().flat_map(|audited| &audited.noted) {
            let name = &split.settings.name;
            files
                .lines
                .append(&AuditRecord::of(noted).of_clip(name, &clip.name))?;
            split.audit.note(&clip.name, noted.check.name());
        }
        Ok(())
    }

    /// Takes note of the scores of a span's rows, the last rows of their split.
    pub(super) fn note_scores(
        &mut self,
        split: usize,
        clip: &ClipId,
        rows: &[Row<()>],
        audited: Option<&Audited>,
    ) -> Result<(), WriteError> {
        let Some(files) = &mut self.files.audit else {
            return Ok(());
        };
        let split = &self.files.splits[split];
        let first = split.rows() - rows.len() as u64;
        let scores = audited.iter().flat_map(|audited| &audited.scores);
        for ((number, row), score) in (first..).zip(rows).zip(scores) {
            files.scored(&HardRecord {
                split: (&*split.settings.name).into(),
                row: number,
                clip: (&*clip.name).into(),
                round: row.round,
                score: *score,
            })?;
        }
        Ok(())
    }
}

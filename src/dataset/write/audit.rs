//! What the audit found of spans, into its files.

use super::{WriteError, Writer};
use crate::dataset::audit::AuditRecord;
use crate::records::{Audited, ClipId};

impl Writer<'_> {
    /// Writes what the audit found of a span, and with its first round its facts.
    pub(super) fn write_audit(
        &mut self,
        split: usize,
        clip: &ClipId,
        round: u32,
        audited: Option<&Audited>,
    ) -> Result<(), WriteError> {
        let Some(files) = &mut self.files.audit else {
            return Ok(());
        };
        let split = &mut self.files.splits[split];
        if round == 0 {
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
}

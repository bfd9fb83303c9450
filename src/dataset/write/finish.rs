//! The files of a writer, completed: those of lines first, so that others can read them
//! while the features are.

use std::collections::BTreeMap;

use crate::dataset::audit::AuditEnd;
use crate::dataset::layout::{
    AUDIT_FACTS_FILE, HARD_FILE, QUARANTINE_FILE, RECORDINGS_FILE, ROWS_FILE,
};
use crate::dataset::manifest::SplitWritten;

use super::files::SplitWriter;
use super::{Hear, Step, Told, WriteError, Writer};

/// A data set whose lines are finished, and whose features are not.
pub struct FinishedLines<'a> {
    splits: Vec<SplitWriter>,
    files: BTreeMap<String, String>,
    audit: Option<AuditEnd>,
    told: Box<Hear<'a>>,
}

/// A data set whose files are finished, but for what the audit has to say of all of
/// it.
pub struct Finished {
    /// The files.
    pub written: Written,
    /// Where the rest of the audit goes.
    pub audit: Option<AuditEnd>,
}

/// The files of a finished data set.
#[derive(Clone, Debug)]
pub struct Written {
    /// What each split came to, in order.
    pub splits: Vec<SplitWritten>,
    /// SHA-256 of all others, by their names.
    pub files: BTreeMap<String, String>,
}

impl<'a> Writer<'a> {
    /// Completes all files of lines, and what the audit knows of clips, and gives them
    /// their final names. Commit before, or what came after the last commit is lost if
    /// this fails.
    ///
    /// # Errors
    /// [`WriteError`]; the files can then be opened again.
    pub fn finish_lines(mut self) -> Result<FinishedLines<'a>, WriteError> {
        let mut files = BTreeMap::new();
        let mut renamed = |name: &str, sha256| {
            files.insert(name.to_owned(), sha256);
            (self.told)(Told::Step(Step::Renamed));
        };
        let rows = self.files.rows.map(|rows| (ROWS_FILE, rows));
        let recordings = self.files.recordings;
        let recordings = recordings.map(|lines| (RECORDINGS_FILE, lines));
        let lines = rows.into_iter().chain(recordings);
        for (name, file) in lines.chain([(QUARANTINE_FILE, self.files.quarantine)]) {
            renamed(name, file.finish()?.sha256);
        }
        let mut audit = None;
        if let Some(of_audit) = self.files.audit {
            if let Some(sha256) = of_audit.finish_hard(&self.folder)? {
                renamed(HARD_FILE, sha256);
            }
            let (sha256, lines) = of_audit.finish_facts()?;
            renamed(AUDIT_FACTS_FILE, sha256);
            audit = Some(AuditEnd::of(lines));
        }
        Ok(FinishedLines {
            splits: self.files.splits,
            files,
            audit,
            told: self.told,
        })
    }
}

impl FinishedLines<'_> {
    /// Whether there are an audit's among them.
    pub fn are_audited(&self) -> bool {
        self.audit.is_some()
    }

    /// Completes the features and their indices, and gives them their final names.
    ///
    /// # Errors
    /// [`WriteError`]; the files can then be opened again.
    pub fn finish(mut self) -> Result<Finished, WriteError> {
        let mut splits = Vec::with_capacity(self.splits.len());
        for split in self.splits {
            let rows = split.rows();
            let sha256 = split.npy.finish()?.sha256;
            (self.told)(Told::Step(Step::Renamed));
            let hours = split.index.is_some().then_some(split.hours);
            if let (Some(index), Some(hours)) = (split.index, &hours) {
                self.files
                    .insert(hours.index.clone(), index.finish()?.sha256);
                (self.told)(Told::Step(Step::Renamed));
            }
            splits.push(SplitWritten {
                name: split.settings.name,
                features: split.settings.features,
                rows,
                hours,
                left_out: split.left_out,
                unwanted: split.unwanted,
                audit: split.audit,
                found: split.found,
                sha256,
                parts: Vec::new(),
            });
        }
        Ok(Finished {
            written: Written {
                splits,
                files: self.files,
            },
            audit: self.audit,
        })
    }
}

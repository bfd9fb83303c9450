//! What the audit says of the whole set, once its rows are written; of one that is
//! only looked at, and of one that is finished.

mod finished;
mod hashes;
mod known;
mod look;
mod restored;
mod sample;
mod scores;
mod sounds;

use std::path::Path;
use std::sync::Arc;

use crate::audit::index::{self, Pair};
use crate::augment::Sounds;
use crate::config::plan::Plan;
use crate::dataset::audit::{AuditEnd, AuditRecord, AuditSettings};
use crate::dataset::layout::HARD_FILE;
use crate::dataset::manifest::AuditReport;
use crate::dataset::write::Commit;
use crate::flow::both;
use crate::records::{Check, ClipFacts, Noted, Policy};

use super::{BuildError, Inputs, Ready, Watch};

pub use finished::Finished;
use hashes::{Hashed, Hashes};
use known::Known;
pub use look::Looked;
use sample::{Compared, Sampled};

/// Takes the lines of the audit, in order.
pub(super) type Lines<'a> = dyn FnMut(&AuditRecord<'_>) -> Result<(), BuildError> + 'a;

/// What is audited as a whole.
pub(super) struct Set<'a> {
    pub(super) plan: &'a Plan,
    pub(super) inputs: &'a Inputs,
    /// Nothing where they cannot be read.
    pub(super) sounds: Option<&'a Sounds>,
}

impl Ready {
    /// What the audit writes beside the rows; what began without it, or without its
    /// classifier, goes on so.
    pub(super) fn audit_settings(
        &self,
        last: Option<&Commit>,
        watch: &dyn Watch,
    ) -> Option<AuditSettings> {
        let mut settings = self.plan.audits().then(|| AuditSettings {
            hard: self.plan.audit.scoring.as_ref().map(|of| of.hard),
        })?;
        let Some(last) = last.filter(|last| last.spans > 0) else {
            return Some(settings);
        };
        let Some(begun) = &last.audit else {
            watch.warn("the audit was off when the build began, and stays off: 'wakemill audit' looks at all of it");
            return None;
        };
        if !begun.scores() && settings.hard.take().is_some() {
            watch.warn(&format!("audit.classifier was not there when the build began: what was committed before is not scored, and there will be no {HARD_FILE} (--overwrite scores all)"));
        }
        Some(settings)
    }

    /// What is told of the set but by its rows' features, from a folder with all files
    /// of lines, where an audit's are among them; of a shard nothing, as the merge says it
    /// of all of them.
    pub(super) fn audit_lines(
        &self,
        folder: &Path,
        are_audited: bool,
    ) -> Result<Option<Known>, BuildError> {
        let is_told = are_audited && self.inputs.shard.is_none();
        let known = is_told.then(|| Known::read(&self.set(), folder));
        known.transpose()
    }

    /// Completes `audit.jsonl` in a folder with all other files; its hash, and what
    /// was found of the set.
    ///
    /// # Errors
    /// [`BuildError::Audit`] where a rule ends the build; a file that cannot be read.
    pub(super) fn audit_set(
        &self,
        folder: &Path,
        known: Option<Known>,
        end: Option<AuditEnd>,
    ) -> Result<(Option<String>, AuditReport), BuildError> {
        let Some(mut end) = end else {
            return Ok((None, AuditReport::default()));
        };
        let mut report = AuditReport::default();
        if let Some(known) = known {
            let mut append = |line: &AuditRecord<'_>| Ok(end.append(line)?);
            let mut told = Told::new(&mut append);
            let set = self.set();
            set.tell(&known, set.compared(folder)?, &mut told)?;
            report = told.end()?;
        }
        Ok((Some(end.finish()?), report))
    }

    /// All of it.
    pub(super) fn set(&self) -> Set<'_> {
        Set {
            plan: &self.plan,
            inputs: &self.inputs,
            sounds: Some(self.sounds()),
        }
    }
}

impl Set<'_> {
    /// Audits a folder with all files of a data set but the last lines of the audit.
    pub(super) fn audit(
        &self,
        folder: &Path,
        lines: &mut Lines<'_>,
    ) -> Result<AuditReport, BuildError> {
        let mut told = Told::new(lines);
        let (known, compared) = both(|| Known::read(self, folder), || self.compared(folder));
        self.tell(&known?, compared?, &mut told)?;
        told.end()
    }

    /// The rows in a folder, compared where somebody asks for it.
    fn compared(&self, folder: &Path) -> Result<Option<Compared>, BuildError> {
        let asked = self.asks(&[Check::Neighbour, Check::Overlap, Check::Drift]);
        let sampled = asked.then(|| Sampled::read(self.plan, self.inputs, folder));
        Ok(sampled.transpose()?.map(Sampled::compared))
    }

    /// Tells of clips and recordings, of rows that were compared, and of sounds.
    fn tell(
        &self,
        known: &Known,
        compared: Option<Compared>,
        told: &mut Told<'_, '_>,
    ) -> Result<(), BuildError> {
        self.clips(&known.facts, &known.pairs, told)?;
        self.recordings(&known.recordings, told)?;
        compared.map_or(Ok(()), |compared| self.rows(compared, told))?;
        self.sounds(&known.sounds, told)?;
        let uses = known.uses.as_ref();
        uses.map_or(Ok(()), |uses| uses.tell(self, told))
    }

    /// Whether one of these checks is on.
    fn asks(&self, checks: &[Check]) -> bool {
        let rules = &self.plan.audit.rules;
        let mut checks = checks.iter();
        checks.any(|check| rules.policy(*check) > Policy::Off)
    }

    /// Which sides clips are on.
    fn sides(&self) -> impl Fn(u32) -> bool {
        let clips = Clips::new(self.inputs);
        let splits = self.inputs.splits.iter();
        let tests: Vec<bool> = splits.map(|split| split.plan.is_test()).collect();
        move |clip| {
            let (split, ..) = clips.at(clip as usize);
            tests.get(split).copied().unwrap_or(false)
        }
    }

    /// What clips have to do with each other.
    fn clips(
        &self,
        facts: &[ClipFacts],
        pairs: &[Pair],
        told: &mut Told<'_, '_>,
    ) -> Result<(), BuildError> {
        let rules = &self.plan.audit.rules;
        let clips = Clips::new(self.inputs);
        let at = |clip: u32| clips.at(clip as usize);
        for (clip, off) in index::odd_lengths(facts, |clip| at(clip).0) {
            if let Some(noted) = rules.judge(Check::Length, off) {
                let seconds = f64::from(facts[clip as usize].samples)
                    / f64::from(self.plan.audio.sample_rate);
                let detail = format!("{seconds:.2} s");
                told.clip(&noted, at(clip), None, Some(&detail))?;
            }
        }
        let side = self.sides();
        for &Pair { clip, other, bits } in pairs {
            let check = match bits {
                _ if side(clip) != side(other) => Check::Leak,
                Some(_) => Check::NearDuplicate,
                None => Check::Duplicate,
            };
            if let Some(noted) = rules.judge(check, f64::from(bits.unwrap_or(0))) {
                told.clip(&noted, at(clip), Some(at(other)), None)?;
            }
        }
        Ok(())
    }

    /// Recordings of which all rows have heard the same.
    fn recordings(&self, all: &Hashes, told: &mut Told<'_, '_>) -> Result<(), BuildError> {
        let rules = &self.plan.audit.rules;
        let is_test = |recording: u32| {
            let split = all.at(recording).map(|of| of.split);
            split.is_some_and(|split| self.inputs.splits[split].plan.is_test())
        };
        for Pair { clip, other, .. } in index::pairs(&all.facts(), 0, is_test) {
            let (Some(of), Some(like)) = (all.at(clip), all.at(other)) else {
                continue;
            };
            let is_leak = is_test(clip) != is_test(other);
            let check = if is_leak {
                Check::Leak
            } else {
                Check::Duplicate
            };
            if let Some(noted) = rules.judge(check, 0.0) {
                let named = |of: &'_ Hashed| self.inputs.splits[of.split].name();
                let at = |of| (0, named(of), &*of.name);
                told.clip(&noted, at(of), Some(at(like)), None)?;
            }
        }
        Ok(())
    }

    /// What rows have to do with each other.
    fn rows(
        &self,
        Compared { found, rows }: Compared,
        told: &mut Told<'_, '_>,
    ) -> Result<(), BuildError> {
        let rules = &self.plan.audit.rules;
        let clips = Clips::new(self.inputs);
        for (row, share) in found.among_others {
            let noted = rules.judge(Check::Neighbour, share);
            if let (Some(noted), Some(&(split, clip, number))) = (noted, rows.get(row)) {
                let detail = format!("row {number}");
                told.clip(&noted, clips.of(split, clip), None, Some(&detail))?;
            }
        }
        for (check, number) in [(Check::Overlap, found.overlap), (Check::Drift, found.drift)] {
            if let Some(number) = number {
                told.number(check, number);
                told.set(rules.judge(check, number), None)?;
            }
        }
        Ok(())
    }

    /// What is wrong with sounds.
    fn sounds(
        &self,
        sounds: &[(Noted, Arc<str>)],
        told: &mut Told<'_, '_>,
    ) -> Result<(), BuildError> {
        let mut sounds = sounds.iter();
        sounds.try_for_each(|(noted, sound)| told.sound(noted, sound))
    }
}

/// The clips of all splits without recordings, counted through.
pub(super) struct Clips<'a> {
    inputs: &'a Inputs,
    /// The first clip of each split.
    firsts: Vec<usize>,
}

impl<'a> Clips<'a> {
    pub(super) fn new(inputs: &'a Inputs) -> Self {
        let mut first = 0;
        let splits = inputs.splits.iter();
        let firsts = splits.map(|split| {
            let at = first;
            if split.plan.recordings.is_none() {
                first += split.clips.len();
            }
            at
        });
        Self {
            firsts: firsts.collect(),
            inputs,
        }
    }

    /// How many there are.
    fn count(&self) -> usize {
        let splits = self.inputs.splits.iter();
        let clips = splits.filter(|split| split.plan.recordings.is_none());
        clips.map(|split| split.clips.len()).sum()
    }

    /// The split of a clip, with its name, and the clip's name.
    fn at(&self, clip: usize) -> (usize, &'a str, &'a str) {
        // Of splits without any, the last begins there.
        let split = self.firsts.partition_point(|first| *first <= clip);
        let split = split.saturating_sub(1);
        self.of(split, clip - self.firsts.get(split).copied().unwrap_or(0))
    }

    fn of(&self, split: usize, clip: usize) -> (usize, &'a str, &'a str) {
        let Some(of) = self.inputs.splits.get(split) else {
            return (split, "", "");
        };
        let name = of.clips.get(clip).map_or("", |entry| &*entry.id.name);
        (split, of.name(), name)
    }
}

/// What is told of the set.
pub(super) struct Told<'a, 'b> {
    lines: &'a mut Lines<'b>,
    report: AuditReport,
    /// The first finding by whose rule the build ends, and how many there are.
    failed: Option<(String, u64)>,
}

impl<'a, 'b> Told<'a, 'b> {
    pub(super) fn new(lines: &'a mut Lines<'b>) -> Self {
        Self {
            lines,
            report: AuditReport::default(),
            failed: None,
        }
    }

    /// A clip, and the one that it is like.
    fn clip(
        &mut self,
        noted: &Noted,
        (_, split, clip): (usize, &str, &str),
        other: Option<(usize, &str, &str)>,
        detail: Option<&str>,
    ) -> Result<(), BuildError> {
        self.line(AuditRecord {
            other_split: other.map(|(_, split, _)| split.into()),
            other_clip: other.map(|(_, _, clip)| clip.into()),
            detail: detail.map(Into::into),
            ..AuditRecord::of(noted).of_clip(split, clip)
        })
    }

    /// A background or impulse response.
    fn sound(&mut self, noted: &Noted, sound: &Arc<str>) -> Result<(), BuildError> {
        self.line(AuditRecord {
            sound: Some((&**sound).into()),
            ..AuditRecord::of(noted)
        })
    }

    /// The whole.
    fn set(&mut self, noted: Option<Noted>, detail: Option<String>) -> Result<(), BuildError> {
        let Some(noted) = noted else { return Ok(()) };
        self.line(AuditRecord {
            detail: detail.map(Into::into),
            ..AuditRecord::of(&noted)
        })
    }

    fn line(&mut self, line: AuditRecord<'_>) -> Result<(), BuildError> {
        let about = match &line.other_clip {
            Some(other) => format!("{} = {other}", line.about()),
            None => line.about(),
        };
        if line.severity == Policy::Fail {
            let first = || (format!("{}: {about}", line.check), 0);
            self.failed.get_or_insert_with(first).1 += 1;
        }
        self.report.found.note(&about, &line.check);
        (self.lines)(&line)
    }

    /// A number of the set, finding or not.
    fn number(&mut self, check: Check, number: f64) {
        let rounded = (number * 1e4).round() / 1e4;
        self.report.numbers.insert(check.name().to_owned(), rounded);
    }

    /// What was told, whatever rules say.
    fn report(self) -> AuditReport {
        self.report
    }

    /// What was told.
    ///
    /// # Errors
    /// [`BuildError::Audit`] where a rule ends the build.
    pub(super) fn end(self) -> Result<AuditReport, BuildError> {
        match self.failed {
            Some((first, findings)) => Err(BuildError::Audit { findings, first }),
            None => Ok(self.report),
        }
    }
}

//! What the audit says of the whole set, once its rows are written; of one that is
//! only looked at, and of one that is finished.

mod finished;
mod hashes;
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
use crate::dataset::audit::{AuditEnd, AuditRecord, AuditSettings, read_facts};
use crate::dataset::layout::{AUDIT_FACTS_FILE, HARD_FILE};
use crate::dataset::manifest::AuditReport;
use crate::dataset::write::Commit;
use crate::flow::both;
use crate::records::{Check, ClipFacts, Noted, Policy};

use super::{BuildError, Inputs, Ready, Watch};

pub use finished::Finished;
use hashes::{Hashed, Hashes};
pub use look::Looked;
use sample::{Compared, Sampled};
use sounds::Uses;

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

    /// Completes `audit.jsonl` in a folder with all other files; its hash, and what
    /// was found of the set.
    ///
    /// # Errors
    /// [`BuildError::Audit`] where a rule ends the build; a file that cannot be read.
    pub(super) fn audit_set(
        &self,
        folder: &Path,
        end: Option<AuditEnd>,
    ) -> Result<(Option<String>, AuditReport), BuildError> {
        let Some(mut end) = end else {
            return Ok((None, AuditReport::default()));
        };
        let mut report = AuditReport::default();
        // What is said of all of it, the merge says.
        if self.inputs.shard.is_none() {
            report = self
                .set()
                .audit(folder, &mut |line| Ok(end.append(line)?))?;
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
        let facts = read_facts(folder).map_err(|error| {
            let error = std::io::Error::other(error);
            BuildError::io("read", &folder.join(AUDIT_FACTS_FILE))(error)
        })?;
        let mut told = Told::new(lines);
        let recordings = Hashes::read(self, folder)?;
        self.tell(folder, &facts.unwrap_or_default(), &recordings, &mut told)?;
        told.end()
    }

    /// Tells of all clips, whose facts these are, and of the rows in a folder.
    fn tell(
        &self,
        folder: &Path,
        facts: &[ClipFacts],
        recordings: &Hashes,
        told: &mut Told<'_, '_>,
    ) -> Result<(), BuildError> {
        let of_uses = self.asks(&[Check::SharedSound, Check::UnevenUse]);
        let of_uses = of_uses && self.plan.output_files.rows;
        let of_rows = self.asks(&[Check::Neighbour, Check::Overlap, Check::Drift]);
        let uses = || of_uses.then(|| Uses::read(self, folder)).transpose();
        let sampled = || of_rows.then(|| Sampled::read(self.plan, self.inputs, folder));
        let compared = || {
            let sampled = sampled().transpose();
            sampled.map(|sampled| sampled.map(Sampled::compared))
        };
        let of_clips = || (self.pairs(facts), uses());
        let of_others = || both(|| sounds::judge(self), compared);
        let ((pairs, uses), (sounds, compared)) = both(of_clips, of_others);
        self.clips(facts, &pairs, told)?;
        self.recordings(recordings, told)?;
        if let Some(compared) = compared? {
            self.rows(compared, told)?;
        }
        self.sounds(&sounds, told)?;
        uses?.map_or(Ok(()), |uses| uses.tell(self, told))
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

    /// Clips that are alike; none where none are looked for.
    fn pairs(&self, facts: &[ClipFacts]) -> Vec<Pair> {
        let rules = &self.plan.audit.rules;
        let near = [Check::NearDuplicate, Check::Leak];
        if !self.asks(&near) && !self.asks(&[Check::Duplicate]) {
            return Vec::new();
        }
        let [near, leak] = near.map(|check| rules.threshold(check));
        index::pairs(facts, near.max(leak) as u32, self.sides())
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

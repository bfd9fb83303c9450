//! The audit of a data set that is finished: what its build has found, judged by other
//! rules where some are given, and what its rows tell that nobody has looked for yet.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use twox_hash::XxHash3_128;

use super::known::Known;
use super::look::{Looked, WriteLine};
use super::restored::restored;
use super::sample::first_rows;
use super::{Clips, Set, Told};
use crate::build::{BuildError, Watch, scoring};
use crate::config::plan::{AuditPlan, Plan};
use crate::dataset::Dataset;
use crate::dataset::audit::{AuditRecord, is_in_stream, read_facts};
use crate::dataset::found::Found;
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::{AUDIT_FACTS_FILE, AUDIT_FILE, ROWS_FILE};
use crate::records::{AuditRules, Check, ClipFacts, Policy, Scope, Threshold};
use crate::stages::score::Scoring;

/// What rows tell, where no clip is heard any more.
const OF_ROWS: [Check; 3] = [Check::Neighbour, Check::Overlap, Check::Drift];
/// What facts of clips tell, which an audited build leaves; without any, of clips that
/// are the same those whose first rows are.
const OF_FACTS: [Check; 4] = [
    Check::Length,
    Check::Duplicate,
    Check::NearDuplicate,
    Check::Leak,
];
const OF_FIRST_ROWS: [Check; 2] = [Check::Duplicate, Check::Leak];
/// What `rows.jsonl` tells.
const OF_LINES: [Check; 2] = [Check::SharedSound, Check::UnevenUse];

/// A finished data set, and what it is audited by.
pub struct Finished {
    pub(super) folder: PathBuf,
    pub(super) dataset: Dataset,
    /// As it was built, but for the audit.
    pub(super) plan: Plan,
    pub(super) scoring: Option<Arc<Scoring>>,
    /// Whether its build was audited.
    has_lines: bool,
}

impl Finished {
    /// Audits a data set in a folder by these rules; a classifier is loaded, and
    /// `notice` told where ONNX Runtime is fetched for it. `watch` is told what the
    /// folder cannot tell.
    ///
    /// # Errors
    /// A classifier that cannot be used.
    pub fn open(
        folder: &Path,
        dataset: Dataset,
        audit: AuditPlan,
        notice: &mut dyn FnMut(&str),
        watch: &dyn Watch,
    ) -> Result<Self, BuildError> {
        let mut plan = dataset.configuration.clone();
        plan.audit = audit;
        plan.output_files.rows &= folder.join(ROWS_FILE).is_file();
        let this = Self {
            folder: folder.to_owned(),
            has_lines: dataset.configuration.audits() && folder.join(AUDIT_FILE).is_file(),
            scoring: scoring::load(&plan, notice, watch)?,
            dataset,
            plan,
        };
        this.tell_untold(watch);
        Ok(this)
    }

    /// Gives every finding to `lines`. No rule ends it: what it would end is counted.
    /// `scored` is told of every row that the classifier has scored.
    ///
    /// # Errors
    /// A file of the data set that cannot be read; what `lines` fails with.
    pub fn look(
        &self,
        lines: &mut WriteLine<'_>,
        scored: &mut dyn FnMut(),
    ) -> Result<Looked, BuildError> {
        let splits = self.dataset.splits.iter().map(|split| {
            let written = &split.written;
            let (name, found) = (written.name.clone(), Found::default());
            (name, split.planned, written.failed(), found)
        });
        let mut looked = Looked {
            splits: splits.collect(),
            ..Looked::default()
        };
        let mut failed = 0;
        let mut write = |line: &AuditRecord<'_>| {
            failed += u64::from(line.severity == Policy::Fail);
            lines(line).map_err(BuildError::io("write", AUDIT_FILE.as_ref()))
        };
        let mut told = Told::new(&mut write);
        self.tell_known(&mut looked, &mut told)?;
        self.tell_rows(&mut told)?;
        self.tell_scores(&mut looked, &mut told, scored)?;
        looked.set = told.report();
        looked.failed = failed;
        Ok(looked)
    }

    fn built_by(&self) -> &AuditRules {
        &self.dataset.configuration.audit.rules
    }

    /// Whether the build has looked for it.
    fn is_known(&self, check: Check) -> bool {
        let scoring = &self.dataset.configuration.audit.scoring;
        let is_asked = match check {
            Check::HoldsWord => scoring.is_some() && self.scoring.is_none(),
            Check::SharedSound | Check::UnevenUse => self.dataset.configuration.output_files.rows,
            _ => true,
        };
        self.has_lines && is_asked && self.built_by().policy(check) > Policy::Off
    }

    /// What the build has found, as the rules now have it.
    fn tell_known(&self, looked: &mut Looked, told: &mut Told<'_, '_>) -> Result<(), BuildError> {
        if !self.has_lines {
            return Ok(());
        }
        let path = self.folder.join(AUDIT_FILE);
        let read = |error| BuildError::io("read", &path)(std::io::Error::other(error));
        let mut found = BTreeSet::new();
        for line in JsonlReader::<AuditRecord<'static>>::open(&path).map_err(read)? {
            let line = line.map_err(read)?;
            let check = Check::named(&line.check).filter(|check| self.is_known(*check));
            let Some((check, line)) =
                check.and_then(|check| Some((check, self.judged(check, line)?)))
            else {
                continue;
            };
            found.insert(check);
            let mut splits = looked.splits.iter_mut();
            let split = splits.find(|split| line.split.as_deref() == Some(&*split.0));
            match (split.filter(|_| is_in_stream(check.scope())), &line.clip) {
                (Some(split), Some(clip)) => {
                    split.3.note(clip, check.name());
                    (told.lines)(&line)?;
                }
                _ => told.line(line)?,
            }
        }
        for (name, number) in &self.dataset.audit.numbers {
            let Some(check) = Check::named(name).filter(|check| self.is_known(*check)) else {
                continue;
            };
            told.number(check, *number);
            let is_other = self.threshold(check) != self.built_by().threshold(check);
            if is_other && !found.contains(&check) {
                told.set(self.plan.audit.rules.judge(check, *number), None)?;
            }
        }
        Ok(())
    }

    fn threshold(&self, check: Check) -> f64 {
        self.plan.audit.rules.threshold(check)
    }

    /// A line as the rules now have it; what was left out stays so.
    fn judged(&self, check: Check, line: AuditRecord<'static>) -> Option<AuditRecord<'static>> {
        let rules = &self.plan.audit.rules;
        // Measures are rounded in the file: what has the same threshold is found again.
        let severity = match line.threshold == self.threshold(check) {
            true => rules.policy(check),
            false => rules.judge(check, line.measure)?.policy,
        };
        let is_left_out = line.severity == Policy::LeaveOut;
        (severity > Policy::Off).then(|| AuditRecord {
            severity: if is_left_out {
                Policy::LeaveOut
            } else {
                severity.at_end()
            },
            threshold: self.threshold(check),
            ..line
        })
    }

    /// What rows tell that the build has not looked for.
    fn tell_rows(&self, told: &mut Told<'_, '_>) -> Result<(), BuildError> {
        let rules = &self.plan.audit.rules;
        let is_told = |check: Check| self.is_derived(check) && !self.is_known(check);
        let rules = AuditRules::new(|check| {
            let policy = if is_told(check) {
                rules.policy(check)
            } else {
                Policy::Off
            };
            (policy, rules.threshold(check))
        });
        if !rules.looks_at(&Scope::ALL) {
            return Ok(());
        }
        let splits = self.dataset.splits.iter().map(|split| &split.written);
        for path in splits
            .flat_map(|split| split.files())
            .map(|name| self.folder.join(name))
        {
            fs::metadata(&path).map_err(BuildError::io("read", &path))?;
        }
        let mut plan = self.plan.clone();
        plan.audit.rules = rules;
        let inputs = restored(&self.folder, &self.dataset)?;
        let set = Set {
            plan: &plan,
            inputs: &inputs,
            sounds: None,
        };
        let facts = match set.asks(&OF_FACTS) {
            true => self.facts(&set)?,
            false => Vec::new(),
        };
        let known = Known::of(&set, &self.folder, facts)?;
        set.tell(&known, set.compared(&self.folder)?, told)
    }

    /// Whether the folder tells what its build has not looked for.
    fn is_derived(&self, check: Check) -> bool {
        match check {
            _ if OF_LINES.contains(&check) => self.plan.output_files.rows,
            _ if OF_FACTS.contains(&check) => self.has_facts() || OF_FIRST_ROWS.contains(&check),
            _ => OF_ROWS.contains(&check),
        }
    }

    /// Whether the build has left facts of its clips; where one of these has no row,
    /// nobody can tell whose they are.
    fn has_facts(&self) -> bool {
        let mut splits = self.dataset.splits.iter().map(|split| &split.written);
        let is_whole = splits.all(|split| split.hours.is_some() || split.left_out == 0);
        is_whole && self.folder.join(AUDIT_FACTS_FILE).is_file()
    }

    /// What is known of each clip: where the build has left nothing, the hash of its
    /// first row.
    fn facts(&self, set: &Set<'_>) -> Result<Vec<ClipFacts>, BuildError> {
        let clips = Clips::new(set.inputs);
        let path = self.folder.join(AUDIT_FACTS_FILE);
        let read = |error| BuildError::io("read", &path)(std::io::Error::other(error));
        let known = match self.has_facts() {
            true => read_facts(&self.folder).map_err(read)?,
            false => None,
        };
        if let Some(facts) = known {
            let (found, named) = (facts.len(), clips.count());
            // Else they would be told of other clips than they are of.
            return match found == named {
                true => Ok(facts),
                false => Err(BuildError::io("use", &path)(std::io::Error::other(
                    format!("it has the facts of {found} clips, and the rows are of {named}"),
                ))),
            };
        }
        let mut facts = vec![ClipFacts::default(); clips.count()];
        first_rows(
            set.plan,
            set.inputs,
            &self.folder,
            |_, _| true,
            |(split, _), clip, _, features| {
                if let Some(facts) = facts.get_mut(clips.firsts[split] + clip) {
                    facts.hash = XxHash3_128::oneshot(bytemuck::cast_slice(features));
                }
            },
        )?;
        Ok(facts)
    }

    /// Says what the folder does not tell.
    fn tell_untold(&self, watch: &dyn Watch) {
        let rules = &self.plan.audit.rules;
        let is_asked = |check: &Check| rules.policy(*check) > Policy::Off;
        let asked = || Check::ALL.iter().copied().filter(is_asked);
        let unknown = || asked().filter(|check| !self.is_known(*check));
        let untold = unknown().filter(|check| {
            // Nobody is asked to score rows without a classifier.
            *check != Check::HoldsWord && !self.is_derived(*check)
        });
        let untold: Vec<&str> = untold.map(Check::name).collect();
        if !untold.is_empty() {
            watch.warn(&format!(
                "{} does not tell of {}, which nobody looked for while it was built: give its configuration",
                self.folder.display(),
                untold.join(", ")
            ));
        }
        if !self.has_facts() && unknown().any(|check| OF_FIRST_ROWS.contains(&check)) {
            watch.warn(&format!(
                "{} has no facts of its clips: duplicate and leak are told of clips alone whose first rows are the same to the last bit, so of nothing that was augmented or placed at random; give its configuration",
                self.folder.display()
            ));
        }
        for split in self.unscored() {
            watch.warn(&format!(
                "{} is not scored: it holds single embeddings and not rows; 'wakemill eval --negatives' scores it as it is heard",
                split.features
            ));
        }
        let has_number = |check: Check| self.dataset.audit.numbers.contains_key(check.name());
        let is_stricter = |check: Check| {
            let (then, now) = (self.built_by().threshold(check), self.threshold(check));
            if check.is_below() {
                now > then
            } else {
                now < then
            }
        };
        let stricter = asked()
            .filter(|check| self.is_known(*check) && !has_number(*check) && is_stricter(*check));
        for check in stricter {
            let Threshold { key, .. } = check.threshold();
            watch.warn(&format!(
                "{key} is stricter than when {} was built: what lies between is not told of here; give its configuration",
                self.folder.display()
            ));
        }
    }
}

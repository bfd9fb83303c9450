//! An audit of what a build would be: decoded, augmented and made into features,
//! with nothing written.

use std::collections::HashSet;
use std::slice::Chunks;
use std::sync::Arc;

use crate::build::{BuildError, Event, Inputs, Ready, Watch};
use crate::dataset::audit::AuditRecord;
use crate::dataset::found::Found;
use crate::dataset::hard::{HardRecord, Hardest};
use crate::dataset::manifest::AuditReport;
use crate::dataset::write::WriteError;
use crate::dataset::{RowBlock, RowSink};
use crate::flow::{CancelToken, Sheltered};
use crate::records::{Audited, ClipFacts, Policy, Rows, Span, Trouble};

use super::hashes::Hashes;
use super::known::Known;
use super::sample::{self, Sampled};
use super::sounds::Uses;
use super::{Lines, Set, Told};

/// What an audit came to.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// Each split's name, its clips, those that could not be processed, and what was
    /// found of its clips and rows.
    pub splits: Vec<(String, u64, u64, Found)>,
    /// What was found of the set.
    pub set: AuditReport,
    /// Findings by whose rule a build would end.
    pub failed: u64,
    /// Of each negative split the rows that the classifier scores highest, where there
    /// is one.
    pub hardest: Vec<HardRecord<'static>>,
}

/// Takes a line of what is or would be `audit.jsonl`.
pub type WriteLine<'a> = dyn FnMut(&AuditRecord<'_>) -> std::io::Result<()> + Send + 'a;

impl Ready {
    /// Audits all that would be built, and writes nothing; `lines` gets what would
    /// be the lines of `audit.jsonl`. No rule ends it: what it would end is counted.
    ///
    /// # Errors
    /// Whatever stops the flow: a cancel, what `lines` fails with.
    pub fn look(
        &self,
        lines: &mut WriteLine<'_>,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Looked, BuildError> {
        let watch = &Sheltered(watch);
        watch.hear(Event::Started(&self.inputs));
        let set = self.set();
        let mut looking = Looking::new(&set, lines);
        let (_, ended) = self.flow(self.batches(0, None), &mut looking, watch, cancel);
        ended?;
        looking.end(&set)
    }
}

/// Takes rows, and keeps of them what the audit needs.
struct Looking<'a, 'l> {
    inputs: &'a Inputs,
    lines: &'l mut WriteLine<'l>,
    facts: Vec<ClipFacts>,
    /// The place of the next clip in each split.
    places: Vec<usize>,
    rows: Vec<u64>,
    picked: Vec<HashSet<usize>>,
    sampled: Sampled,
    uses: Uses,
    hardest: Hardest,
    hashes: Hashes,
    looked: Looked,
}

impl<'a, 'l> Looking<'a, 'l> {
    fn new(set: &Set<'a>, lines: &'l mut WriteLine<'l>) -> Self {
        let splits = &set.inputs.splits;
        let of = |split: &crate::build::Split| {
            let (name, clips) = (split.name().to_owned(), split.clips.len() as u64);
            (name, clips, 0, Found::default())
        };
        let scoring = set.plan.audit.scoring.as_ref();
        Self {
            inputs: set.inputs,
            lines,
            facts: Vec::new(),
            places: vec![0; splits.len()],
            rows: vec![0; splits.len()],
            picked: sample::picked(set.inputs),
            sampled: Sampled::default(),
            uses: Uses::new(set),
            hashes: Hashes::default(),
            hardest: Hardest::new(scoring.map_or(0, |scoring| scoring.hard)),
            looked: Looked {
                splits: splits.iter().map(of).collect(),
                ..Looked::default()
            },
        }
    }

    fn line(&mut self, line: &AuditRecord<'_>) -> Result<(), BuildError> {
        self.looked.failed += u64::from(line.severity == Policy::Fail);
        (self.lines)(line).map_err(|error| BuildError::io("write", "audit.jsonl".as_ref())(error))
    }

    fn take_block(&mut self, block: RowBlock) -> Result<(), BuildError> {
        let RowBlock { batch, values } = block;
        let index = batch.split;
        let values = values.as_standard_layout();
        let values = values.as_slice().unwrap_or_default();
        let rows = batch.spans.iter().flat_map(|span| span.state.iter());
        let rows: usize = rows.map(Vec::len).sum();
        let mut values = values.chunks((values.len() / rows.max(1)).max(1));
        for span in batch.spans {
            self.take_span(index, span, &mut values)?;
        }
        let met = batch.visit.and_then(|visit| visit.met);
        for ended in met.iter().flat_map(|met| &met.ended) {
            self.note(index, &ended.name(), ended.findings.audit.as_deref())?;
            self.hashes.add(index, ended);
        }
        Ok(())
    }

    fn take_span(
        &mut self,
        index: usize,
        span: Span<Rows<()>>,
        values: &mut Chunks<'_, f32>,
    ) -> Result<(), BuildError> {
        let split = &self.inputs.splits[index];
        self.note(index, &span.id.name, span.findings.audit.as_deref())?;
        let audit = span.findings.audit.unwrap_or_default();
        let first = split.plan.recordings.is_none() && span.rounds.start == 0;
        let clip = self.places[index];
        if first {
            self.facts.push(audit.facts);
            self.places[index] += 1;
        }
        let made = match span.state {
            Ok(made) => made,
            Err(rejection) => {
                let refused = [Trouble::Unwanted, Trouble::Forbidden];
                let is_failure = !refused.contains(&rejection.kind);
                self.looked.splits[index].2 += u64::from(is_failure);
                return Ok(());
            }
        };
        for ((row, made), score) in (self.rows[index]..).zip(&made).zip(&audit.scores) {
            self.hardest.take(&HardRecord {
                split: split.name().into(),
                row,
                clip: (&*span.id.name).into(),
                round: made.round,
                score: *score,
            });
        }
        for (row, features) in made.iter().zip(values) {
            if first && row.round == 0 && self.picked[index].contains(&clip) {
                let at = self.rows[index];
                self.sampled.add((index, split), clip, at, features);
            }
            self.uses.add(split.plan.is_test(), &row.provenance);
            self.rows[index] += 1;
        }
        Ok(())
    }

    /// Tells what was found of a clip, a recording or a piece of one.
    fn note(
        &mut self,
        split: usize,
        name: &str,
        audited: Option<&Audited>,
    ) -> Result<(), BuildError> {
        for noted in audited.iter().flat_map(|audited| &audited.noted) {
            let line = AuditRecord::of(noted).of_clip(self.inputs.splits[split].name(), name);
            self.line(&line)?;
            self.looked.splits[split].3.note(name, noted.check.name());
        }
        Ok(())
    }

    fn end(mut self, set: &Set<'_>) -> Result<Looked, BuildError> {
        let (facts, sampled) = (
            std::mem::take(&mut self.facts),
            std::mem::take(&mut self.sampled),
        );
        let mut hashes = std::mem::take(&mut self.hashes);
        hashes.sort();
        let uses = std::mem::replace(&mut self.uses, Uses::new(set));
        let mut looked = std::mem::take(&mut self.looked);
        let mut write = |line: &AuditRecord<'_>| self.line(line);
        let lines: &mut Lines<'_> = &mut write;
        let mut told = Told::new(lines);
        let known = Known::seen(set, facts, hashes, || Ok(Some(uses)))?;
        set.tell(&known, Some(sampled.compared()), &mut told)?;
        looked.set = told.report();
        looked.failed += self.looked.failed;
        looked.hardest = self.hardest.into_records();
        Ok(looked)
    }
}

impl RowSink for Looking<'_, '_> {
    fn take(&mut self, block: RowBlock, at: &mut dyn FnMut(&Arc<str>)) -> Result<(), WriteError> {
        if let Some(first) = block.batch.spans.first() {
            at(&first.id.name);
        }
        self.take_block(block)
            .map_err(|error| WriteError::Audit(error.to_string()))
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

//! Negative rows of a finished data set, scored by a classifier.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Told;
use super::finished::Finished;
use super::look::Looked;
use crate::build::BuildError;
use crate::config::plan::{Layout, SplitPlan};
use crate::dataset::audit::AuditRecord;
use crate::dataset::hard::HardRecord;
use crate::dataset::inspect;
use crate::dataset::manifest::SplitWritten;
use crate::dataset::parts::FeatureReader;
use crate::records::{Check, Noted};
use crate::stages::score::Scoring;

/// Rows after which a feature file's pages are given back.
const RELEASED: usize = 4096;

impl Finished {
    /// The rows that the classifier is to score.
    pub fn rows_to_score(&self) -> u64 {
        let splits = self.scored_splits();
        splits.map(|(_, written)| written.rows).sum()
    }

    /// The negative splits, where there is a classifier.
    fn negatives(&self) -> impl Iterator<Item = &SplitPlan> {
        let plans = self.plan.splits.iter();
        plans.filter(|plan| self.scoring.is_some() && !plan.is_positive())
    }

    /// Those whose files hold no whole rows.
    pub(super) fn unscored(&self) -> impl Iterator<Item = &SplitPlan> {
        self.negatives().filter(|plan| !has_rows(plan))
    }

    /// The others.
    fn scored_splits(&self) -> impl Iterator<Item = (&SplitPlan, &SplitWritten)> {
        let plans = self.negatives().filter(|plan| has_rows(plan));
        plans.filter_map(|plan| {
            let mut splits = self.dataset.splits.iter().map(|split| &split.written);
            Some((plan, splits.find(|split| split.name == plan.name)?))
        })
    }

    /// Scores them, and tells of those that hold the wake word.
    pub(super) fn tell_scores(
        &self,
        looked: &mut Looked,
        told: &mut Told<'_, '_>,
        scored: &mut dyn FnMut(),
    ) -> Result<(), BuildError> {
        let Some(scoring) = &self.scoring else {
            return Ok(());
        };
        for (plan, written) in self.scored_splits() {
            let scores = self.scores(scoring, plan, scored)?;
            let noted = (0u64..).zip(&scores).filter_map(|(row, score)| {
                let noted = scoring.rules.judge(Check::HoldsWord, (*score).into())?;
                let policy = noted.policy.at_end();
                Some((row, Noted { policy, ..noted }))
            });
            let noted: Vec<(u64, Noted)> = noted.collect();
            let hardest = highest(&scores, self.hard());
            let rows = noted.iter().map(|(row, _)| *row);
            let names = self.names(written, rows.chain(hardest.iter().copied()))?;
            let mut splits = looked.splits.iter_mut();
            let mut found = splits.find(|split| split.0 == written.name);
            for (row, noted) in noted {
                let Some((clip, round)) = names.get(&row) else {
                    continue;
                };
                let round = Some(*round);
                let record = AuditRecord::of(&Noted { round, ..noted });
                (told.lines)(&record.of_clip(&written.name, clip))?;
                if let Some(split) = &mut found {
                    split.3.note(clip, noted.check.name());
                }
            }
            looked.hardest.extend(hardest.into_iter().filter_map(|row| {
                let (clip, round) = names.get(&row)?;
                Some(HardRecord {
                    split: written.name.clone().into(),
                    row,
                    clip: clip.clone().into(),
                    round: *round,
                    score: scores[row as usize],
                })
            }));
        }
        Ok(())
    }

    /// Whose some rows of a split are: clip and round.
    fn names(
        &self,
        written: &SplitWritten,
        rows: impl Iterator<Item = u64>,
    ) -> Result<BTreeMap<u64, (String, u32)>, BuildError> {
        let rows: BTreeSet<u64> = rows.collect();
        let rows: Vec<u64> = rows.into_iter().collect();
        let read = |error| BuildError::io("read", &self.folder)(std::io::Error::other(error));
        let named = inspect::named(&self.folder, &self.dataset, written, &rows).map_err(read)?;
        Ok(rows.into_iter().zip(named).collect())
    }

    fn hard(&self) -> usize {
        let scoring = self.plan.audit.scoring.as_ref();
        scoring.map_or(0, |scoring| scoring.hard)
    }

    /// The score of each row of a split.
    fn scores(
        &self,
        scoring: &Arc<Scoring>,
        plan: &SplitPlan,
        scored: &mut dyn FnMut(),
    ) -> Result<Vec<f32>, BuildError> {
        let path = self.folder.join(&plan.features);
        let failed = |error: &dyn std::fmt::Display| {
            BuildError::io("score the rows of", &path)(std::io::Error::other(error.to_string()))
        };
        let reader = FeatureReader::open(&path).map_err(|error| failed(&error))?;
        let reader = reader.ok_or_else(|| failed(&"there is no such file"))?;
        let mut worker = scoring.worker().map_err(|error| failed(&error))?;
        let (mut scores, mut scratch) = (Vec::with_capacity(reader.rows()), Vec::new());
        for row in 0..reader.rows() {
            let values = reader
                .values(row..row + 1, &mut scratch)
                .unwrap_or_default();
            let name = inspect::row_name(row as u64);
            let score = worker.values(values, &name, 0);
            scores.push(score.map_err(|error| failed(&error))?);
            scored();
            if row % RELEASED == 0 {
                reader.release(0..row);
            }
        }
        Ok(scores)
    }
}

/// Whether what is in a split's file are rows.
fn has_rows(split: &SplitPlan) -> bool {
    let recordings = split.recordings.as_ref();
    recordings.is_none_or(|of| of.layout == Layout::Rows)
}

/// The rows that score highest, so many at most, the highest first and of two with one
/// score the first.
fn highest(scores: &[f32], most: usize) -> Vec<u64> {
    let mut rows: Vec<u64> = (0..scores.len() as u64).collect();
    rows.sort_by(|a, b| scores[*b as usize].total_cmp(&scores[*a as usize]));
    rows.truncate(most);
    rows
}

//! Negative rows of a finished data set, scored by a classifier.

use std::sync::Arc;

use super::Told;
use super::finished::Finished;
use super::look::Looked;
use crate::build::BuildError;
use crate::config::plan::{Layout, SplitPlan};
use crate::dataset::audit::AuditRecord;
use crate::dataset::hard::{HardRecord, Hardest};
use crate::dataset::inspect::{self, InspectError, RowNames};
use crate::dataset::manifest::SplitWritten;
use crate::dataset::parts::FeatureReader;
use crate::records::{Check, Noted};
use crate::stages::score::Scoring;

/// Rows after which a feature file's pages are given back.
const RELEASED: usize = 4096;

impl Finished {
    /// Whether there is a classifier.
    pub fn has_classifier(&self) -> bool {
        self.scoring.is_some()
    }

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
        let (Some(scoring), Some(plan)) = (&self.scoring, &self.plan.audit.scoring) else {
            return Ok(());
        };
        let mut hardest = Hardest::new(plan.hard);
        for (split, written) in self.scored_splits() {
            let mut names = self.names(written)?;
            let mut splits = looked.splits.iter_mut();
            let mut found = splits.find(|split| split.0 == written.name);
            self.scores(scoring, split, &mut |row, score| {
                scored();
                hardest.take(&HardRecord {
                    split: written.name.as_str().into(),
                    row,
                    clip: "".into(),
                    round: 0,
                    score,
                });
                let Some(noted) = scoring.rules.judge(Check::HoldsWord, score.into()) else {
                    return Ok(());
                };
                let (clip, round) = names.of(row).map_err(self.unread())?;
                let noted = Noted {
                    round: Some(round),
                    policy: noted.policy.at_end(),
                    ..noted
                };
                if let Some(split) = &mut found {
                    split.3.note(&clip, noted.check.name());
                }
                (told.lines)(&AuditRecord::of(&noted).of_clip(&written.name, &clip))
            })?;
        }
        looked.hardest = hardest.into_records();
        for (_, written) in self.scored_splits() {
            let mut names = self.names(written)?;
            let of_split = looked.hardest.iter_mut();
            let mut of_split: Vec<_> = of_split.filter(|of| of.split == written.name).collect();
            of_split.sort_unstable_by_key(|of| of.row);
            for record in of_split {
                let (clip, round) = names.of(record.row).map_err(self.unread())?;
                (record.clip, record.round) = (clip.into(), round);
            }
        }
        Ok(())
    }

    /// Whose the rows of a split are.
    fn names<'a>(&self, written: &'a SplitWritten) -> Result<RowNames<'a>, BuildError> {
        RowNames::open(&self.folder, &self.dataset, written).map_err(self.unread())
    }

    fn unread(&self) -> impl Fn(InspectError) -> BuildError {
        |error| BuildError::io("read", &self.folder)(std::io::Error::other(error))
    }

    /// Gives each row of a split and its score to `take`.
    fn scores(
        &self,
        scoring: &Arc<Scoring>,
        plan: &SplitPlan,
        take: &mut dyn FnMut(u64, f32) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let path = self.folder.join(&plan.features);
        let failed = |error: &dyn std::fmt::Display| {
            BuildError::io("score the rows of", &path)(std::io::Error::other(error.to_string()))
        };
        let reader = FeatureReader::open(&path).map_err(|error| failed(&error))?;
        let reader = reader.ok_or_else(|| failed(&"there is no such file"))?;
        let mut worker = scoring.worker().map_err(|error| failed(&error))?;
        let mut scratch = Vec::new();
        for row in 0..reader.rows() {
            let values = reader
                .values(row..row + 1, &mut scratch)
                .unwrap_or_default();
            let name = inspect::row_name(row as u64);
            let score = worker.values(values, &name, 0);
            take(row as u64, score.map_err(|error| failed(&error))?)?;
            if row % RELEASED == 0 {
                reader.release(0..row);
            }
        }
        Ok(())
    }
}

/// Whether what is in a split's file are rows.
fn has_rows(split: &SplitPlan) -> bool {
    let recordings = split.recordings.as_ref();
    recordings.is_none_or(|of| of.layout == Layout::Rows)
}

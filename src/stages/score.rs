//! Rows of negative splits, scored by a wake-word classifier.

use std::path::PathBuf;
use std::sync::Arc;

use crate::audit::refusal;
use crate::classifier::{Classifier, ModelError, Scorer};
use crate::records::{AuditRules, Batch, Check, ClipId, Noted, Rows, Values};

/// What scores rows, and what is done about those that hold the wake word.
pub struct Scoring {
    /// The classifier.
    pub classifier: Classifier,
    /// Embeddings in a row.
    pub steps: usize,
    /// What is a finding.
    pub rules: Arc<AuditRules>,
    /// Which splits are negative.
    pub negative: Arc<[bool]>,
}

/// Scores rows on one thread.
pub struct ScoreWorker {
    scoring: Arc<Scoring>,
    scorer: Scorer,
    scores: Vec<f32>,
}

/// Why rows have no scores.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The classifier cannot be run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// It gives NaN or an infinite score.
    #[error("{} gives the score {score} for row {round} of '{clip}'", model.display())]
    NotFinite {
        /// The classifier.
        model: PathBuf,
        /// The clip.
        clip: String,
        /// Its round, or of a recording its row.
        round: u32,
        /// The score.
        score: f32,
    },
}

impl Scoring {
    /// One thread's classifier. A row at a time: in a batch, the last bits of a
    /// score may depend on how many rows are beside it.
    ///
    /// # Errors
    /// Where ONNX Runtime refuses the model.
    pub fn worker(self: &Arc<Self>) -> Result<ScoreWorker, ModelError> {
        Ok(ScoreWorker {
            scoring: Arc::clone(self),
            scorer: self.classifier.open(self.steps, 1)?,
            scores: Vec::new(),
        })
    }
}

impl ScoreWorker {
    /// Scores the rows of a batch, where its split is negative. A span that a rule
    /// leaves out becomes a rejection.
    pub(super) fn score(&mut self, batch: &mut Batch<Rows<Values>>) -> Result<(), ScoreError> {
        let negative = self.scoring.negative.get(batch.split).copied();
        if !negative.unwrap_or(false) {
            return Ok(());
        }
        for span in &mut batch.spans {
            let Ok(rows) = &span.state else { continue };
            let (mut noted, mut scores) = (Vec::new(), Vec::with_capacity(rows.len()));
            for row in rows {
                let score = self.row(&row.data, &span.id, row.round)?;
                scores.push(score);
                let found = self.scoring.rules.judge(Check::HoldsWord, score.into());
                noted.extend(found.map(|noted| Noted {
                    round: Some(row.round),
                    ..noted
                }));
            }
            let refused = refusal(&noted);
            let audit = span.findings.audit.get_or_insert_default();
            audit.noted.append(&mut noted);
            audit.scores = scores;
            if let Some(rejection) = refused {
                span.state = Err(rejection);
            }
        }
        Ok(())
    }

    fn row(&mut self, row: &Values, clip: &ClipId, round: u32) -> Result<f32, ScoreError> {
        match row {
            Values::Floats(values) => self.values(values, &clip.name, round),
            _ => self.values(&[], &clip.name, round),
        }
    }

    /// Scores a row, `(timesteps, 96)`; clip and round are for the error.
    ///
    /// # Errors
    /// [`ScoreError`].
    pub fn values(&mut self, values: &[f32], clip: &str, round: u32) -> Result<f32, ScoreError> {
        self.scores.clear();
        self.scorer.score(values, &mut self.scores)?;
        let score = self.scores.first().copied().unwrap_or(f32::NAN);
        match score.is_finite() {
            true => Ok(score),
            false => Err(ScoreError::NotFinite {
                model: self.scoring.classifier.path().to_owned(),
                clip: clip.to_owned(),
                round,
                score,
            }),
        }
    }
}

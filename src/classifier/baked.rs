//! Doing without the batch of 1 that a model has baked in.

use std::sync::Arc;

use super::{BakedBatch, Classifier, Input};
use crate::onnx::rewrite::proof::{self, Noise};
use crate::onnx::rewrite::{self, Refusal, Rewrite};
use crate::runtime::ModelError;
use crate::runtime::file::ModelFile;

/// The embeddings of a row where the model takes any number.
const STEPS: usize = 16;

/// Rows at once in the proof. The last batch of a size is a smaller one.
const BATCHES: [usize; 4] = [1, 2, 7, 64];

/// The probes' scores differ by that much at least, or they prove nothing.
const SPREAD: f32 = 1e-3;

/// Largest difference allowed between scores.
const SCORE_TOLERANCE: f32 = 1e-6;

impl Classifier {
    /// The same classifier in batches of any size, if it is proven to give the
    /// same scores; else as it is. Either way it knows what became of it.
    pub(super) fn without_baked_batch(self) -> Self {
        let Some(rows) = self.input.rows else {
            return self;
        };
        let (classifier, applied, reason) = match self.freed(rows) {
            Ok((freed, largest)) => {
                let reason = format!("largest difference on the probes {largest:e}");
                (freed, true, reason)
            }
            Err(refusal) => (self, false, refusal.to_string()),
        };
        let rewrite = Rewrite {
            name: "free batch",
            applied,
            reason,
        };
        Self {
            baked: Some(BakedBatch { rows, rewrite }),
            ..classifier
        }
    }

    /// The rewritten classifier, with the largest difference on the probes.
    fn freed(&self, rows: usize) -> Result<(Self, f32), Refusal> {
        if rows != 1 {
            return Err(Refusal::new("only a batch of 1 is rewritten"));
        }
        let model = rewrite::batch::free(&self.file.model)?;
        let freed = Self {
            file: ModelFile {
                path: Arc::clone(&self.file.path),
                bytes: model.to_bytes().into(),
                sha256: self.file.sha256.clone(),
                model,
            },
            input: Input {
                rows: None,
                ..self.input
            },
            baked: None,
            runtime: Arc::clone(&self.runtime),
            provider: self.provider,
        };
        let expected = self.probe_scores(1);
        let expected = expected.map_err(|error| Refusal::new(error.to_string()))?;
        let (low, high) = expected
            .iter()
            .fold((f32::MAX, f32::MIN), |(low, high), x| {
                (low.min(*x), high.max(*x))
            });
        if high - low < SPREAD {
            return Err(Refusal::new("it scores all probes alike"));
        }
        let expected = [expected];
        let mut largest = 0.0_f32;
        for batch in BATCHES {
            let found = freed.probe_scores(batch).map(|scores| vec![scores]);
            largest = largest.max(proof::agree(&expected, found, SCORE_TOLERANCE)?);
        }
        Ok((freed, largest))
    }

    fn probe_scores(&self, batch: usize) -> Result<Vec<f32>, ModelError> {
        let steps = self.steps().unwrap_or(STEPS);
        let mut scorer = self.open(steps, batch)?;
        let mut scores = Vec::new();
        scorer.score(&probe_rows(scorer.row.iter().product()), &mut scores)?;
        Ok(scores)
    }
}

/// Rows of `length` values for a classifier, one after the other: noise from
/// faint to as loud as embeddings are, so that scores are neither all alike nor
/// all at an end.
fn probe_rows(length: usize) -> Vec<f32> {
    let mut noise = Noise::default();
    let scales = [0.1, 1.0, 3.0, 10.0, 30.0];
    let rows = scales.into_iter().cycle().take(65);
    rows.flat_map(|scale| vec![scale; length])
        .map(|scale| scale * noise.value())
        .collect()
}

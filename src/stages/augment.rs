//! Samples to rows: every effect, round by round.

use std::sync::Arc;

use crate::augment::{Augment, AugmentError, Augmenter};
use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::records::{Batch, Row, Rows, Samples, Values};

use super::{Buffers, Refusal, each_span};

/// Augments clips.
#[derive(Clone, Debug)]
pub struct AugmentStage {
    /// What is done to a clip.
    pub augment: Arc<Augment>,
    /// Where buffers come from.
    pub buffers: Buffers,
}

/// Augments clips on one thread.
pub struct AugmentWorker {
    augmenter: Augmenter,
    buffers: Buffers,
}

impl Stage for AugmentStage {
    type In = Batch<Samples>;
    type Out = Batch<Rows<Values>>;
    type Worker = AugmentWorker;

    fn name(&self) -> &'static str {
        crate::augment::NAME
    }

    fn worker(&self) -> Result<AugmentWorker, BoxError> {
        Ok(AugmentWorker {
            augmenter: self.augment.augmenter()?,
            buffers: self.buffers.clone(),
        })
    }
}

impl Worker for AugmentWorker {
    type In = Batch<Samples>;
    type Out = Batch<Rows<Values>>;

    fn process(&mut self, batch: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        let place = (batch.split, batch.epoch);
        let Self { augmenter, buffers } = self;
        each_span(batch, focus, |clip, rounds, mut samples, findings| {
            let pcm = || buffers.pcm.take();
            let rows = augmenter.rows(place, clip, rounds, &mut samples, findings, pcm);
            buffers.samples.give(samples);
            let pcm = |row: Row<_>| Row {
                round: row.round,
                data: Values::Pcm(row.data),
                provenance: row.provenance,
            };
            Ok(rows?.into_iter().map(pcm).collect())
        })
    }
}

impl From<AugmentError> for Refusal {
    fn from(error: AugmentError) -> Self {
        match error {
            AugmentError::Clip(rejection) => Self::Clip(rejection),
            AugmentError::Wav(error) => Self::Build(error.into()),
        }
    }
}

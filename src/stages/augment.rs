//! Samples to rows: every effect, round by round, and on in the scale that the
//! front end takes.

use std::sync::Arc;

use crate::augment::{Augment, AugmentError, Augmenter};
use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::records::{Batch, Row, Rows, Samples, Values};

use super::{Buffers, Refusal, each_clip};

/// Augments clips.
#[derive(Clone, Debug)]
pub struct AugmentStage {
    /// What is done to a clip.
    pub augment: Arc<Augment>,
    /// What a sample of full scale is to the front end: 1 or 32768.
    pub full_scale: f32,
    /// Where buffers come from.
    pub buffers: Buffers,
}

/// Augments clips on one thread.
pub struct AugmentWorker {
    augmenter: Augmenter,
    gain: f32,
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
            gain: self.full_scale / 32768.0,
            buffers: self.buffers.clone(),
        })
    }
}

impl Worker for AugmentWorker {
    type In = Batch<Samples>;
    type Out = Batch<Rows<Values>>;

    fn process(&mut self, batch: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        let split = batch.split;
        let Self {
            augmenter,
            gain,
            buffers,
        } = self;
        each_clip(batch, focus, |clip, mut samples| {
            let rows = augmenter.rows(split, clip, &mut samples, || buffers.pcm.take());
            buffers.samples.give(samples);
            let scale = |row: Row<Vec<i16>>| {
                let mut data = buffers.values.take();
                data.clear();
                // Powers of two: exact.
                data.extend(row.data.iter().map(|sample| f32::from(*sample) * *gain));
                buffers.pcm.give(row.data);
                Row {
                    round: row.round,
                    data,
                    provenance: row.provenance,
                }
            };
            Ok(rows?.into_iter().map(scale).collect())
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

//! Rows of samples to rows of mel spectrograms.

use std::sync::Arc;

use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::frontend::FrontEnd;
use crate::frontend::speech::MelNet;
use crate::records::{Batch, Mel, Pcm, Rows};

use super::{Buffers, payloads, replace};

/// Computes mel spectrograms.
#[derive(Clone)]
pub struct ComputeMel {
    /// The networks.
    pub front_end: Arc<FrontEnd>,
    /// What a sample of full scale is to the network: 1 or 32768.
    pub full_scale: f32,
    /// Where buffers come from.
    pub buffers: Buffers,
}

/// Computes mel spectrograms on one thread.
pub struct MelWorker {
    net: Box<dyn MelNet>,
    gain: f32,
    buffers: Buffers,
    audio: Vec<Vec<f32>>,
}

impl Stage for ComputeMel {
    type In = Batch<Rows<Pcm>>;
    type Out = Batch<Rows<Mel>>;
    type Worker = MelWorker;

    fn name(&self) -> &'static str {
        "mel"
    }

    fn worker(&self) -> Result<MelWorker, BoxError> {
        Ok(MelWorker {
            net: self.front_end.mel_net()?,
            gain: self.full_scale / 32768.0,
            buffers: self.buffers.clone(),
            audio: Vec::new(),
        })
    }
}

impl Worker for MelWorker {
    type In = Batch<Rows<Pcm>>;
    type Out = Batch<Rows<Mel>>;

    fn process(&mut self, batch: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        if let Some(first) = batch.clips.first() {
            focus.set(&first.id.name);
        }
        let rows = payloads(&batch);
        self.audio
            .resize_with(self.audio.len().max(rows.len()), Vec::new);
        for (audio, pcm) in self.audio.iter_mut().zip(&rows) {
            audio.clear();
            // Powers of two: exact.
            audio.extend(pcm.iter().map(|sample| f32::from(*sample) * self.gain));
        }
        let audio: Vec<&[f32]> = self.audio[..rows.len()].iter().map(Vec::as_slice).collect();
        let mut mel: Vec<Mel> = rows.iter().map(|_| self.buffers.mel.take()).collect();
        self.net.run(&audio, &mut mel)?;
        Ok(replace(batch, mel, |pcm| self.buffers.pcm.give(pcm)))
    }
}

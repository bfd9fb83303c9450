//! The proof at load: a short clip through the kernels must give what ONNX
//! Runtime gave for it.
//!
//! `probe.bin` holds the published models' results for the clip, little-endian
//! float32: 92 frames of 32 mel values, then 3 embeddings of 96. The script
//! `tests/golden/make_native_probe.py` made it.

use crate::frontend::speech::difference::largest_difference;
use crate::frontend::speech::sizes::{BANDS, EMBEDDING};

use super::embed::{EmbedKernel, EmbedScratch};
use super::mel::{HOP, MelKernel, WINDOW};

/// How far mel values may be from ONNX Runtime's, in dB.
pub const MEL_TOLERANCE_DB: f32 = 2e-3;
/// How far embeddings may be from ONNX Runtime's.
pub const EMBEDDING_TOLERANCE: f32 = 5e-4;

const GOLDEN: &[u8] = include_bytes!("probe.bin");
const FRAMES: usize = 92;
const SAMPLES: usize = WINDOW + (FRAMES - 1) * HOP;

/// The probe, and what the published networks give for it.
pub struct Golden {
    /// Mono samples at 16 kHz.
    pub clip: Vec<f32>,
    /// Its mel values, `(92, 32)`.
    pub mel: Vec<f32>,
    /// Their embeddings, `(3, 96)`.
    pub embeddings: Vec<f32>,
}

impl Golden {
    /// Reads what is stored.
    pub fn read() -> Self {
        let values = GOLDEN.as_chunks().0.iter();
        let mut mel: Vec<f32> = values.map(|&bytes| f32::from_le_bytes(bytes)).collect();
        Self {
            clip: clip(),
            embeddings: mel.split_off(FRAMES * BANDS),
            mel,
        }
    }

    /// The embeddings of the last windows, at most so many.
    pub fn last_embeddings(&self, windows: usize) -> &[f32] {
        let left_out = (self.embeddings.len() / EMBEDDING).saturating_sub(windows);
        &self.embeddings[left_out * EMBEDDING..]
    }
}

/// The largest differences from ONNX Runtime that a proof found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxDifference {
    /// Of mel values, in dB.
    pub mel_db: f32,
    /// Of embedding values.
    pub embedding: f32,
}

/// A proof that failed: the kernels must not serve.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// The mel values differ.
    #[error("mel values differ from ONNX Runtime's by up to {0} dB, more than {MEL_TOLERANCE_DB}")]
    Mel(f32),
    /// The embeddings differ.
    #[error("embeddings differ from ONNX Runtime's by up to {0}, more than {EMBEDDING_TOLERANCE}")]
    Embedding(f32),
}

/// Runs the probe through both kernels, a few milliseconds. The embedding
/// network starts from the stored mel values, so that each is judged alone.
pub fn prove(mel: &MelKernel, embed: &EmbedKernel) -> Result<MaxDifference, Refused> {
    let golden = Golden::read();
    let mut found = Vec::new();
    mel.run(&mut mel.scratch(), &golden.clip, &mut found);
    // The kernel's scale is dB / 10.
    let mel_db = 10.0 * largest_difference(&found, &golden.mel);
    if mel_db > MEL_TOLERANCE_DB {
        return Err(Refused::Mel(mel_db));
    }
    embed.run(&mut EmbedScratch::new(), &golden.mel, &mut found);
    let embedding = largest_difference(&found, &golden.embeddings);
    if embedding > EMBEDDING_TOLERANCE {
        return Err(Refused::Embedding(embedding));
    }
    Ok(MaxDifference { mel_db, embedding })
}

/// Noise that grows quieter by 6 dB ten times over, on a square wave that
/// comes and goes: every value is exact, whatever the machine.
fn clip() -> Vec<f32> {
    let mut state = 1_u32;
    (0..SAMPLES)
        .map(|index| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = ((state >> 16) as u16).cast_signed() >> (index / 1600);
            let square = match (index / 4000 % 2, index / 20 % 2) {
                (0, _) => 0,
                (_, 0) => 2048,
                _ => -2048,
            };
            f32::from(noise / 2 + square) / 32_768.0
        })
        .collect()
}

#[cfg(test)]
mod tests;

//! Noise of several backgrounds, one after the other.
//!
//! The numbers are those of torch-audiomentations' `AddBackgroundNoise`: every
//! piece is brought to an RMS level of 1, the whole once more, and the ratio is
//! one of RMS levels over the whole clip, its silence included.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::super::effect::{EffectError, SoundBank, SoundKind};
use super::super::level::rms;

/// Added to an RMS level, so that silence can be divided by it.
const FLOOR: f64 = 1e-8;

/// The noise of several backgrounds mixed into one row.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Joined {
    /// Signal-to-noise ratio in dB.
    pub snr_db: f64,
    /// The pieces, in order; together as long as the clip.
    pub pieces: Vec<Piece>,
}

/// A piece of a background.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Piece {
    /// The file.
    pub file: Arc<str>,
    /// Its first sample, at the pipeline's rate.
    pub start: u64,
    /// How many samples.
    pub length: u64,
}

impl Joined {
    /// Every file, once.
    pub(super) fn files(&self) -> Vec<&Arc<str>> {
        let mut files: Vec<&Arc<str>> = Vec::new();
        for piece in &self.pieces {
            if !files.contains(&&piece.file) {
                files.push(&piece.file);
            }
        }
        files
    }
}

/// Draws backgrounds until they fill a clip of `missing` samples: whole ones,
/// and of the last one any piece that is long enough.
///
/// # Errors
/// A background that cannot be read, or has no samples.
pub(super) fn draw(
    mut missing: u64,
    sounds: &mut dyn SoundBank,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<Piece>, EffectError> {
    let count = sounds.count(SoundKind::Background);
    let mut pieces = Vec::new();
    while missing > 0 {
        let file = sounds.name(SoundKind::Background, rng.random_range(0..count));
        let len = sounds.background_len(&file)?;
        if len == 0 {
            return Err(EffectError(format!("{file}: the background is empty")));
        }
        let length = len.min(missing);
        pieces.push(Piece {
            file,
            start: rng.random_range(0..=len - length),
            length,
        });
        missing -= length;
    }
    Ok(pieces)
}

/// Reads pieces, each at an RMS level of 1, into `noise`.
///
/// # Errors
/// A background that cannot be read, or is shorter than its piece.
pub(super) fn read(
    pieces: &[Piece],
    sounds: &mut dyn SoundBank,
    noise: &mut Vec<f32>,
) -> Result<(), EffectError> {
    noise.clear();
    for Piece {
        file,
        start,
        length,
    } in pieces
    {
        let len = sounds.background_len(file)?;
        let end = start.checked_add(*length).filter(|end| *end <= len);
        let Some(end) = end else {
            return Err(EffectError(format!(
                "{file}: the background has {len} samples, and {length} from {start} on are wanted"
            )));
        };
        let begun = noise.len();
        noise.extend_from_slice(sounds.background(file, *start..end)?);
        normalize(&mut noise[begun..]);
    }
    Ok(())
}

/// Mixes noise into a clip of the same length in place, at a signal-to-noise
/// ratio in dB; `noise` is brought to an RMS level of 1.
pub fn mix(samples: &mut [f32], noise: &mut [f32], snr_db: f64) {
    normalize(noise);
    let scale = rms(samples) / libm::pow(10.0, snr_db / 20.0);
    super::add(samples, noise, scale);
}

/// Brings samples to an RMS level of 1.
pub fn normalize(samples: &mut [f32]) {
    let level = rms(samples) + FLOOR;
    for sample in samples {
        *sample = (f64::from(*sample) / level) as f32;
    }
}

#[cfg(test)]
mod tests;

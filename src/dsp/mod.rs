//! Signal processing: pure functions on slices, with the random generator passed in.
//!
//! Nothing here knows of files, batches or threads. [`effect`] says what an
//! effect is, [`chain`] lists all of them, and each has a file of its own.
//!
//! Samples are mono `f32`, nominally in [-1, 1]. Hot loops are compiled for
//! AVX2 too, some also for AVX-512, and the processor decides (`multiversion`).
//! They hold no fused multiply-add, so that all versions give the same bits.

pub mod background;
pub mod band_stop;
pub mod chain;
pub mod colored_noise;
pub mod convolution;
pub mod decay;
pub mod distortion;
pub mod effect;
pub mod envelope;
pub mod equalizer;
pub mod extent;
pub mod gain;
pub mod level;
pub mod pcm16;
pub mod pitch_shift;
pub mod placement;
pub mod resample;
pub mod reverb;
pub mod sketch;
pub mod speech_level;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// A closed interval that a parameter is drawn from, uniformly.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(from = "[f64; 2]", into = "[f64; 2]")]
pub struct Range {
    /// The least value.
    pub min: f64,
    /// The greatest value; never less than `min`.
    pub max: f64,
}

impl Range {
    /// The interval from `min` to `max`.
    pub const fn new(min: f64, max: f64) -> Self {
        Self { min, max }
    }

    /// Draws one value uniformly.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        rng.random_range(self.min..=self.max)
    }
}

/// A number rounded to single precision: what torch draws.
fn rounded(x: f64) -> f64 {
    f64::from(x as f32)
}

/// Mel of a frequency in Hz: 2595 log10(1 + f / 700).
fn hz_to_mel(hz: f64) -> f64 {
    2595.0 * libm::log10(1.0 + hz / 700.0)
}

/// Frequency in Hz of a mel.
fn mel_to_hz(mel: f64) -> f64 {
    700.0 * (libm::pow(10.0, mel / 2595.0) - 1.0)
}

/// Whether something of this probability happens this time. Draws one number
/// whatever the probability.
fn happens(probability: f64, rng: &mut impl Rng) -> bool {
    rng.random::<f64>() < probability
}

impl From<[f64; 2]> for Range {
    fn from([min, max]: [f64; 2]) -> Self {
        Self { min, max }
    }
}

impl From<Range> for [f64; 2] {
    fn from(range: Range) -> Self {
        [range.min, range.max]
    }
}

#[cfg(test)]
mod tests;

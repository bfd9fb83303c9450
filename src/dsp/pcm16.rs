//! 16-bit PCM as libsndfile writes and reads it.
//!
//! Full scale is 32768: a sample x becomes floor(32768 x), clamped to what 16
//! bits hold, and comes back as a multiple of 1/32768. Or it becomes what
//! openWakeWord makes of it, see [`Overflow::Wrap`].

use multiversion::multiversion;
use serde::{Deserialize, Serialize};

/// What becomes of samples that 16 bits cannot hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Overflow {
    /// They stay at the limit.
    #[default]
    Clip,
    /// They wrap around, as numpy's conversion of integers does on x86 and as
    /// openWakeWord's rows do: 32767 x without its fraction, of which the low 16
    /// bits are kept.
    Wrap,
}

impl Overflow {
    /// Converts samples to 16 bits, replacing what `pcm` holds; says whether any
    /// was out of range.
    pub fn encode_into(self, samples: &[f32], pcm: &mut Vec<i16>) -> bool {
        match self {
            Self::Clip => {
                encode_into(samples, pcm);
                any_beyond(samples, f32::next_down(-1.0), 1.0)
            }
            Self::Wrap => {
                wrap_into(samples, pcm);
                any_beyond(samples, -32_769.0 / WRAP_SCALE, 32_768.0 / WRAP_SCALE)
            }
        }
    }
}

/// Full scale.
const SCALE: f32 = 32768.0;

/// Converts samples to 16 bits, replacing what `pcm` holds.
///
/// What is not a number becomes 0; infinities are clamped.
#[multiversion(targets("x86_64+avx2"))]
pub fn encode_into(samples: &[f32], pcm: &mut Vec<i16>) {
    pcm.clear();
    pcm.extend(samples.iter().copied().map(encode));
}

/// Converts samples back from 16 bits, replacing what `samples` holds.
#[multiversion(targets("x86_64+avx2"))]
pub fn decode_into(pcm: &[i16], samples: &mut Vec<f32>) {
    samples.clear();
    samples.extend(pcm.iter().copied().map(decode));
}

/// Full scale of what wraps around.
const WRAP_SCALE: f32 = 32767.0;

/// Converts samples to 16 bits that wrap around, replacing what `pcm` holds.
#[multiversion(targets("x86_64+avx2"))]
fn wrap_into(samples: &[f32], pcm: &mut Vec<i16>) {
    pcm.clear();
    pcm.resize(samples.len(), 0);
    for (pcm, sample) in pcm.iter_mut().zip(samples) {
        *pcm = wrap(sample * WRAP_SCALE);
    }
}

/// The low 16 bits of a whole number of 32 bits; what those cannot hold is 0, as
/// the processor's conversion has it.
#[inline(always)]
fn wrap(scaled: f32) -> i16 {
    /// 2^31, the first magnitude that 32 bits cannot hold.
    const LIMIT: f32 = 2_147_483_648.0;
    let held = if scaled.abs() < LIMIT { scaled } else { 0.0 };
    held as i32 as i16
}

/// Whether any sample is at a limit or beyond it.
#[multiversion(targets("x86_64+avx2"))]
fn any_beyond(samples: &[f32], low: f32, high: f32) -> bool {
    let mut any = 0;
    for x in samples {
        any |= u32::from(*x >= high) | u32::from(*x <= low);
    }
    any != 0
}

/// floor(32768 x), clamped, without the branches and calls of `f32::floor` and
/// a checked conversion, so that the loop over a clip becomes vector
/// instructions.
fn encode(sample: f32) -> i16 {
    /// Adding it rounds to the nearest integer, which then fills the low
    /// mantissa bits.
    const ROUND: f32 = 12_582_912.0;
    let scaled = if sample.is_nan() { 0.0 } else { sample * SCALE };
    let clamped = scaled.clamp(f32::from(i16::MIN), f32::from(i16::MAX));
    let shifted = clamped + ROUND;
    let nearest = shifted.to_bits().wrapping_sub(ROUND.to_bits()) as i32;
    let rounded_up = shifted - ROUND > clamped;
    (nearest - i32::from(rounded_up)) as i16
}

fn decode(sample: i16) -> f32 {
    f32::from(sample) / SCALE
}

#[cfg(test)]
mod tests;

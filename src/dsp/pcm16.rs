//! 16-bit PCM as libsndfile writes and reads it.
//!
//! Full scale is 32768: a sample x becomes floor(32768 x), clamped to what 16
//! bits hold, and comes back as a multiple of 1/32768.

use multiversion::multiversion;

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

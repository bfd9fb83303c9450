//! Background noise at a chosen signal-to-noise ratio.
//!
//! A noise shorter than the clip repeats; the piece that is mixed in starts
//! anywhere in the repeated noise. The numbers are those of livekit-wakeword's
//! `mix_with_background`.

use std::ops::Range as Span;

use multiversion::multiversion;
use rand::{Rng, RngExt};
use serde::Serialize;

use super::{Range, happens};

/// Added to mean squares, so that silence has a level.
const POWER_FLOOR: f64 = 1e-8;

/// How often background noise is mixed in, and how loud.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoiseParams {
    /// Probability of mixing it into a clip, in [0, 1].
    pub probability: f64,
    /// Signal-to-noise ratio, in dB.
    pub snr_db: Range,
}

/// What is drawn before the noise's length is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NoiseDraw {
    /// Which of the noises.
    pub index: usize,
    /// Signal-to-noise ratio in dB.
    pub snr_db: f64,
}

/// Draws one of `count` noises and its level for one clip, or `None` where it
/// is left alone or there are none.
pub fn draw(params: &NoiseParams, count: usize, rng: &mut impl Rng) -> Option<NoiseDraw> {
    (happens(params.probability, rng) && count > 0).then(|| NoiseDraw {
        index: rng.random_range(0..count),
        snr_db: params.snr_db.draw(rng),
    })
}

/// Draws where the piece for a clip starts, in samples from the start of the
/// noise; `noise_len` and `clip_len` are in samples.
///
/// A noise shorter than the clip counts as repeated `clip_len / noise_len + 1`
/// times, so the piece may start beyond its end.
pub fn draw_start(noise_len: u64, clip_len: u64, rng: &mut impl Rng) -> u64 {
    let repeats = match noise_len {
        0 => 0,
        shorter if shorter < clip_len => clip_len / shorter + 1,
        _ => 1,
    };
    rng.random_range(0..=(repeats * noise_len).saturating_sub(clip_len))
}

/// Which samples of a noise a clip needs, from where [`draw_start`] says.
///
/// Give [`mix`] these samples, and `start` less the span's start.
pub fn needed(noise_len: u64, start: u64, clip_len: u64) -> Span<u64> {
    match start.checked_add(clip_len) {
        Some(end) if end <= noise_len => start..end,
        _ => 0..noise_len,
    }
}

/// Mixes noise into a clip in place, at a signal-to-noise ratio in dB.
///
/// The piece starts at sample `start` of the noise, which repeats as often as
/// needed. Nothing is normalised, so the mix may leave [-1, 1]. Without noise
/// samples the clip stays as it is.
pub fn mix(samples: &mut [f32], noise: &[f32], start: usize, snr_db: f64) {
    if samples.is_empty() || noise.is_empty() {
        return;
    }
    let len = samples.len();
    let noise_energy: f64 = repeated(noise, start, len).map(energy).sum();
    let signal_power = f64::from(pairwise_energy(samples) / len as f32 + POWER_FLOOR as f32);
    let noise_power = noise_energy / len as f64 + POWER_FLOOR;
    let scale = (signal_power / (noise_power * 10f64.powf(snr_db / 10.0))).sqrt();
    let mut rest = samples;
    for piece in repeated(noise, start, len) {
        let (head, tail) = rest.split_at_mut(piece.len());
        add(head, piece, scale);
        rest = tail;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add(samples: &mut [f32], noise: &[f32], scale: f64) {
    for (sample, noise) in samples.iter_mut().zip(noise) {
        *sample = (f64::from(*sample) + scale * f64::from(*noise)) as f32;
    }
}

/// The slices that make up `len` samples of a noise, repeated, from `start`.
fn repeated(noise: &[f32], start: usize, len: usize) -> impl Iterator<Item = &[f32]> {
    let mut offset = start % noise.len();
    let mut left = len;
    std::iter::from_fn(move || {
        let piece = &noise[offset..][..left.min(noise.len() - offset)];
        offset = 0;
        left -= piece.len();
        (!piece.is_empty()).then_some(piece)
    })
}

/// Sum of squares in `f32`, added up in the order of numpy's pairwise
/// summation, so that it rounds as livekit-wakeword's does.
fn pairwise_energy(samples: &[f32]) -> f32 {
    /// Most samples that are not halved further.
    const RUN: usize = 128;
    let squares = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>();
    if samples.len() > RUN {
        let half = samples.len() / 2;
        let (front, back) = samples.split_at(half - half % 8);
        return pairwise_energy(front) + pairwise_energy(back);
    }
    let (chunks, tail) = samples.as_chunks::<8>();
    let Some((first, chunks)) = chunks.split_first() else {
        return squares(tail);
    };
    let mut sums = first.map(|s| s * s);
    for chunk in chunks {
        for (sum, s) in sums.iter_mut().zip(chunk) {
            *sum += s * s;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    tail.iter()
        .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, s| {
            sum + s * s
        })
}

/// Sum of squares.
#[multiversion(targets("x86_64+avx2"))]
fn energy(samples: &[f32]) -> f64 {
    // Partial sums, so that additions do not wait for each other.
    let mut partial = [0f64; 8];
    let chunks = samples.chunks_exact(partial.len());
    let tail: f64 = chunks
        .remainder()
        .iter()
        .map(|s| f64::from(*s).powi(2))
        .sum();
    for chunk in chunks {
        for (sum, sample) in partial.iter_mut().zip(chunk) {
            *sum += f64::from(*sample).powi(2);
        }
    }
    tail + partial.iter().sum::<f64>()
}

#[cfg(test)]
mod tests;

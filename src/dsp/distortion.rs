//! Tanh distortion that keeps the loudness.
//!
//! The numbers are those of audiomentations' `TanhDistortion`: the gain before
//! `tanh` brings a percentile of the clip's magnitudes to 0.5, and a gain after
//! it restores the clip's RMS level.

use multiversion::multiversion;
use rand_chacha::ChaCha8Rng;

use super::effect::{
    Allows, Effect, EffectError, Facts, PROBABILITY, Parameter, Scene, parameters,
};
use super::{Range, happens};

parameters! {
    /// How often distortion is applied, and how strongly.
    pub struct TanhDistortion {
        /// Probability of tanh distortion.
        probability: f64 = "0.25", PROBABILITY;
        /// Share of the loudest samples pushed into the knee.
        amount: Range = "[0.01, 0.7]", Allows::Interval(0.0, 1.0);
    }
}

impl Effect for TanhDistortion {
    const NAME: &'static str = "distortion";
    const TABLE: &'static str = "augment.distortion";
    const RECORD: &'static str = "tanh_distortion";
    const LABEL: &'static str = "tanh distortion";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    /// The amount, in [0, 1].
    type Drawn = f64;

    fn draw(
        &self,
        _: usize,
        _: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<f64>, EffectError> {
        Ok(happens(self.probability, rng).then(|| self.amount.draw(rng)))
    }

    fn apply(
        &self,
        amount: &f64,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        apply(*amount, samples, &mut scene.workspace.bits);
        Ok(())
    }

    fn facts(amount: &f64, _: u32) -> Facts<'_> {
        Facts::new(format!("distortion {amount:.2}"))
    }
}

/// Distorts a clip in place by an amount in [0, 1].
///
/// `scratch` is working memory that grows to the clip's length; its content
/// neither matters nor lasts.
pub fn apply(amount: f64, samples: &mut [f32], scratch: &mut Vec<u32>) {
    if samples.is_empty() {
        return;
    }
    let threshold = magnitude_quantile(samples, (100.0 - 99.0 * amount) / 100.0, scratch);
    let gain = 0.5 / (threshold + 1e-6);
    let before = rms(samples);
    saturate(gain, samples);
    if before > 1e-9 {
        let restore = before / rms(samples);
        for sample in samples {
            *sample *= restore;
        }
    }
}

/// Quantile in [0, 1] of the magnitudes of a clip that is not empty, with
/// linear interpolation between the two nearest (`numpy.percentile`'s default).
fn magnitude_quantile(samples: &[f32], quantile: f64, scratch: &mut Vec<u32>) -> f32 {
    // The bits of floats that are not negative sort as integers, which is
    // quicker than comparing floats.
    scratch.clear();
    scratch.extend(samples.iter().map(|sample| sample.abs().to_bits()));
    let position = (samples.len() - 1) as f64 * quantile.clamp(0.0, 1.0);
    let (_, &mut lower, above) = scratch.select_nth_unstable(position as usize);
    let upper = above.iter().min().copied().unwrap_or(lower);
    let fraction = position.fract();
    let (lower, upper) = (f32::from_bits(lower), f32::from_bits(upper));
    // From the nearer end, as numpy does, so that rounding agrees.
    if fraction < 0.5 {
        lower + (upper - lower) * fraction as f32
    } else {
        upper - (upper - lower) * (1.0 - fraction) as f32
    }
}

/// Root mean square of a clip that is not empty.
///
/// In eight partial sums of `f32`, apart from the first few samples that make
/// the rest a multiple of eight: the order of the `numpy-rms` package, which
/// audiomentations measures with.
fn rms(samples: &[f32]) -> f32 {
    let (front, rest) = samples.split_at(samples.len() % 8);
    let mut partial = [0f32; 8];
    for chunk in rest.chunks_exact(8) {
        for (sum, sample) in partial.iter_mut().zip(chunk) {
            *sum += sample * sample;
        }
    }
    let front = front.iter().map(|sample| f64::from(sample * sample));
    let sum: f64 = front.chain(partial.map(f64::from)).sum();
    (sum / samples.len() as f64).sqrt() as f32
}

#[multiversion(targets("x86_64+avx2"))]
fn saturate(gain: f32, samples: &mut [f32]) {
    for sample in samples {
        *sample = tanh(gain * *sample);
    }
}

/// Hyperbolic tangent to within 0.502 units in the last place, free of branches
/// so that the loop over a clip becomes vector instructions (the standard
/// library's takes ten times as long).
///
/// tanh(x) = ±(1 − e) / (1 + e) with e = exp(−2|x|) = 2^k 2^r, where k is an
/// integer and |r| ≤ 1/2; 2^r is its Taylor series.
#[inline(always)]
fn tanh(x: f32) -> f32 {
    /// Adding it rounds to an integer, which then fills the low mantissa bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// Beyond it, tanh is 1 in `f32`.
    const SATURATED: f64 = 10.0;
    /// ln(2)^n / n! for n from 8 to 0.
    const SERIES: [f64; 9] = [
        1.321_548_679_014_430_8e-6,
        1.525_273_380_405_984e-5,
        1.540_353_039_338_161_1e-4,
        1.333_355_814_642_844_2e-3,
        9.618_129_107_628_477e-3,
        5.550_410_866_482_158e-2,
        2.402_265_069_591_007e-1,
        std::f64::consts::LN_2,
        1.0,
    ];
    let exponent = f64::from(x).abs().min(SATURATED) * (-2.0 * std::f64::consts::LOG2_E);
    let shifted = exponent + ROUND;
    let r = exponent - (shifted - ROUND);
    let fraction = SERIES.iter().fold(0.0, |sum, term| sum * r + term);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0f64.to_bits()));
    let e = fraction * power;
    ((1.0 - e) / (1.0 + e)).copysign(f64::from(x)) as f32
}

#[cfg(test)]
mod tests;

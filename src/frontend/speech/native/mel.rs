//! The mel front end by fast Fourier transform.
//!
//! The published graph multiplies every window with 257 cosines and 257
//! sines; its weights are a window times those, so the transform of the
//! windowed samples gives the same numbers. From there on: power, a product
//! with the mel matrix, decibels no lower than 80 under the clip's maximum,
//! and the scale that the embedding network expects, x/10 + 2.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use std::sync::Arc;

use crate::frontend::speech::sizes::BANDS;

use super::bands::{Bands, CHAINS, GROUPS};
use super::direct::Direct;
use super::dispatch::{Isa, Operation};
use super::fourier::{Fourier, FourierScratch};
use super::lanes::{Lanes, WIDTH, mul_add};
pub use super::spectrum::{BINS, HOP, MelWeights, POWER_FLOOR, RANGE_DB, WINDOW};

/// The least share of a frame's power that a band may hold for the fast
/// transform to do: at a smaller one its rounding comes near 2e-3 dB.
const LEAST_SHARE: f32 = 1e-10;

/// The mel front end, shared between workers.
#[derive(Clone)]
pub struct MelKernel {
    isa: Isa,
    front: Arc<FrontEnd>,
}

struct FrontEnd {
    fourier: Fourier,
    direct: Direct,
    bands: Bands,
}

/// What one worker computes with.
pub struct MelScratch {
    fourier: FourierScratch,
    power: Vec<f32>,
}

/// Windows that fit into a number of samples.
pub fn frames(samples: usize) -> usize {
    match samples.checked_sub(WINDOW) {
        Some(rest) => rest / HOP + 1,
        None => 0,
    }
}

impl MelKernel {
    /// Prepares the weights for this machine.
    pub fn new(isa: Isa, weights: &MelWeights) -> Self {
        let front = FrontEnd {
            fourier: Fourier::new(weights),
            direct: Direct::new(weights),
            bands: Bands::new(weights),
        };
        Self {
            isa,
            front: Arc::new(front),
        }
    }

    /// Scratch for one worker.
    pub fn scratch(&self) -> MelScratch {
        MelScratch {
            fourier: self.front.fourier.scratch(),
            power: vec![0.0; BINS + CHAINS],
        }
    }

    /// The frames of a clip at 16 kHz: `out` becomes `(frames, 32)`, mel
    /// spectrum in dB / 10 + 2, empty where there are fewer than 512 samples.
    pub fn run(&self, scratch: &mut MelScratch, audio: &[f32], out: &mut Vec<f32>) {
        self.levels(scratch, audio, out);
        floor(out);
    }

    /// The levels of the frames in dB, before the floor and the scale: each frame's
    /// are those that it has in any clip.
    pub fn levels(&self, scratch: &mut MelScratch, audio: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.resize(frames(audio.len()) * BANDS, 0.0);
        self.isa.run(Run {
            front: &self.front,
            scratch,
            audio,
            out,
        });
    }
}

/// Levels in dB as the embedding network takes them: none lower than 80 dB under
/// the loudest, and scaled.
pub fn floor(levels: &mut [f32]) {
    let least = loudest(levels) - RANGE_DB;
    for level in levels.as_chunks_mut().0 {
        *level = Lanes(*level).max(Lanes::splat(least)).0;
    }
    scale(levels);
}

/// Levels in dB, of which none lies under the floor, as the embedding network
/// takes them.
pub fn scale(levels: &mut [f32]) {
    for value in levels {
        *value = *value / 10.0 + 2.0;
    }
}

/// Whether the floor of these levels bites: one of them lies under it.
pub fn bites(levels: &[f32]) -> bool {
    let least = loudest(levels) - RANGE_DB;
    levels.iter().any(|level| *level < least)
}

fn loudest(levels: &[f32]) -> f32 {
    let mut maximum = Lanes::splat(f32::NEG_INFINITY);
    for level in levels.as_chunks().0 {
        maximum = maximum.max(Lanes(*level));
    }
    maximum.0.into_iter().fold(f32::NEG_INFINITY, f32::max)
}

struct Run<'a> {
    front: &'a FrontEnd,
    scratch: &'a mut MelScratch,
    audio: &'a [f32],
    out: &'a mut [f32],
}

impl Operation for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self {
            front,
            scratch,
            audio,
            out,
        } = self;
        let windows = audio.windows(WINDOW).step_by(HOP);
        for (samples, frame) in windows.zip(out.chunks_exact_mut(BANDS)) {
            let energies = energies::<FUSED>(front, scratch, samples);
            for (energy, out) in energies.into_iter().zip(frame.as_chunks_mut().0) {
                *out = decibels::<FUSED>(energy).0;
            }
        }
    }
}

/// The power of a window in all bands, no less than the floor.
#[inline(always)]
fn energies<const FUSED: bool>(
    front: &FrontEnd,
    scratch: &mut MelScratch,
    samples: &[f32],
) -> [Lanes; GROUPS] {
    if samples.iter().all(|&sample| sample == 0.0) {
        // What pads a short clip.
        return [Lanes::splat(POWER_FLOOR); GROUPS];
    }
    let MelScratch { fourier, power } = scratch;
    front.fourier.power::<FUSED>(fourier, samples, power);
    let energies = front.bands.energies::<FUSED>(power);
    if !is_lost(&energies, &power[..BINS]) {
        return energies;
    }
    front.direct.power::<FUSED>(samples, power);
    front.bands.energies::<FUSED>(power)
}

/// Whether a band holds so little of a frame's power that the fast
/// transform's rounding shows in it.
#[inline(always)]
fn is_lost(energies: &[Lanes; GROUPS], power: &[f32]) -> bool {
    let mut sums = [Lanes::ZERO; CHAINS];
    for power in power.as_chunks::<{ CHAINS * WIDTH }>().0 {
        for (sum, power) in sums.iter_mut().zip(power.as_chunks().0) {
            *sum = sum.add(Lanes(*power));
        }
    }
    let [a, b, c, d] = sums;
    let total: f32 = a.add(b).add(c.add(d)).0.iter().sum();
    let least = total * LEAST_SHARE;
    let mut lost = false;
    for energies in energies {
        for i in 0..WIDTH {
            lost |= energies.0[i] < least;
        }
    }
    lost
}

/// 10 log₁₀ of normal positive numbers, within 3e-7 of the result or of 10 dB;
/// of infinity and NaN, themselves.
///
/// With x = 2ᵉ m and m between √½ and √2, ln m = 2 artanh((m − 1)/(m + 1)),
/// whose power series needs five terms there.
#[inline(always)]
fn decibels<const FUSED: bool>(x: Lanes) -> Lanes {
    const SQRT_HALF: u32 = std::f32::consts::FRAC_1_SQRT_2.to_bits();
    const PER_OCTAVE: f32 = 10.0 * std::f32::consts::LOG10_2;
    const PER_NEPER: f32 = 20.0 * std::f32::consts::LOG10_E;
    let mut level = x;
    for i in 0..WIDTH {
        let bits = x.0[i].to_bits();
        let exponent = (bits.wrapping_sub(SQRT_HALF) as i32) >> 23;
        let mantissa = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32));
        let s = (mantissa - 1.0) / (mantissa + 1.0);
        let q = s * s;
        let mut series = mul_add::<FUSED>(q, 1.0 / 9.0, 1.0 / 7.0);
        series = mul_add::<FUSED>(series, q, 1.0 / 5.0);
        series = mul_add::<FUSED>(series, q, 1.0 / 3.0);
        series = mul_add::<FUSED>(series, q, 1.0);
        let octaves = exponent as f32 * PER_OCTAVE;
        let value = mul_add::<FUSED>(series * s, PER_NEPER, octaves);
        if x.0[i] < f32::INFINITY {
            level.0[i] = value;
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::frontend::speech::native::reference;
    use crate::frontend::speech::native::reference::{Noise, distance};

    fn run(isa: Isa, audio: &[f32]) -> Vec<f32> {
        let kernel = MelKernel::new(isa, &Noise::mel());
        let mut out = vec![f32::NAN; 5];
        kernel.run(&mut kernel.scratch(), audio, &mut out);
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn the_front_end_is_its_reference(
            samples in WINDOW..WINDOW + 4 * HOP,
            scale in prop::sample::select(vec![1e-4_f32, 1.0, 3e4]),
            seed: u64,
        ) {
            let audio = Noise(seed).vec(samples, scale);
            let expected = reference::mel(&audio, &Noise::mel());
            prop_assert_eq!(expected.times, frames(samples));
            let mut fused = Vec::new();
            for isa in Isa::available() {
                let found = run(isa, &audio);
                prop_assert!(distance(&found, &expected.values) < 2e-4);
                fused.extend(isa.is_fast().then_some(found));
            }
            prop_assert!(fused.windows(2).all(|pair| pair[0] == pair[1]));
        }
    }

    #[test]
    fn silence_is_at_the_floor() {
        let mel = run(Isa::detect(), &[0.0; 2000]);
        assert!(mel.iter().all(|x| (x + 8.0).abs() < 2e-6));
    }

    #[test]
    fn nothing_is_further_than_80_db_below_the_maximum() {
        let mut audio = vec![0.0; 4000];
        audio[256] = 1.0;
        let mel = run(Isa::detect(), &audio);
        let loudest = mel.iter().copied().fold(f32::MIN, f32::max);
        let least = mel.iter().copied().fold(f32::MAX, f32::min);
        assert!((loudest - least - RANGE_DB / 10.0).abs() < 1e-5);
    }

    #[test]
    fn fewer_samples_than_a_window_have_no_frame() {
        assert!(run(Isa::detect(), &[0.5; WINDOW - 1]).is_empty());
    }

    #[test]
    fn decibels_are_ten_decimal_logarithms() {
        for exponent in -100..=80 {
            for mantissa in [1.0, 1.17, 1.41, 1.42, 1.73, 1.99] {
                let x = mantissa * (exponent as f32).exp2();
                let expected = 10.0 * f64::from(x).log10();
                for found in [
                    decibels::<false>(Lanes::splat(x)).0[0],
                    decibels::<true>(Lanes::splat(x)).0[7],
                ] {
                    let off = (f64::from(found) - expected).abs();
                    assert!(off < 3e-7 * expected.abs().max(10.0), "{x}");
                }
            }
        }
        assert!(decibels::<false>(Lanes::splat(f32::NAN)).0[0].is_nan());
        assert_eq!(
            decibels::<false>(Lanes::splat(f32::INFINITY)).0[0],
            f32::INFINITY
        );
    }
}

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

use realfft::num_complex::Complex;
use realfft::{FftError, RealFftPlanner, RealToComplex};

use super::dispatch::{Isa, Operation};
use super::lanes::{Lanes, WIDTH, mul_add};
use super::stem::BANDS;

/// Samples of a window.
pub const WINDOW: usize = 512;
/// Samples from one window to the next.
pub const HOP: usize = 160;
/// Frequencies of a window's transform.
pub const BINS: usize = WINDOW / 2 + 1;
/// The least power of a band: −100 dB.
pub const POWER_FLOOR: f32 = 1e-10;
/// How far below the clip's maximum values may lie, in dB.
pub const RANGE_DB: f32 = 80.0;

/// Eight bands in a [`Lanes`], so many of them.
const GROUPS: usize = BANDS / WIDTH;

/// The weights of the network, as in its graph.
#[derive(Clone, Debug, PartialEq)]
pub struct MelWeights {
    /// 512 factors.
    pub window: Vec<f32>,
    /// The weight of each of 257 bins in each band.
    pub bands: Vec<[f32; BANDS]>,
}

/// The mel front end, shared between workers.
#[derive(Clone)]
pub struct MelKernel {
    isa: Isa,
    front: Arc<FrontEnd>,
}

struct FrontEnd {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    bands: [Band; GROUPS],
    /// The bins that any band reads.
    used: std::ops::Range<usize>,
}

/// Eight bands: a first bin, and the weights from there on.
#[derive(Clone, Debug, Default)]
struct Band {
    first: usize,
    weights: Vec<Lanes>,
}

/// What one worker computes with.
pub struct MelScratch {
    windowed: Vec<f32>,
    spectrum: Vec<Complex<f32>>,
    transform: Vec<Complex<f32>>,
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
        let bands: [Band; GROUPS] = std::array::from_fn(|group| band(weights, group));
        let first = bands.iter().map(|band| band.first).min();
        let last = bands.iter().map(|band| band.first + band.weights.len());
        let front = FrontEnd {
            transform: RealFftPlanner::new().plan_fft_forward(WINDOW),
            window: weights.window.clone(),
            used: first.unwrap_or(0)..last.max().unwrap_or(0),
            bands,
        };
        Self {
            isa,
            front: Arc::new(front),
        }
    }

    /// Scratch for one worker.
    pub fn scratch(&self) -> MelScratch {
        let transform = &self.front.transform;
        MelScratch {
            windowed: transform.make_input_vec(),
            spectrum: transform.make_output_vec(),
            transform: transform.make_scratch_vec(),
            power: vec![0.0; BINS],
        }
    }

    /// The frames of a clip at 16 kHz: `out` becomes `(frames, 32)`, mel
    /// spectrum in dB / 10 + 2, empty where there are fewer than 512 samples.
    pub fn run(
        &self,
        scratch: &mut MelScratch,
        audio: &[f32],
        out: &mut Vec<f32>,
    ) -> Result<(), FftError> {
        out.clear();
        out.resize(frames(audio.len()) * BANDS, 0.0);
        self.isa.run(Run {
            front: &self.front,
            scratch,
            audio,
            out,
        })
    }
}

/// The weights of eight bands, from the first bin that any of them reads to
/// the last.
fn band(weights: &MelWeights, group: usize) -> Band {
    let rows: Vec<Lanes> = weights
        .bands
        .iter()
        .map(|row| {
            let mut lanes = Lanes::ZERO;
            lanes.0.copy_from_slice(&row[group * WIDTH..][..WIDTH]);
            lanes
        })
        .collect();
    let read = |lanes: &Lanes| *lanes != Lanes::ZERO;
    match (rows.iter().position(read), rows.iter().rposition(read)) {
        (Some(first), Some(last)) => Band {
            first,
            weights: rows[first..=last].to_vec(),
        },
        _ => Band::default(),
    }
}

struct Run<'a> {
    front: &'a FrontEnd,
    scratch: &'a mut MelScratch,
    audio: &'a [f32],
    out: &'a mut [f32],
}

impl Operation for Run<'_> {
    type Output = Result<(), FftError>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Self::Output {
        let Self {
            front,
            scratch,
            audio,
            out,
        } = self;
        let mut maximum = Lanes::splat(f32::NEG_INFINITY);
        let windows = audio.windows(WINDOW).step_by(HOP);
        for (samples, frame) in windows.zip(out.chunks_exact_mut(BANDS)) {
            let windowed = scratch.windowed.iter_mut();
            for ((y, x), w) in windowed.zip(samples).zip(&front.window) {
                *y = x * w;
            }
            front.transform.process_with_scratch(
                &mut scratch.windowed,
                &mut scratch.spectrum,
                &mut scratch.transform,
            )?;
            let spectrum = &scratch.spectrum[front.used.clone()];
            let power = &mut scratch.power[front.used.clone()];
            for (power, z) in power.iter_mut().zip(spectrum) {
                *power = mul_add::<FUSED>(z.re, z.re, z.im * z.im);
            }
            for (band, out) in front.bands.iter().zip(frame.as_chunks_mut().0) {
                let mut sum = Lanes::ZERO;
                for (weights, &power) in band.weights.iter().zip(&scratch.power[band.first..]) {
                    sum = weights.mul_add::<FUSED>(power, sum);
                }
                let level = decibels::<FUSED>(sum.max(Lanes::splat(POWER_FLOOR)));
                maximum = maximum.max(level);
                *out = level.0;
            }
        }
        let loudest = maximum.0.into_iter().fold(f32::NEG_INFINITY, f32::max);
        let least = Lanes::splat(loudest - RANGE_DB);
        for level in out.as_chunks_mut().0 {
            *level = Lanes(*level).max(least).0;
            for value in level {
                *value = *value / 10.0 + 2.0;
            }
        }
        Ok(())
    }
}

/// 10 log₁₀ of normal positive numbers, within two units in the last place of
/// float32 at 100 dB; of infinity and NaN, themselves.
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

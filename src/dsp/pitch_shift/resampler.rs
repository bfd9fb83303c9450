//! Resampling by a quotient of small whole numbers.
//!
//! The numbers are those of torchaudio's `resample` with its defaults: a sinc of
//! six zero crossings on either side under a squared cosine, at 0.99 of the lower
//! rate. They are not those of the resampler that reads files, which is steeper.

// Closures would not inherit the target features of the function around them.
#![allow(clippy::needless_range_loop)]

use std::f64::consts::PI;

use multiversion::multiversion;

/// Zero crossings on either side.
const CROSSINGS: f64 = 6.0;
/// Share of the lower rate that passes.
const ROLLOFF: f64 = 0.99;
/// Taps that are multiplied at once.
const WIDTH: usize = 16;

/// Makes `new` samples of every `orig`.
pub struct Resampler {
    pub orig: usize,
    pub new: usize,
    /// Samples that the filter reaches back.
    before: usize,
    /// For each of `new` samples, which of the samples from `before` samples back
    /// is its first.
    first: Vec<usize>,
    /// The taps of each, a whole number of times `WIDTH`.
    taps: Vec<[f32; WIDTH]>,
    /// How many times.
    groups: usize,
}

impl Resampler {
    /// Computes the filter; neither rate is 0.
    pub fn new(orig: usize, new: usize) -> Self {
        let (from, to) = (orig as f64, new as f64);
        let base = ROLLOFF * from.min(to);
        let reach = CROSSINGS * from / base;
        let before = reach.ceil() as usize;
        let groups = ((2.0 * reach) as usize + 1).div_ceil(WIDTH);
        let mut first = Vec::with_capacity(new);
        let mut taps = vec![[0.0; WIDTH]; new * groups];
        for (phase, taps) in taps.chunks_mut(groups).enumerate() {
            let center = phase as f64 * from / to;
            let start = (before as f64 + center - reach).ceil() as usize;
            first.push(start);
            for (n, tap) in taps.as_flattened_mut().iter_mut().enumerate() {
                let k = (start + n) as f64 - before as f64;
                let t = base * (k / from - phase as f64 / to);
                if t.abs() < CROSSINGS {
                    let window = libm::cos(t * PI / CROSSINGS / 2.0).powi(2);
                    let sinc = if t == 0.0 {
                        1.0
                    } else {
                        libm::sin(PI * t) / (PI * t)
                    };
                    *tap = (sinc * window * base / from) as f32;
                }
            }
        }
        Self {
            orig,
            new,
            before,
            first,
            taps,
            groups,
        }
    }

    /// Resamples a clip into a slice: what is beyond the clip is silence.
    ///
    /// `padded` is working memory; its content neither matters nor lasts.
    pub fn process(&self, samples: &[f32], padded: &mut Vec<f32>, out: &mut [f32]) {
        let made = (samples.len() * self.new)
            .div_ceil(self.orig)
            .min(out.len());
        let (out, rest) = out.split_at_mut(made);
        rest.fill(0.0);
        padded.clear();
        padded.resize(self.before, 0.0);
        padded.extend_from_slice(samples);
        // The last sample's phase may begin a round beyond the clip's end.
        let beyond = 2 * self.orig + self.groups * WIDTH + self.before;
        padded.resize(padded.len() + beyond, 0.0);
        dots(self, padded, out);
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn dots(resampler: &Resampler, padded: &[f32], out: &mut [f32]) {
    let Resampler {
        orig,
        new,
        groups,
        first,
        taps,
        ..
    } = resampler;
    for (round, out) in out.chunks_mut(*new).enumerate() {
        let samples = &padded[round * orig..];
        for (phase, out) in out.iter_mut().enumerate() {
            let samples = &samples[first[phase]..];
            let mut sums = [0f32; WIDTH];
            for group in 0..*groups {
                let taps = &taps[phase * groups + group];
                let samples = &samples[group * WIDTH..][..WIDTH];
                for lane in 0..WIDTH {
                    sums[lane] += samples[lane] * taps[lane];
                }
            }
            for half in [8, 4, 2, 1] {
                for lane in 0..half {
                    sums[lane] += sums[lane + half];
                }
            }
            *out = sums[0];
        }
    }
}

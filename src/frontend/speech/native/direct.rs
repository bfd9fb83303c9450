//! The Fourier transform summed tap by tap, in the order of the published
//! graph on ONNX Runtime.
//!
//! A fast transform rounds in proportion to the whole of a frame, and so does
//! the graph's plain sum, each in its own way. Where a band holds next to
//! nothing of the frame, as with a constant signal, that rounding is what is
//! left of it: only the same sums in the same order give the same digits.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use super::lanes::{Lanes, WIDTH};
use super::spectrum::{BINS, MelWeights, WINDOW};

/// Taps summed in one go: ONNX Runtime's matrix product adds up stretches of
/// this length, and then the stretches.
const STRETCH: usize = 128;

/// Cosines and sines of the bins that a mel band reads.
pub struct Direct {
    first: usize,
    /// Eight bins each, `[tap]`.
    kernels: Vec<[Kernel; WINDOW]>,
}

/// Cosine and sine of eight bins, for one tap.
type Kernel = [Lanes; 2];

impl Direct {
    pub fn new(weights: &MelWeights) -> Self {
        let read = |bin: &usize| weights.bands[*bin].iter().any(|&weight| weight != 0.0);
        let first = (0..BINS).find(read).unwrap_or(BINS);
        let end = (0..BINS).rfind(read).map_or(BINS, |last| last + 1);
        let kernel = |bins: usize, tap: usize| {
            let mut kernel = [Lanes::ZERO; 2];
            for bin in bins..end.min(bins + WIDTH) {
                let index = bin * WINDOW + tap;
                kernel[0].0[bin - bins] = weights.cosines[index];
                kernel[1].0[bin - bins] = weights.sines[index];
            }
            kernel
        };
        Self {
            first,
            kernels: (first..end)
                .step_by(WIDTH)
                .map(|bins| std::array::from_fn(|tap| kernel(bins, tap)))
                .collect(),
        }
    }

    /// The power of a window of samples at each bin that a mel band reads.
    #[inline(always)]
    pub fn power<const FUSED: bool>(&self, samples: &[f32], power: &mut [f32]) {
        let groups = power[self.first..].chunks_mut(WIDTH);
        for (kernels, power) in self.kernels.iter().zip(groups) {
            let [re, im] = transform::<FUSED>(samples, kernels);
            for (bin, power) in power.iter_mut().enumerate() {
                *power = re.0[bin] * re.0[bin] + im.0[bin] * im.0[bin];
            }
        }
    }
}

/// Real and imaginary part at eight bins.
#[inline(always)]
fn transform<const FUSED: bool>(samples: &[f32], kernels: &[Kernel]) -> Kernel {
    let mut whole = [Lanes::ZERO; 2];
    for (samples, kernels) in samples.chunks(STRETCH).zip(kernels.chunks(STRETCH)) {
        let mut sums = [Lanes::ZERO; 2];
        for (&sample, kernel) in samples.iter().zip(kernels) {
            for part in 0..2 {
                sums[part] = kernel[part].mul_add::<FUSED>(sample, sums[part]);
            }
        }
        for part in 0..2 {
            whole[part] = whole[part].add(sums[part]);
        }
    }
    whole
}

//! The power spectrum by fast Fourier transform.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::lanes::mul_add;
use super::spectrum::{BINS, MelWeights, WINDOW};

/// Points of the complex transform that does the work of the real one.
const HALF: usize = WINDOW / 2;

/// The transform of a window of samples.
pub struct Fourier {
    transform: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    /// e^(−2πik/512) for each bin.
    twiddles: Vec<Complex<f32>>,
}

/// What one worker transforms with.
pub struct FourierScratch {
    spectrum: Vec<Complex<f32>>,
    transform: Vec<Complex<f32>>,
}

impl Fourier {
    pub fn new(weights: &MelWeights) -> Self {
        let turn = -2.0 * std::f64::consts::PI / WINDOW as f64;
        let twiddle = |bin: usize| {
            let (sine, cosine) = libm::sincos(turn * bin as f64);
            Complex::new(cosine as f32, sine as f32)
        };
        Self {
            transform: FftPlanner::new().plan_fft_forward(HALF),
            window: weights.window().to_vec(),
            twiddles: (0..BINS).map(twiddle).collect(),
        }
    }

    pub fn scratch(&self) -> FourierScratch {
        let zero = Complex::new(0.0, 0.0);
        FourierScratch {
            spectrum: vec![zero; HALF + 1],
            transform: vec![zero; self.transform.get_inplace_scratch_len()],
        }
    }

    /// The power of a window of samples at each bin.
    #[inline(always)]
    pub fn power<const FUSED: bool>(
        &self,
        scratch: &mut FourierScratch,
        samples: &[f32],
        power: &mut [f32],
    ) {
        self.spectrum(scratch, samples);
        power_of::<FUSED>(&scratch.spectrum, &self.twiddles, power);
    }

    /// The transform of the windowed samples, even ones taken as real and odd
    /// ones as imaginary parts; its first value once more at the end.
    #[inline(always)]
    fn spectrum(&self, scratch: &mut FourierScratch, samples: &[f32]) {
        let (z, last) = scratch.spectrum.split_at_mut(HALF);
        let samples = samples.as_chunks::<2>().0;
        let window = self.window.as_chunks::<2>().0;
        for ((z, x), w) in z.iter_mut().zip(samples).zip(window) {
            *z = Complex::new(x[0] * w[0], x[1] * w[1]);
        }
        self.transform
            .process_with_scratch(z, &mut scratch.transform);
        last[0] = z[0];
    }
}

/// The power of the real samples' transform X at each bin k.
///
/// With Z the transform above and Z′ₖ the conjugate of Z₂₅₆₋ₖ, the even
/// samples transform to (Z + Z′)/2 and the odd ones to (Z − Z′)/2i, so that
/// 2X = (Z + Z′) − i e^(−2πik/512) (Z − Z′).
#[inline(always)]
fn power_of<const FUSED: bool>(
    spectrum: &[Complex<f32>],
    twiddles: &[Complex<f32>],
    power: &mut [f32],
) {
    let bins = spectrum.iter().zip(spectrum.iter().rev());
    for (((z, mirrored), w), power) in bins.zip(twiddles).zip(power) {
        let (sum_re, sum_im) = (z.re + mirrored.re, z.im - mirrored.im);
        let (odd_re, odd_im) = (z.im + mirrored.im, mirrored.re - z.re);
        let re = mul_add::<FUSED>(odd_re, w.re, mul_add::<FUSED>(-odd_im, w.im, sum_re));
        let im = mul_add::<FUSED>(odd_re, w.im, mul_add::<FUSED>(odd_im, w.re, sum_im));
        *power = 0.25 * mul_add::<FUSED>(re, re, im * im);
    }
}

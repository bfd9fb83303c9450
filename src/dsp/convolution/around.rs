//! Circular convolution in one transform over a whole clip.
//!
//! In blocks, what comes after the clip's end has to be computed and added to its
//! start; a transform of the clip's own length wraps around by itself, in a third of
//! the time.

use std::sync::Arc;

use multiversion::multiversion;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, FftError, RealFftPlanner, RealToComplex};

use super::Impulse;

/// Transforms for clips of one length, with their working memory.
pub(super) struct Around {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    time: Vec<f64>,
    clip: Vec<Complex<f64>>,
    response: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
}

impl Around {
    /// Plans the transforms for clips of `len` samples, at least one.
    pub fn new(len: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            time: vec![0.0; len],
            clip: forward.make_output_vec(),
            response: forward.make_output_vec(),
            scratch: vec![Complex::ZERO; scratch],
            forward,
            inverse,
        }
    }

    /// The length that they are for.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Convolves a clip of that length in place.
    ///
    /// # Errors
    /// Where a sample of the clip or of the response is not finite.
    pub fn convolve(&mut self, impulse: &Impulse, samples: &mut [f32]) -> Result<(), FftError> {
        let len = self.len();
        // The inverse transform is not scaled, so the response is.
        let scale = impulse.gain / len as f64;
        self.time.fill(0.0);
        for taps in impulse.response.chunks(len) {
            for (sum, tap) in self.time.iter_mut().zip(taps) {
                *sum += f64::from(*tap) * scale;
            }
        }
        self.forward
            .process_with_scratch(&mut self.time, &mut self.response, &mut self.scratch)?;
        for (slot, sample) in self.time.iter_mut().zip(&*samples) {
            *slot = f64::from(*sample);
        }
        self.forward
            .process_with_scratch(&mut self.time, &mut self.clip, &mut self.scratch)?;
        multiply(&mut self.clip, &self.response);
        self.inverse
            .process_with_scratch(&mut self.clip, &mut self.time, &mut self.scratch)?;
        for (sample, wet) in samples.iter_mut().zip(&self.time) {
            *sample = *wet as f32;
        }
        Ok(())
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn multiply(values: &mut [Complex<f64>], by: &[Complex<f64>]) {
    for (value, by) in values.iter_mut().zip(by) {
        *value *= by;
    }
}

//! Convolution with room impulse responses and filters.
//!
//! Uniformly partitioned overlap-save: the impulse response is cut into blocks
//! whose spectra are computed once and serve clips of any length. In `f64`: in
//! `f32` one sample in a thousand would come out as the next 16-bit value, and
//! where rounds stack, each such step is heard through the next room.

use std::sync::Arc;

use multiversion::multiversion;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, FftError, RealFftPlanner, RealToComplex};

mod around;

use around::Around;

/// Samples in a block. Two transforms of twice as many a block, and one
/// product of spectra for each pair of blocks: this size balances the two for
/// clips of seconds and rooms of up to a second.
const BLOCK: usize = 4096;

/// Values in the spectrum of two blocks.
const BINS: usize = BLOCK + 1;

/// Why a clip could not be convolved.
#[derive(Debug, thiserror::Error)]
pub enum ConvolveError {
    /// The impulse response has no samples.
    #[error("the impulse response has no samples")]
    EmptyImpulse,
    /// The transform refused its input: the clip or the impulse response holds
    /// a value that is not finite.
    #[error("Fourier transform failed: {0}")]
    Transform(#[from] FftError),
}

/// An impulse response made ready for convolution: normalised to a peak of 1,
/// in the frequency domain.
#[derive(Debug)]
pub struct Impulse {
    /// `BINS` values for each block of the response, in order.
    spectra: Vec<Complex<f64>>,
    taps: usize,
    /// The response as it was, of a room, and what it is multiplied with.
    response: Vec<f32>,
    gain: f64,
    delay: usize,
    peak: f32,
}

impl Impulse {
    /// Delay of the direct path, in samples: where the magnitude of the response
    /// is greatest, the first such place where there are several.
    pub fn delay(&self) -> usize {
        self.delay
    }

    /// The greatest magnitude of the response, before it was divided by it; 1 of
    /// a filter.
    pub fn peak(&self) -> f32 {
        self.peak
    }

    /// Memory it takes, in bytes: about 20 a sample, in steps of a block.
    pub fn memory_bytes(&self) -> usize {
        let spectra = size_of_val(self.spectra.as_slice());
        size_of::<Self>() + spectra + size_of_val(self.response.as_slice())
    }
}

/// Convolves clips with prepared impulse responses; one for each worker.
///
/// Holds the transforms and working memory, no trace of earlier clips.
pub struct Convolver {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    /// The block before the current one.
    before: Vec<f32>,
    /// That and the current one on their way in, or the result on its way out.
    time: Vec<f64>,
    /// Spectra of the last windows, one for each block of the impulse
    /// response; a ring.
    history: Vec<Complex<f64>>,
    product: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    /// Transforms over whole clips of the usual length.
    around: Option<Around>,
}

impl Default for Convolver {
    fn default() -> Self {
        Self::new()
    }
}

impl Convolver {
    /// Plans the transforms.
    pub fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(2 * BLOCK);
        let inverse = planner.plan_fft_inverse(2 * BLOCK);
        let scratch_len = forward.get_scratch_len().max(inverse.get_scratch_len());
        Self {
            forward,
            inverse,
            before: vec![0.0; BLOCK],
            time: vec![0.0; 2 * BLOCK],
            history: Vec::new(),
            product: vec![Complex::ZERO; BINS],
            scratch: vec![Complex::ZERO; scratch_len],
            around: None,
        }
    }

    /// Makes an impulse response ready: divides it by its peak magnitude plus
    /// 1e-8 and transforms it.
    ///
    /// # Errors
    ///
    /// Where the response is empty.
    pub fn prepare(&mut self, response: &[f32]) -> Result<Impulse, ConvolveError> {
        self.prepare_first(response, response.len())
    }

    /// As [`prepare`](Self::prepare), of the first `most` samples alone; peak and
    /// delay are those of the whole response.
    ///
    /// # Errors
    ///
    /// Where the response is empty.
    pub fn prepare_first(
        &mut self,
        response: &[f32],
        most: usize,
    ) -> Result<Impulse, ConvolveError> {
        if response.is_empty() {
            return Err(ConvolveError::EmptyImpulse);
        }
        let peak = response.iter().fold(0f32, |peak, tap| peak.max(tap.abs()));
        let delay = response.iter().position(|tap| tap.abs() == peak);
        let scale = 1.0 / (f64::from(peak) + 1e-8);
        let response = &response[..response.len().min(most.max(1))];
        let mut impulse = self.transform(response, |tap| f64::from(*tap) * scale)?;
        // A response of NaN alone has no peak; it fails when it is used.
        impulse.delay = delay.unwrap_or(0);
        impulse.peak = peak;
        (impulse.response, impulse.gain) = (response.to_vec(), scale);
        Ok(impulse)
    }

    /// Makes a filter ready, as it is.
    ///
    /// # Errors
    ///
    /// Where there are no taps.
    pub fn prepare_filter(&mut self, taps: &[f64]) -> Result<Impulse, ConvolveError> {
        if taps.is_empty() {
            return Err(ConvolveError::EmptyImpulse);
        }
        self.transform(taps, |tap| *tap)
    }

    fn transform<T>(
        &mut self,
        response: &[T],
        value: impl Fn(&T) -> f64,
    ) -> Result<Impulse, ConvolveError> {
        // The inverse transform is not scaled, so the response is.
        let scale = 1.0 / (2 * BLOCK) as f64;
        let blocks = response.len().div_ceil(BLOCK);
        let mut spectra = vec![Complex::ZERO; blocks * BINS];
        for (taps, spectrum) in response.chunks(BLOCK).zip(spectra.chunks_exact_mut(BINS)) {
            self.time.fill(0.0);
            for (slot, tap) in self.time.iter_mut().zip(taps) {
                *slot = value(tap) * scale;
            }
            self.forward
                .process_with_scratch(&mut self.time, spectrum, &mut self.scratch)?;
        }
        Ok(Impulse {
            spectra,
            taps: response.len(),
            response: Vec::new(),
            gain: 1.0,
            delay: 0,
            peak: 1.0,
        })
    }

    /// Convolves a clip in place: the full convolution, cropped to the clip's
    /// length.
    ///
    /// # Errors
    ///
    /// Where a sample of the clip or of the response is not finite; what the
    /// clip holds is then undefined.
    pub fn convolve(
        &mut self,
        impulse: &Impulse,
        samples: &mut [f32],
    ) -> Result<(), ConvolveError> {
        let blocks = (impulse.spectra.len() / BINS).min(samples.len().div_ceil(BLOCK));
        // Entries that the clip has not reached yet are never read, so what an
        // earlier clip left there does not matter.
        self.history.resize(blocks * BINS, Complex::ZERO);
        self.before.fill(0.0);
        for (index, block) in samples.chunks_mut(BLOCK).enumerate() {
            self.advance(index % blocks, block)?;
            self.multiply(impulse, index, blocks);
            self.inverse.process_with_scratch(
                &mut self.product,
                &mut self.time,
                &mut self.scratch,
            )?;
            // The first half is wrapped around.
            for (sample, wet) in block.iter_mut().zip(&self.time[BLOCK..]) {
                *sample = *wet as f32;
            }
        }
        Ok(())
    }

    /// Convolves a clip in place: of the full convolution as many samples as the
    /// clip has, from the `delay`-th on, so that a sound which arrives that late
    /// stays where it was.
    ///
    /// # Errors
    /// As [`convolve`](Self::convolve).
    pub fn convolve_from(
        &mut self,
        impulse: &Impulse,
        delay: usize,
        samples: &mut Vec<f32>,
    ) -> Result<(), ConvolveError> {
        let len = samples.len();
        // Room for what arrives after the clip's end, which then moves into it.
        samples.resize(len + delay, 0.0);
        self.convolve(impulse, samples)?;
        samples.copy_within(delay.., 0);
        samples.truncate(len);
        Ok(())
    }

    /// Convolves a clip in place, circularly over its length, with the response
    /// turned left by its delay: the direct path is the first tap, and what
    /// arrives after the clip's end wraps around to its start. A delay beyond the
    /// clip turns nothing. `usual` is the length that most clips have, in samples:
    /// these take a third of the time.
    ///
    /// # Errors
    /// As [`convolve`](Self::convolve).
    pub fn convolve_around(
        &mut self,
        impulse: &Impulse,
        usual: usize,
        samples: &mut Vec<f32>,
    ) -> Result<(), ConvolveError> {
        let len = samples.len();
        if len == 0 {
            return Ok(());
        }
        if len == usual && !impulse.response.is_empty() {
            let around = self.around.take().filter(|around| around.len() == len);
            let around = around.unwrap_or_else(|| Around::new(len));
            self.around.insert(around).convolve(impulse, samples)?;
        } else {
            samples.resize(len + impulse.taps - 1, 0.0);
            self.convolve(impulse, samples)?;
            for n in len..samples.len() {
                samples[n % len] += samples[n];
            }
            samples.truncate(len);
        }
        if impulse.delay < len {
            samples.rotate_left(impulse.delay);
        }
        Ok(())
    }

    /// Moves the window on by a block and puts its spectrum into the history.
    fn advance(&mut self, slot: usize, block: &[f32]) -> Result<(), ConvolveError> {
        let (before, current) = self.time.split_at_mut(BLOCK);
        let (current, behind) = current.split_at_mut(block.len());
        for (slots, samples) in [(before, &*self.before), (current, block)] {
            for (slot, sample) in slots.iter_mut().zip(samples) {
                *slot = f64::from(*sample);
            }
        }
        behind.fill(0.0);
        // Only the last may be shorter, which is before none.
        self.before[..block.len()].copy_from_slice(block);
        let spectrum = &mut self.history[slot * BINS..][..BINS];
        self.forward
            .process_with_scratch(&mut self.time, spectrum, &mut self.scratch)?;
        Ok(())
    }

    /// Sums the products of each block of the impulse response with the window
    /// that lies as many blocks back.
    fn multiply(&mut self, impulse: &Impulse, index: usize, blocks: usize) {
        self.product.fill(Complex::ZERO);
        let reached = blocks.min(index + 1);
        for (back, response) in impulse.spectra.chunks_exact(BINS).take(reached).enumerate() {
            let slot = (index - back) % blocks;
            let window = &self.history[slot * BINS..][..BINS];
            add_product(&mut self.product, window, response);
        }
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add_product(sums: &mut [Complex<f64>], window: &[Complex<f64>], response: &[Complex<f64>]) {
    for ((sum, x), h) in sums.iter_mut().zip(window).zip(response) {
        *sum += x * h;
    }
}

#[cfg(test)]
mod tests;

//! Noise whose spectrum falls or rises with frequency.
//!
//! The numbers are those of torch-audiomentations' `AddColoredNoise`: a second
//! of white noise, its spectrum weighted, which repeats every second. White noise
//! comes of a seed, so that anybody can make it again: whole numbers of
//! SplitMix64, and normals of them by Box and Muller's method, in double precision
//! and then rounded.

mod lanes;
mod normals;

use std::sync::Arc;

use multiversion::multiversion;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use realfft::num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use serde::{Deserialize, Serialize};

use super::effect::{
    Allows, Effect, EffectError, Facts, Measure, PROBABILITY, Parameter, Scene, parameters,
};
use super::level::rms;
use super::{Range, happens, rounded};
use lanes::exponential;
use normals::normals;

/// Added to an RMS level, so that silence can be divided by it.
const FLOOR: f64 = 1e-8;

/// Seeds lie below: whole numbers that every reader of JSON keeps.
const SEEDS: u64 = 1 << 53;

parameters! {
    /// How often coloured noise is added, how loud, and of what colour.
    pub struct ColoredNoise {
        /// Probability of coloured noise.
        probability: f64 = "0.25", PROBABILITY;
        /// Signal-to-noise ratio, in dB.
        snr_db: Range = "[10, 30]", Allows::Interval(-100.0, 100.0);
        /// Decay of the spectrum: 0 is white noise, above 0 low frequencies are the loudest, below 0 high ones.
        f_decay: Range = "[-1, 2]", Allows::Interval(-10.0, 10.0);
    }
}

/// One drawn noise.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Noise {
    /// Signal-to-noise ratio in dB.
    pub snr_db: f64,
    /// Decay of the spectrum.
    pub f_decay: f64,
    /// Seed of the white noise, below 2^53.
    pub seed: u64,
}

impl Effect for ColoredNoise {
    const NAME: &'static str = "colored_noise";
    const TABLE: &'static str = "augment.colored_noise";
    const RECORD: &'static str = "colored_noise";
    const LABEL: &'static str = "coloured noise";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    type Drawn = Noise;

    fn draw(
        &self,
        _: usize,
        _: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Noise>, EffectError> {
        Ok(happens(self.probability, rng).then(|| Noise {
            snr_db: rounded(self.snr_db.draw(rng)),
            f_decay: rounded(self.f_decay.draw(rng)),
            seed: rng.random_range(0..SEEDS),
        }))
    }

    fn apply(
        &self,
        noise: &Noise,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        let colored = &mut scene.workspace.colored;
        colored
            .add(*noise, scene.sample_rate, samples)
            .map_err(|error| EffectError(format!("coloured noise: {error}")))
    }

    fn measure(&self) -> Option<Measure> {
        Some(Measure {
            name: "signal-to-noise ratio",
            unit: "dB",
            range: self.snr_db,
        })
    }

    fn facts(noise: &Noise, _: u32) -> Facts<'_> {
        Facts {
            value: Some(noise.snr_db),
            ..Facts::new(format!(
                "coloured noise of decay {:.1} at {:.1} dB",
                noise.f_decay, noise.snr_db
            ))
        }
    }
}

/// Makes coloured noise; one for each worker, with its transforms and working
/// memory.
#[derive(Default)]
pub struct Colored(Option<Transforms>);

struct Transforms {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    /// A second of noise.
    time: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    /// Logarithms of the frequencies that the decay is a power of.
    logarithms: Vec<f64>,
}

impl Colored {
    /// Adds noise to a clip, in place.
    ///
    /// # Errors
    /// Those of the transform; there are none of finite numbers.
    pub fn add(
        &mut self,
        noise: Noise,
        sample_rate: u32,
        samples: &mut [f32],
    ) -> Result<(), realfft::FftError> {
        let len = sample_rate as usize;
        let transforms = self.0.take().filter(|made| made.time.len() == len);
        let transforms = self
            .0
            .insert(transforms.unwrap_or_else(|| Transforms::new(len)));
        transforms.make(noise)?;
        let scale = rms(samples) / libm::pow(10.0, noise.snr_db / 20.0);
        for second in samples.chunks_mut(len.max(1)) {
            for (sample, noise) in second.iter_mut().zip(&transforms.time) {
                *sample = (f64::from(*sample) + scale * noise) as f32;
            }
        }
        Ok(())
    }
}

impl Transforms {
    fn new(len: usize) -> Self {
        let mut planner = RealFftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(len), planner.plan_fft_inverse(len));
        let spectrum = forward.make_output_vec();
        let steps = spectrum.len().saturating_sub(1).max(1) as f64;
        let last = (len as f64 / 2.0).sqrt();
        let frequency = |k: usize| 1.0 + k as f64 * ((last - 1.0) / steps);
        Self {
            logarithms: (0..spectrum.len())
                .map(|k| libm::log(frequency(k)))
                .collect(),
            time: vec![0.0; len],
            forward,
            inverse,
            spectrum,
        }
    }

    /// Makes a second of noise of an RMS level of 1.
    fn make(&mut self, noise: Noise) -> Result<(), realfft::FftError> {
        normals(noise.seed, &mut self.time);
        self.forward.process(&mut self.time, &mut self.spectrum)?;
        weight(&mut self.spectrum, &self.logarithms, -noise.f_decay);
        self.inverse.process(&mut self.spectrum, &mut self.time)?;
        // The transforms multiply by the length.
        let len = self.time.len() as f64;
        let power = self.time.iter().map(|x| (x / len).powi(2)).sum::<f64>() / len;
        let scale = 1.0 / (len * (power.sqrt() + FLOOR));
        self.time.iter_mut().for_each(|x| *x *= scale);
        Ok(())
    }
}

/// Weights a spectrum by powers of its frequencies, given by their logarithms.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn weight(spectrum: &mut [Complex<f64>], logarithms: &[f64], power: f64) {
    for (value, logarithm) in spectrum.iter_mut().zip(logarithms) {
        *value *= exponential(power * logarithm);
    }
}

#[cfg(test)]
mod tests;

//! A band of frequencies taken out.
//!
//! The numbers are those of torch-audiomentations' `BandStopFilter`, which takes
//! julius' `bandpass_filter` off the clip: the difference of two low passes,
//! each a sinc under a Hann window.

use std::f64::consts::PI;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::convolution::{ConvolveError, Convolver};
use super::effect::{
    Allows, Effect, EffectError, Facts, Format, Measure, PROBABILITY, Parameter, Scene, parameters,
};
use super::{Range, happens, hz_to_mel, mel_to_hz, rounded};

/// Zero crossings of the lower low pass on both sides together.
const CROSSINGS: f64 = 8.0;

parameters! {
    /// How often a band is taken out, and which.
    pub struct BandStop {
        /// Probability of a band stop filter.
        probability: f64 = "0.25", PROBABILITY;
        /// Centre of the band in Hz, uniform in mel.
        center_hz: Range = "[200, 4000]", Allows::Interval(50.0, 192_000.0);
        /// Width of the band, as a share of its centre.
        bandwidth: Range = "[0.5, 1.99]", Allows::Interval(0.01, 1.99);
    }
}

/// One drawn band.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Band {
    /// Centre in Hz.
    pub center_hz: f64,
    /// Width, as a share of the centre.
    pub bandwidth: f64,
}

impl Effect for BandStop {
    const NAME: &'static str = "band_stop";
    const TABLE: &'static str = "augment.band_stop";
    const RECORD: &'static str = "band_stop";
    const LABEL: &'static str = "band stop";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    type Drawn = Band;

    fn draw(
        &self,
        _: usize,
        _: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Band>, EffectError> {
        let Range { min, max } = self.center_hz;
        let mel = Range::new(hz_to_mel(min), hz_to_mel(max));
        Ok(happens(self.probability, rng).then(|| Band {
            center_hz: rounded(mel_to_hz(mel.draw(rng))),
            bandwidth: rounded(self.bandwidth.draw(rng)),
        }))
    }

    fn apply(
        &self,
        band: &Band,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        let Scene { workspace, .. } = scene;
        apply(*band, scene.sample_rate, samples, &mut workspace.convolver)
            .map_err(|error| EffectError(format!("band stop: {error}")))
    }

    fn check(&self, format: Format) -> Result<(), (&'static str, String)> {
        let highest = self.center_hz.max * (1.0 + self.bandwidth.max / 2.0);
        let nyquist = f64::from(format.sample_rate) / 2.0;
        if highest <= nyquist {
            return Ok(());
        }
        Err((
            "center_hz",
            format!(
                "reaches {} Hz; with a bandwidth of {} the band ends at {highest} Hz, beyond half the sample rate, {nyquist} Hz",
                self.center_hz.max, self.bandwidth.max
            ),
        ))
    }

    fn measure(&self) -> Option<Measure> {
        Some(Measure {
            name: "centre of the band",
            unit: "Hz",
            range: self.center_hz,
        })
    }

    fn facts(band: &Band, _: u32) -> Facts<'_> {
        let [low, high] = band.edges_hz();
        Facts {
            value: Some(band.center_hz),
            ..Facts::new(format!("without {low:.0} to {high:.0} Hz"))
        }
    }
}

impl Band {
    /// Where it begins and ends, in Hz.
    fn edges_hz(self) -> [f64; 2] {
        [-0.5, 0.5].map(|half| self.center_hz * (1.0 + half * self.bandwidth))
    }

    /// Where it begins and ends as shares of the sample rate, rounded as torch
    /// does.
    fn cutoffs(self, sample_rate: u32) -> [f64; 2] {
        let (center, bandwidth) = (self.center_hz as f32, self.bandwidth as f32);
        let half = 0.5 * bandwidth;
        [1.0 - half, 1.0 + half].map(|factor| f64::from(center * factor / sample_rate as f32))
    }
}

/// Takes a band out of a clip, in place. Beyond its ends the clip counts as
/// repeating its first and its last sample.
///
/// # Errors
/// Where a sample of the clip is not finite; what it holds is then undefined.
pub fn apply(
    band: Band,
    sample_rate: u32,
    samples: &mut [f32],
    convolver: &mut Convolver,
) -> Result<(), ConvolveError> {
    let [Some(&first), Some(&last)] = [samples.first(), samples.last()] else {
        return Ok(());
    };
    let half = half_kernel(band.cutoffs(sample_rate));
    let len = samples.len();
    // What lies further out than the clip is long meets repeated samples alone.
    let reach = (half.len() - 1).min(len - 1);
    let taps: Vec<f64> = (-(reach as isize)..=reach as isize)
        .map(|n| half[n.unsigned_abs()])
        .collect();
    let filter = convolver.prepare_filter(&taps)?;
    let mut passed = samples.to_vec();
    convolver.convolve_from(&filter, reach, &mut passed)?;
    // beyond[n]: the sum of the taps at least n away, on one side.
    let mut beyond = vec![0.0; half.len() + 1];
    for n in (0..half.len()).rev() {
        beyond[n] = beyond[n + 1] + half[n];
    }
    let outside = |distance: usize| beyond.get(distance).copied().unwrap_or(0.0);
    let (first, last) = (f64::from(first), f64::from(last));
    for (n, (sample, passed)) in samples.iter_mut().zip(&passed).enumerate() {
        let ends = first * outside(n + 1) + last * outside(len - n);
        *sample = (f64::from(*sample) - (f64::from(*passed) + ends)) as f32;
    }
    Ok(())
}

/// Taps of the band pass between two cutoffs, from its centre on: it is
/// symmetric.
fn half_kernel([low, high]: [f64; 2]) -> Vec<f64> {
    let reach = (CROSSINGS / low / 2.0) as usize;
    let low = half_low_pass(low, reach);
    let high = half_low_pass(high, reach);
    high.iter().zip(low).map(|(high, low)| high - low).collect()
}

/// Taps 0 to `reach` of a low pass: a sinc under a Hann window that is as long,
/// divided by the sum of all taps.
fn half_low_pass(cutoff: f64, reach: usize) -> Vec<f64> {
    // sin and cos of multiples, each from the one before: sines by the thousand
    // would cost more than the filter.
    let turn = Turn::of(2.0 * PI * cutoff);
    let window = Turn::of(PI / reach.max(1) as f64);
    let (mut sinc, mut hann) = (Turn::ZERO, Turn::ZERO);
    let mut taps = Vec::with_capacity(reach + 1);
    for n in 0..=reach {
        let value = match n {
            0 => 2.0 * cutoff,
            _ => sinc.sin / (PI * n as f64),
        };
        taps.push(value * (0.5 + 0.5 * hann.cos));
        sinc = sinc.plus(turn);
        hann = hann.plus(window);
    }
    let sum = 2.0 * taps.iter().sum::<f64>() - taps[0];
    for tap in &mut taps {
        *tap /= sum;
    }
    taps
}

/// An angle by its sine and cosine.
#[derive(Clone, Copy)]
struct Turn {
    cos: f64,
    sin: f64,
}

impl Turn {
    const ZERO: Self = Self { cos: 1.0, sin: 0.0 };

    fn of(radians: f64) -> Self {
        let (sin, cos) = libm::sincos(radians);
        Self { cos, sin }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            cos: self.cos * other.cos - self.sin * other.sin,
            sin: self.sin * other.cos + self.cos * other.sin,
        }
    }
}

#[cfg(test)]
mod tests;

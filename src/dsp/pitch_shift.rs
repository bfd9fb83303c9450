//! A change of pitch that leaves the speed: a phase vocoder stretches the clip,
//! and a resampler plays that faster or slower.
//!
//! The numbers are those of torch-pitch-shift's `pitch_shift`, which
//! torch-audiomentations' `PitchShift` calls: torchaudio's `TimeStretch` between
//! `stft` and `istft`, and its `Resample`.

mod bins;
mod lanes;
mod ratio;
mod resampler;
mod vocoder;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use self::ratio::{Ratio, RatioError};
use self::resampler::Resampler;
use self::vocoder::{LEAST, Vocoder};
use super::effect::{
    Allows, Effect, EffectError, Facts, Format, Measure, PROBABILITY, Parameter, Scene, parameters,
};
use super::{Range, happens};

/// The sample rate whose frames the vocoder has: 1/64 s.
const SAMPLE_RATE: u32 = 16_000;

parameters! {
    /// How often the pitch is shifted, and how far.
    pub struct PitchShift {
        /// Probability of a pitch shift.
        probability: f64 = "0.25", PROBABILITY;
        /// Change of pitch, in semitones.
        semitones: Range = "[-3, 3]", Allows::Interval(-12.0, 12.0);
        /// What is drawn: "any" change within that range, or one of the quotients of "divisors" of the sample rate that lie in it (openWakeWord: of 16000 Hz and three semitones there are two, 125/128 and 128/125, 0.41 semitones either way).
        ratios: Ratios = "\"any\"", Allows::Word(&["any", "divisors"]);
    }
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ratios {
    /// A change uniform in semitones, as the nearest quotient of numbers up to 128.
    Any,
    /// One of the quotients of divisors of the sample rate, all equally likely.
    Divisors,
}

impl Effect for PitchShift {
    const NAME: &'static str = "pitch_shift";
    const TABLE: &'static str = "augment.pitch_shift";
    const RECORD: &'static str = "pitch_shift";
    const LABEL: &'static str = "pitch shift";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    /// What the pitch is multiplied by.
    type Drawn = Ratio;

    /// A clip too short for a frame of the vocoder is left alone.
    fn draw(
        &self,
        samples: usize,
        scene: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Ratio>, EffectError> {
        if !happens(self.probability, rng) || samples < LEAST {
            return Ok(None);
        }
        Ok(match self.ratios {
            Ratios::Any => Some(Ratio::nearest(self.semitones.draw(rng))),
            Ratios::Divisors => {
                let ratios = Ratio::of_divisors(scene.sample_rate, self.semitones);
                ratios
                    .get(rng.random_range(0..ratios.len().max(1)))
                    .copied()
            }
        })
    }

    fn apply(
        &self,
        ratio: &Ratio,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        if samples.len() < LEAST {
            return Err(EffectError(format!(
                "pitch shift: {} samples, and at least {LEAST} are needed",
                samples.len()
            )));
        }
        scene.workspace.shifter.shift(*ratio, samples);
        Ok(())
    }

    fn check(&self, format: Format) -> Result<(), (&'static str, String)> {
        if format.sample_rate != SAMPLE_RATE {
            return Err((
                "probability",
                format!(
                    "is set, and audio.sample_rate is {}; pitch_shift takes {SAMPLE_RATE} alone: take it out of augment.chain",
                    format.sample_rate
                ),
            ));
        }
        let none = Ratio::of_divisors(format.sample_rate, self.semitones).is_empty();
        if self.ratios == Ratios::Divisors && none {
            let Range { min, max } = self.semitones;
            return Err((
                "semitones",
                format!(
                    "is [{min}, {max}]; no quotient of divisors of {} but 1 lies in it: widen it, or set augment.pitch_shift.ratios to \"any\"",
                    format.sample_rate
                ),
            ));
        }
        Ok(())
    }

    fn measure(&self) -> Option<Measure> {
        Some(Measure {
            name: "change of pitch",
            unit: "semitones",
            range: self.semitones,
        })
    }

    fn facts(ratio: &Ratio, _: u32) -> Facts<'_> {
        let semitones = ratio.semitones();
        Facts {
            value: Some(semitones),
            ..Facts::new(format!("pitch {semitones:+.2} semitones"))
        }
    }
}

/// Shifts clips; one for each worker, with its tables and working memory.
#[derive(Default)]
pub struct Shifter {
    vocoder: Option<Vocoder>,
    /// The last filters, the newest last.
    resamplers: Vec<Resampler>,
    stretched: Vec<f32>,
    padded: Vec<f32>,
}

/// Filters that a worker keeps.
const KEPT: usize = 16;

impl Shifter {
    /// Shifts a clip of at least 126 samples, in place.
    fn shift(&mut self, ratio: Ratio, samples: &mut [f32]) {
        let rate = 1.0 / ratio.value();
        let vocoder = self.vocoder.get_or_insert_with(Vocoder::default);
        vocoder.stretch(samples, rate, &mut self.stretched);
        let (orig, new) = (ratio.over as usize, ratio.under as usize);
        let known = |kept: &Resampler| (kept.orig, kept.new) == (orig, new);
        let kept = self.resamplers.iter().position(known);
        let index = kept.unwrap_or_else(|| {
            if self.resamplers.len() >= KEPT {
                self.resamplers.remove(0);
            }
            self.resamplers.push(Resampler::new(orig, new));
            self.resamplers.len() - 1
        });
        self.resamplers[index].process(&self.stretched, &mut self.padded, samples);
    }
}

/// Shifts the pitch of a clip of at least 126 samples at 16 kHz, in place; a
/// shorter one is left alone.
pub fn apply(ratio: Ratio, samples: &mut [f32], shifter: &mut Shifter) {
    if samples.len() >= LEAST {
        shifter.shift(ratio, samples);
    }
}

#[cfg(test)]
mod tests;

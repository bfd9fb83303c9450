//! A change of level, in decibels drawn uniformly.
//!
//! Decibels and factor are in single precision, as in torch-audiomentations'
//! `Gain`.

use rand_chacha::ChaCha8Rng;

use super::effect::{
    Allows, Effect, EffectError, Facts, Measure, PROBABILITY, Parameter, Scene, parameters,
};
use super::{Range, happens, rounded};

parameters! {
    /// How often the level is changed, and by how much.
    pub struct Gain {
        /// Probability of a change of level.
        probability: f64 = "1.0", PROBABILITY;
        /// Change of level, in dB.
        gain_db: Range = "[-6, 6]", Allows::Interval(-100.0, 100.0);
    }
}

impl Effect for Gain {
    const NAME: &'static str = "gain";
    const TABLE: &'static str = "augment.gain";
    const RECORD: &'static str = "gain_db";
    const LABEL: &'static str = "gain";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    /// The change, in dB.
    type Drawn = f64;

    fn draw(
        &self,
        _: usize,
        _: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<f64>, EffectError> {
        Ok(happens(self.probability, rng).then(|| rounded(self.gain_db.draw(rng))))
    }

    fn apply(
        &self,
        gain_db: &f64,
        _: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        apply(*gain_db, samples);
        Ok(())
    }

    fn measure(&self) -> Option<Measure> {
        Some(Measure {
            name: "gain",
            unit: "dB",
            range: self.gain_db,
        })
    }

    fn facts(gain_db: &f64, _: u32) -> Facts<'_> {
        Facts {
            value: Some(*gain_db),
            ..Facts::new(format!("gain {gain_db:+.1} dB"))
        }
    }
}

/// Changes the level of a clip in place: times 10^(dB/20), rounded.
pub fn apply(gain_db: f64, samples: &mut [f32]) {
    let factor = libm::pow(10.0, gain_db / 20.0) as f32;
    for sample in samples {
        *sample *= factor;
    }
}

#[cfg(test)]
mod tests {
    use super::apply;

    #[test]
    fn six_decibels_are_about_twice_the_level() {
        let mut samples = [0.25, -0.5];
        apply(20.0 * 2f64.log10(), &mut samples);
        assert_eq!(samples, [0.5, -1.0]);
        apply(0.0, &mut samples);
        assert_eq!(samples, [0.5, -1.0]);
    }
}

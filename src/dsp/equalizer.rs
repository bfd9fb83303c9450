//! Seven-band parametric equalizer.
//!
//! A low shelf, five peaking bands and a high shelf, one after the other, with
//! the second-order sections of Robert Bristow-Johnson's Audio EQ Cookbook
//! (<https://www.w3.org/TR/audio-eq-cookbook/>). Numbers are those of
//! audiomentations' `SevenBandParametricEQ`: every section runs in `f64` from
//! its steady state for its first sample, and its output is rounded to `f32`
//! before the next section reads it.

mod cascade;
mod section;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use self::cascade::Cascade;
use self::section::Section;
use super::effect::{
    Allows, Effect, EffectError, Facts, PROBABILITY, Parameter, Scene, parameters,
};
use super::{Range, happens, hz_to_mel, mel_to_hz};

/// Bands of the equalizer.
pub const BANDS: usize = 7;

/// Kind and range of centre frequencies in Hz of each band, in the order they
/// are applied (audiomentations' `SevenBandParametricEQ`).
const LAYOUT: [(BandKind, Range); BANDS] = [
    (BandKind::LowShelf, Range::new(42.0, 95.0)),
    (BandKind::Peaking, Range::new(91.0, 204.0)),
    (BandKind::Peaking, Range::new(196.0, 441.0)),
    (BandKind::Peaking, Range::new(421.0, 948.0)),
    (BandKind::Peaking, Range::new(909.0, 2045.0)),
    (BandKind::Peaking, Range::new(1957.0, 4404.0)),
    (BandKind::HighShelf, Range::new(4216.0, 9486.0)),
];

parameters! {
    /// How often the equalizer is applied, and what its bands are drawn from.
    pub struct Equalizer {
        /// Probability of the seven-band equalizer.
        probability: f64 = "0.25", PROBABILITY;
        /// Gain of each band, in dB.
        gain_db: Range = "[-12, 12]", Allows::Interval(-60.0, 60.0);
        /// Q of the five peaking bands.
        peaking_q: Range = "[0.5, 5]", Allows::Interval(0.01, 100.0);
        /// Q of the two shelves.
        shelf_q: Range = "[0.1, 0.999]", Allows::Interval(0.01, 100.0);
    }
}

impl Effect for Equalizer {
    const NAME: &'static str = "equalizer";
    const TABLE: &'static str = "augment.equalizer";
    const RECORD: &'static str = "equalizer";
    const LABEL: &'static str = "equalizer";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    type Drawn = [Band; BANDS];

    fn draw(
        &self,
        _: usize,
        _: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<[Band; BANDS]>, EffectError> {
        Ok(happens(self.probability, rng).then(|| self.bands(rng)))
    }

    fn apply(
        &self,
        bands: &[Band; BANDS],
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        apply(bands, scene.sample_rate, samples);
        Ok(())
    }

    fn facts(bands: &[Band; BANDS], _: u32) -> Facts<'_> {
        let least = &bands[0];
        let most = bands.iter().fold(least, |most, band| {
            match band.gain_db.abs() > most.gain_db.abs() {
                true => band,
                false => most,
            }
        });
        Facts::new(format!(
            "equalizer, most at {:.0} Hz: {:+.1} dB",
            most.center_hz, most.gain_db
        ))
    }
}

impl Equalizer {
    /// Draws the bands: centre frequencies uniform in mel, gains in dB and
    /// quality factors uniform.
    pub fn bands(&self, rng: &mut impl Rng) -> [Band; BANDS] {
        LAYOUT.map(|(kind, center_hz)| {
            let mel = Range::new(hz_to_mel(center_hz.min), hz_to_mel(center_hz.max)).draw(rng);
            let q = match kind {
                BandKind::Peaking => self.peaking_q,
                BandKind::LowShelf | BandKind::HighShelf => self.shelf_q,
            };
            Band {
                kind,
                center_hz: mel_to_hz(mel),
                gain_db: self.gain_db.draw(rng),
                q: q.draw(rng),
            }
        })
    }
}

/// The shape of one band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BandKind {
    /// Boosts or cuts everything below the centre.
    LowShelf,
    /// Boosts or cuts around the centre.
    Peaking,
    /// Boosts or cuts everything above the centre.
    HighShelf,
}

/// One drawn band.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Band {
    /// The shape.
    pub kind: BandKind,
    /// Centre frequency in Hz, as drawn.
    pub center_hz: f64,
    /// Gain in dB.
    pub gain_db: f64,
    /// Quality factor.
    pub q: f64,
}

/// Filters a clip in place.
///
/// A band whose centre lies above the Nyquist frequency of `sample_rate` runs
/// at 0.9999 times that frequency.
pub fn apply(bands: &[Band; BANDS], sample_rate: u32, samples: &mut [f32]) {
    let sections = bands.map(|band| Section::new(&band, sample_rate));
    cascade::run(&Cascade::new(&sections), samples);
}

#[cfg(test)]
mod tests;

//! Seven-band parametric equalizer.

use serde::Serialize;

use super::Range;

/// How often the equalizer is applied, and what its bands are drawn from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EqualizerParams {
    /// Probability of applying it to a clip, in [0, 1].
    pub probability: f64,
    /// Gain of each band, in dB.
    pub gain_db: Range,
    /// Quality factor of the five peaking bands.
    pub peaking_q: Range,
    /// Quality factor of the two shelves.
    pub shelf_q: Range,
}

/// The shape of one band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
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

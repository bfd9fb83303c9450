//! One second-order section.

use std::f64::consts::PI;

use super::{Band, BandKind};

/// Coefficients of a second-order section, normalised to a0 = 1, and its state
/// in the steady state for an input of constant 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    /// Numerator.
    pub b: [f64; 3],
    /// Denominator without its leading 1.
    pub a: [f64; 2],
    /// Steady state of the transposed direct form II.
    pub steady: [f64; 2],
}

impl Section {
    /// The cookbook's section for a band.
    pub fn new(band: &Band, sample_rate: u32) -> Self {
        let nyquist = f64::from(sample_rate / 2);
        let center = if band.center_hz > nyquist {
            nyquist * 0.9999
        } else {
            band.center_hz
        };
        let w = 2.0 * PI * center / f64::from(sample_rate);
        let gain = libm::pow(10.0, band.gain_db / 40.0);
        let alpha = libm::sin(w) / 2.0 / band.q;
        let (b, a) = match band.kind {
            BandKind::Peaking => peaking(libm::cos(w), gain, alpha),
            BandKind::LowShelf => low_shelf(libm::cos(w), gain, alpha),
            BandKind::HighShelf => high_shelf(libm::cos(w), gain, alpha),
        };
        Self::normalised(b, a)
    }

    fn normalised(b: [f64; 3], a: [f64; 3]) -> Self {
        let b = b.map(|coefficient| coefficient / a[0]);
        let a = [a[1] / a[0], a[2] / a[0]];
        // Solves z = A z + B for the state z under a constant input of 1.
        let rest = [b[1] - a[0] * b[0], b[2] - a[1] * b[0]];
        let first = (rest[0] + rest[1]) / (1.0 + a[0] + a[1]);
        let second = rest[1] - a[1] * first;
        Self {
            b,
            a,
            steady: [first, second],
        }
    }
}

fn peaking(cos: f64, gain: f64, alpha: f64) -> ([f64; 3], [f64; 3]) {
    (
        [1.0 + alpha * gain, -2.0 * cos, 1.0 - alpha * gain],
        [1.0 + alpha / gain, -2.0 * cos, 1.0 - alpha / gain],
    )
}

fn low_shelf(cos: f64, gain: f64, alpha: f64) -> ([f64; 3], [f64; 3]) {
    let (up, down) = (gain + 1.0, gain - 1.0);
    let width = 2.0 * gain.sqrt() * alpha;
    (
        [
            gain * (up - down * cos + width),
            2.0 * gain * (down - up * cos),
            gain * (up - down * cos - width),
        ],
        [
            up + down * cos + width,
            -2.0 * (down + up * cos),
            up + down * cos - width,
        ],
    )
}

fn high_shelf(cos: f64, gain: f64, alpha: f64) -> ([f64; 3], [f64; 3]) {
    let (up, down) = (gain + 1.0, gain - 1.0);
    let width = 2.0 * gain.sqrt() * alpha;
    (
        [
            gain * (up + down * cos + width),
            -2.0 * gain * (down + up * cos),
            gain * (up + down * cos - width),
        ],
        [
            up - down * cos + width,
            2.0 * (down - up * cos),
            up - down * cos - width,
        ],
    )
}

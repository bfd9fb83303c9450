//! Background noise at a chosen signal-to-noise ratio.

use serde::Serialize;

use super::Range;

/// How often background noise is mixed in, and how loud.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoiseParams {
    /// Probability of mixing it into a clip, in [0, 1].
    pub probability: f64,
    /// Signal-to-noise ratio, in dB.
    pub snr_db: Range,
}

//! Tanh distortion that keeps the loudness.

use serde::Serialize;

use super::Range;

/// How often distortion is applied, and how strongly.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DistortionParams {
    /// Probability of applying it to a clip, in [0, 1].
    pub probability: f64,
    /// Amount, in [0, 1]: the share of the loudest samples pushed into the knee.
    pub amount: Range,
}

//! Convolution with a room impulse response.

use serde::Serialize;

/// How often a room impulse response is applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReverbParams {
    /// Probability of applying one to a clip, in [0, 1].
    pub probability: f64,
}

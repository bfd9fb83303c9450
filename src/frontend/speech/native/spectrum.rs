//! The sizes and weights of the mel network.

use crate::frontend::speech::sizes::BANDS;

/// Samples of a window.
pub const WINDOW: usize = 512;
/// Samples from one window to the next.
pub const HOP: usize = 160;
/// Frequencies of a window's transform.
pub const BINS: usize = WINDOW / 2 + 1;
/// The least power of a band: −100 dB.
pub const POWER_FLOOR: f32 = 1e-10;
/// How far below the clip's maximum values may lie, in dB.
pub const RANGE_DB: f32 = 80.0;

/// The weights of the network, as in its graph.
#[derive(Clone, Debug, PartialEq)]
pub struct MelWeights {
    /// The windowed cosine of each of 257 bins, `[bin][tap]`.
    pub cosines: Vec<f32>,
    /// The windowed sine, negative.
    pub sines: Vec<f32>,
    /// The weight of each of 257 bins in each band.
    pub bands: Vec<[f32; BANDS]>,
}

impl MelWeights {
    /// The 512 factors of the window: at frequency zero the cosine is one.
    pub fn window(&self) -> &[f32] {
        &self.cosines[..WINDOW]
    }
}

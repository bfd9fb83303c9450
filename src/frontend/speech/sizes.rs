//! The sizes of what the networks give.

pub use crate::records::EMBEDDING;

/// Mel bands of a spectrogram frame.
pub const BANDS: usize = 32;

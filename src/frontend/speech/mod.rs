//! The front end of wake words: Google's speech embedding over mel
//! spectrograms, as two networks that run on ONNX Runtime or as kernels of this
//! crate.

pub mod difference;
pub mod embedding;
pub mod mel;
pub mod native;
pub mod plan;
pub mod rewrite;

mod windows;

use crate::runtime::ModelError;

pub use crate::records::EMBEDDING;
pub use windows::Windows;

/// Mel bands of a spectrogram frame.
pub const BANDS: usize = 32;

/// Audio to mel spectrograms, owned by one worker.
pub trait MelNet: Send {
    /// Computes a spectrogram for each clip. `audio[i]` holds mono samples at
    /// 16 kHz, in the scale that the embedding network was trained with.
    /// `out[i]` becomes `(frames, 32)` in C order, in dB/10 + 2, and empty
    /// where the clip is too short for one frame. `out` is as long as `audio`.
    fn run(&mut self, audio: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError>;
}

/// Mel spectrograms to speech embeddings, owned by one worker.
pub trait EmbedNet: Send {
    /// Embeds the windows of each clip. `mel[i]` is `(frames, 32)` in C order
    /// as [`MelNet`] makes it. `out[i]` becomes `(windows, 96)` in C order,
    /// with the number of windows that [`Windows`] gives, and empty where the
    /// clip is shorter than one window. `out` is as long as `mel`.
    fn run(&mut self, mel: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError>;
}

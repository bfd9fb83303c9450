//! The frozen networks; the one place that knows ONNX Runtime.
//!
//! A [`FrontEnd`] is loaded once: it finds the runtime, reads the two networks,
//! rewrites their graphs where a proof on probe inputs allows it, and settles
//! on an execution provider. Each worker then takes its own [`MelNet`] or
//! [`EmbedNet`] from it.

pub mod cache;
pub mod classifier;
pub mod error;
pub mod fetch;
pub mod frontend;
pub mod native;
pub mod onnx;
pub mod packages;
pub mod provider;
pub mod runtime;

mod batch;
mod difference;
mod embedding;
mod file;
mod mel;
mod plan;
mod python;
mod rewrite;
mod serve;
mod session;
mod windows;

pub use error::ModelError;
pub use frontend::{Backend, Differences, FrontEnd, FrontEndReport, FrontEndSpec, Strategy};
pub use serve::runtime_kind;
pub use windows::Windows;

/// Mel bands of a spectrogram frame.
pub const BANDS: usize = 32;

/// Values of one speech embedding.
pub const EMBEDDING: usize = 96;

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

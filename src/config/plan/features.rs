//! How features are made.

use serde::{Deserialize, Serialize};

use super::{Floor, MEL_HOP, MEL_WINDOW};
use crate::config::location::Location;

/// The front end: two networks and how they run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FeaturesPlan {
    /// The scale of the mel network's input.
    pub input_scale: InputScale,
    /// Execution providers by name, in order of preference; never empty.
    pub execution_providers: Vec<String>,
    /// How the embedding network covers a clip.
    pub strategy: Strategy,
    /// What runs the networks.
    pub backend: Backend,
    /// Whether a sample of rows is also computed by the networks as published,
    /// on ONNX Runtime, and compared; also where ONNX Runtime is the backend.
    pub verify: bool,
    /// Another mel network.
    pub mel_model: Option<Location>,
    /// Another embedding network.
    pub embedding_model: Option<Location>,
    /// What the mel network's floor is taken of.
    #[serde(default)]
    pub floor: Floor,
    /// Mel frames in one embedding window.
    pub window: usize,
    /// Mel frames between embedding windows.
    pub stride: usize,
    /// Embeddings a row.
    pub timesteps: usize,
    /// Whether that is all that the window gives.
    #[serde(default)]
    pub all_timesteps: bool,
}

impl FeaturesPlan {
    /// Embeddings that the frozen networks give for so many samples.
    pub fn timesteps_of(&self, samples: usize) -> usize {
        let frames = samples
            .checked_sub(MEL_WINDOW)
            .map_or(0, |rest| rest / MEL_HOP + 1);
        let windows = frames.checked_sub(self.window);
        windows.map_or(0, |rest| rest / self.stride + 1)
    }
}

/// The scale of the mel network's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputScale {
    /// [-1, 1]: livekit-wakeword.
    Unit,
    /// Integers of 16 bits as floats: openWakeWord.
    Int16,
}

impl InputScale {
    /// Its name in a pipeline.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::Int16 => "int16",
        }
    }

    /// What a sample of full scale is to the network.
    pub fn full_scale(self) -> f32 {
        match self {
            Self::Unit => 1.0,
            Self::Int16 => 32768.0,
        }
    }
}

/// How the embedding network covers a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Dense where the network allows it.
    Auto,
    /// Once over the whole spectrogram.
    Dense,
    /// Once a window, as published.
    Windows,
}

/// What runs the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The faster one that serves.
    Auto,
    /// The crate's own kernels, on the CPU.
    Native,
    /// ONNX Runtime.
    OnnxRuntime,
}

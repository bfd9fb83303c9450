//! How long recordings become rows.

use serde::{Deserialize, Serialize};

use crate::config::location::Location;

/// What a file of a split is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One clip.
    #[default]
    Clips,
    /// Many rows.
    Recordings,
}

/// The type of the values in a feature file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementType {
    /// Four bytes.
    #[default]
    Float32,
    /// Two bytes, rounded to nearest, ties to even.
    Float16,
}

/// The shape of a feature file of recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// `(N, timesteps, 96)`.
    #[default]
    Rows,
    /// `(timesteps × N, 96)`: what openWakeWord slides over.
    Steps,
}

/// What the mel network's floor, 80 dB under the loudest, is taken of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Floor {
    /// The whole window of a row.
    #[default]
    Clip,
    /// Eight frames, as openWakeWord's detector hears them.
    Stream,
}

impl Floor {
    /// Its name in a pipeline.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clip => "clip",
            Self::Stream => "stream",
        }
    }
}

/// How the recordings of a split become rows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RecordingsPlan {
    /// Samples from one row to the next; `None` continues each other.
    pub hop_samples: Option<usize>,
    /// Recordings that are open at once.
    pub interleave: usize,
    /// The shape of the feature file.
    pub layout: Layout,
    /// A list of what is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclude: Option<Location>,
    /// Whether every row is augmented as a clip of its own.
    pub augment: bool,
}

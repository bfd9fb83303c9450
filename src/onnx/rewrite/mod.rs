//! Faster graphs that compute the same: proposed where the structure is known,
//! used only where a proof on probe inputs agrees with the published network.

use serde::Serialize;

pub mod activation;
pub mod batch;
pub mod proof;

/// What became of one rewrite.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Rewrite {
    /// Which one.
    pub name: &'static str,
    /// Whether it is in use.
    pub applied: bool,
    /// The largest difference from the published network on the probe inputs
    /// where it is applied, else why it is not.
    pub reason: String,
}

/// Why a rewrite does not fit a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    /// A refusal for this reason.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl From<super::OnnxError> for Refusal {
    fn from(error: super::OnnxError) -> Self {
        Self(error.to_string())
    }
}

//! Whether a graph is exactly a network that the kernels know, and its weights.
//!
//! A graph is followed from its input to its output, operator by operator;
//! whatever is not as expected ends in a refusal that says what it is.

use super::dispatch::Isa;
use super::embed::EmbedKernel;
use super::mel::MelKernel;
use crate::onnx::Model;

mod embedding;
mod mel;
mod reader;
#[cfg(test)]
mod tests;

pub use reader::Unknown;

impl MelKernel {
    /// The kernel for a model, if that is the mel network.
    pub fn from_model(isa: Isa, model: &Model) -> Result<Self, Unknown> {
        Ok(Self::new(isa, &mel::mel(model)?))
    }
}

impl EmbedKernel {
    /// The kernel for a model, if that is the embedding network.
    pub fn from_model(isa: Isa, model: &Model) -> Result<Self, Unknown> {
        Ok(Self::new(isa, &embedding::embedding(model)?))
    }
}

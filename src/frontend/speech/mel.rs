//! The mel network on ONNX Runtime: audio to normalised log-mel spectrograms.

use std::path::Path;
use std::sync::Arc;

use super::sizes::BANDS;
use crate::frontend::net::Net;
use crate::onnx::Model;
use crate::onnx::shape::{Dims, dims_text, single_input_and_output};
use crate::runtime::batch;
use crate::runtime::error::ModelError;
use crate::runtime::library::Runtime;
use crate::runtime::provider::Provider;
use crate::runtime::session::Network;

/// A mel network as it will run: published or rewritten.
#[derive(Debug, Clone)]
pub struct MelGraph {
    /// The ONNX model.
    pub bytes: Arc<[u8]>,
    /// The published model's file.
    pub path: Arc<Path>,
    /// Samples that one frame takes.
    pub frame: usize,
    /// Samples to leave out at the end of a clip.
    pub tail: usize,
    /// Whether clips in one batch do not change one another.
    pub batches: bool,
}

impl MelGraph {
    /// The network as published.
    pub fn published(bytes: Arc<[u8]>, path: Arc<Path>, model: &Model) -> Self {
        Self {
            bytes,
            path,
            frame: longest_kernel(model),
            tail: 0,
            batches: false,
        }
    }
}

/// The taps of the longest convolution along time: what a clip must have for
/// one frame.
fn longest_kernel(model: &Model) -> usize {
    let graph = model.graph.iter();
    graph
        .flat_map(|graph| graph.node.iter().map(move |node| (graph, node)))
        .filter(|(_, node)| node.op_type == "Conv")
        .filter_map(|(graph, node)| graph.constant(node.input.get(1)?)?.dims.last())
        .filter_map(|&taps| usize::try_from(taps).ok())
        .max()
        .unwrap_or(1)
}

/// Checks that a model takes `(1 or n, samples)` and yields 32 bands.
pub fn check_shape(model: &Model, path: &Path) -> Result<(), ModelError> {
    let graph = model.graph.as_ref();
    let (input, output) = graph.map(single_input_and_output).unwrap_or_default();
    let fits_input = matches!(input.as_deref(), Some([None | Some(1), None]));
    if !fits_input {
        return Err(shape_error(path, "the input", input, "(1 or n, samples)"));
    }
    let fits_output = match output.as_deref() {
        Some([.., bands]) => bands.is_none_or(|bands| bands == BANDS as i64),
        _ => false,
    };
    if !fits_output {
        return Err(shape_error(path, "the output", output, "(…, frames, 32)"));
    }
    Ok(())
}

pub(super) fn shape_error(path: &Path, what: &str, found: Dims, expected: &str) -> ModelError {
    ModelError::Shape {
        path: path.to_owned(),
        what: what.to_owned(),
        found: dims_text(found),
        expected: expected.to_owned(),
    }
}

/// A worker's mel network.
pub struct OnnxMel {
    network: Network,
    graph: MelGraph,
    batch: Option<usize>,
}

impl OnnxMel {
    /// Opens a session. `batch` clips of equal length are run at once where the
    /// graph allows it; `None` runs clip by clip.
    pub fn open(
        runtime: &Runtime,
        provider: Provider,
        graph: &MelGraph,
        batch: Option<usize>,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            network: Network::open(runtime, provider, &graph.bytes, &graph.path)?,
            graph: graph.clone(),
            batch: batch.filter(|_| graph.batches),
        })
    }

    /// The part of a clip that its frames depend on; empty where it has none.
    fn used<'a>(&self, clip: &'a [f32]) -> &'a [f32] {
        if clip.len() < self.graph.frame {
            return &[];
        }
        &clip[..clip.len() - self.graph.tail.min(clip.len())]
    }
}

impl Net for OnnxMel {
    fn run(&mut self, audio: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        out.iter_mut().for_each(Vec::clear);
        let clips: Vec<_> = audio.iter().map(|clip| self.used(clip)).collect();
        let lengths = clips.iter().map(|clip| clip.len());
        for batch::Group { length, members } in batch::groups(lengths, self.batch.unwrap_or(1)) {
            if length == 0 {
                continue;
            }
            let clips: Vec<_> = members.iter().map(|&i| clips[i]).collect();
            match self.batch {
                None => self.network.run(&[1, length], clips[0], |mel| {
                    normalise(mel, &mut out[members[0]]);
                })?,
                Some(size) => self.network.run_bound(
                    &[size, length],
                    |input| batch::fill(input, length, &clips),
                    |mel| {
                        for (mel, &i) in mel.chunks_exact(mel.len() / size).zip(&members) {
                            normalise(mel, &mut out[i]);
                        }
                    },
                )?,
            }
        }
        Ok(())
    }
}

/// From dB to the embedding network's input: x/10 + 2, as the speech-embedding
/// model was trained (livekit-wakeword and openWakeWord do the same).
fn normalise(decibels: &[f32], out: &mut Vec<f32>) {
    out.extend(decibels.iter().map(|x| x / 10.0 + 2.0));
}

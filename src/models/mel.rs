//! The mel network on ONNX Runtime: audio to normalised log-mel spectrograms.

use std::path::Path;
use std::sync::Arc;

use super::batch;
use super::error::ModelError;
use super::onnx::{Graph, Model};
use super::provider::Provider;
use super::runtime::Runtime;
use super::session::Network;
use super::{BANDS, MelNet};

/// A mel network as it will run: published or rewritten.
#[derive(Debug, Clone)]
pub struct MelGraph {
    /// The ONNX model.
    pub bytes: Arc<[u8]>,
    /// The published model's file.
    pub path: Arc<Path>,
    /// Samples that the published network needs for one frame, where known.
    pub kernel: Option<usize>,
    /// Samples that no frame depends on, at the start and the end.
    pub trim: (usize, usize),
    /// Whether clips in one batch do not change one another.
    pub batches: bool,
}

impl MelGraph {
    /// The network as published.
    pub fn published(bytes: Arc<[u8]>, path: Arc<Path>) -> Self {
        Self {
            bytes,
            path,
            kernel: None,
            trim: (0, 0),
            batches: false,
        }
    }
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

type Dims = Option<Vec<Option<i64>>>;

/// The dimensions of a network's input and output, where it has one of each.
pub(super) fn single_input_and_output(graph: &Graph) -> (Dims, Dims) {
    // Old models list their weights among the inputs.
    let mut inputs = graph.input.iter().filter(|input| {
        graph
            .initializer
            .iter()
            .all(|tensor| tensor.name != input.name)
    });
    let input = inputs.next().filter(|_| inputs.next().is_none());
    let output = graph.output.first().filter(|_| graph.output.len() == 1);
    (
        input.and_then(|input| input.dims()),
        output.and_then(|output| output.dims()),
    )
}

pub(super) fn shape_error(path: &Path, what: &str, found: Dims, expected: &str) -> ModelError {
    let found = found.map_or_else(
        || "none (not a single tensor)".to_owned(),
        |dims| {
            let dims: Vec<_> = dims
                .iter()
                .map(|dim| dim.map_or_else(|| "?".to_owned(), |dim| dim.to_string()))
                .collect();
            format!("({})", dims.join(", "))
        },
    );
    ModelError::Shape {
        path: path.to_owned(),
        what: what.to_owned(),
        found,
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

    fn trimmed<'a>(&self, clip: &'a [f32]) -> &'a [f32] {
        let (head, tail) = self.graph.trim;
        clip.get(head..clip.len().saturating_sub(tail))
            .unwrap_or_default()
    }
}

impl MelNet for OnnxMel {
    fn run(&mut self, audio: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        out.iter_mut().for_each(Vec::clear);
        let shortest = self.graph.kernel.unwrap_or(1);
        let lengths = audio
            .iter()
            .map(|clip| if clip.len() < shortest { 0 } else { clip.len() });
        for group in batch::groups(lengths, self.batch.unwrap_or(1)) {
            if group.length == 0 {
                continue;
            }
            let clips: Vec<_> = group
                .members
                .iter()
                .map(|&i| self.trimmed(audio[i]))
                .collect();
            let length = clips[0].len();
            match self.batch {
                None => self.network.run(&[1, length], clips[0], |mel| {
                    normalise(mel, &mut out[group.members[0]]);
                })?,
                Some(size) => self.network.run_bound(
                    &[size, length],
                    |input| batch::fill(input, length, &clips),
                    |mel| {
                        for (mel, &i) in mel.chunks_exact(mel.len() / size).zip(&group.members) {
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

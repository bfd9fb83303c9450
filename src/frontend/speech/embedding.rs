//! The embedding network on ONNX Runtime: mel spectrograms to speech
//! embeddings.

use std::path::Path;
use std::sync::Arc;

use super::mel::shape_error;
use super::sizes::{BANDS, EMBEDDING};
use super::windows::Windows;
use crate::frontend::net::Net;
use crate::onnx::Model;
use crate::onnx::shape::single_input_and_output;
use crate::runtime::batch;
use crate::runtime::error::ModelError;
use crate::runtime::library::Runtime;
use crate::runtime::provider::Provider;
use crate::runtime::session::Network;

/// An embedding network as it will run: published or rewritten.
#[derive(Debug, Clone)]
pub struct EmbedGraph {
    /// The ONNX model.
    pub bytes: Arc<[u8]>,
    /// The published model's file.
    pub path: Arc<Path>,
    /// The windows that it embeds.
    pub windows: Windows,
    /// Whether it runs once over all frames, or once a window.
    pub dense: bool,
    /// Whether it takes one window at a time only.
    pub single: bool,
}

/// Checks that a model takes `(n, window, 32, 1)` and yields 96 values; returns
/// whether n is fixed at 1.
pub fn check_shape(model: &Model, path: &Path, window: usize) -> Result<bool, ModelError> {
    let graph = model.graph.as_ref();
    let (input, output) = graph.map(single_input_and_output).unwrap_or_default();
    let expected = [Some(window as i64), Some(BANDS as i64), Some(1)];
    let single = match input.as_deref() {
        Some([batch @ (None | Some(1)), rest @ ..]) if rest == expected => batch.is_some(),
        _ => {
            let expected = format!("(n, {window}, {BANDS}, 1)");
            return Err(shape_error(path, "the input", input, &expected));
        }
    };
    match output.as_deref() {
        Some([.., last]) if last.is_none_or(|last| last == EMBEDDING as i64) => Ok(single),
        _ => Err(shape_error(path, "the output", output, "(n, …, 96)")),
    }
}

/// A worker's embedding network.
pub struct OnnxEmbed {
    network: Network,
    graph: EmbedGraph,
    batch: Option<usize>,
    scratch: Vec<f32>,
}

impl OnnxEmbed {
    /// Opens a session. `batch` is how many clips (dense) or windows run at
    /// once; `None` runs clip by clip.
    pub fn open(
        runtime: &Runtime,
        provider: Provider,
        graph: &EmbedGraph,
        batch: Option<usize>,
    ) -> Result<Self, ModelError> {
        Ok(Self {
            network: Network::open(runtime, provider, &graph.bytes, &graph.path)?,
            graph: graph.clone(),
            batch: batch.filter(|_| !graph.single),
            scratch: Vec::new(),
        })
    }

    /// Runs over the frames of whole clips.
    fn run_dense(&mut self, mel: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        let windows = self.graph.windows;
        let lengths = mel.iter().map(|mel| windows.frames_used(mel.len() / BANDS));
        for group in batch::groups(lengths, self.batch.unwrap_or(1)) {
            let frames = group.length;
            if frames == 0 {
                continue;
            }
            let clips: Vec<_> = group
                .members
                .iter()
                .map(|&i| windows.used(mel[i]))
                .collect();
            let values = windows.count(frames) * EMBEDDING;
            match self.batch {
                None => self.network.run(&[1, frames, BANDS, 1], clips[0], |all| {
                    out[group.members[0]].extend_from_slice(&all[..values.min(all.len())]);
                })?,
                Some(size) => self.network.run_bound(
                    &[size, frames, BANDS, 1],
                    |input| batch::fill(input, frames * BANDS, &clips),
                    |all| {
                        for (all, &i) in all.chunks_exact(all.len() / size).zip(&group.members) {
                            out[i].extend_from_slice(&all[..values.min(all.len())]);
                        }
                    },
                )?,
            }
        }
        Ok(())
    }

    /// Runs window by window: the windows of one clip at a time, or batches of
    /// the windows of all clips.
    fn run_windows(&mut self, mel: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        let Windows { window, stride, .. } = self.graph.windows;
        let slices: Vec<Vec<&[f32]>> = mel
            .iter()
            .map(|mel| {
                let used = self.graph.windows.used(mel);
                let starts = (0..self.graph.windows.count(used.len() / BANDS)).map(|w| w * stride);
                starts
                    .map(|start| &used[start * BANDS..(start + window) * BANDS])
                    .collect()
            })
            .collect();
        match self.batch {
            None => {
                for (slices, out) in slices.iter().zip(out) {
                    let at_once = if self.graph.single {
                        1
                    } else {
                        slices.len().max(1)
                    };
                    for slices in slices.chunks(at_once) {
                        self.scratch.clear();
                        self.scratch.extend(slices.iter().copied().flatten());
                        let shape = [slices.len(), window, BANDS, 1];
                        self.network.run(&shape, &self.scratch, |all| {
                            out.extend_from_slice(all);
                        })?;
                    }
                }
            }
            Some(size) => {
                let owners: Vec<_> = slices
                    .iter()
                    .enumerate()
                    .flat_map(|(i, slices)| slices.iter().map(move |&slice| (i, slice)))
                    .collect();
                for chunk in owners.chunks(size) {
                    let rows: Vec<_> = chunk.iter().map(|&(_, slice)| slice).collect();
                    self.network.run_bound(
                        &[size, window, BANDS, 1],
                        |input| batch::fill(input, window * BANDS, &rows),
                        |all| {
                            for (all, &(i, _)) in all.chunks_exact(EMBEDDING).zip(chunk) {
                                out[i].extend_from_slice(all);
                            }
                        },
                    )?;
                }
            }
        }
        Ok(())
    }
}

impl Net for OnnxEmbed {
    fn run(&mut self, mel: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        out.iter_mut().for_each(Vec::clear);
        if self.graph.dense {
            self.run_dense(mel, out)
        } else {
            self.run_windows(mel, out)
        }
    }
}

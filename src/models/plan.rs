//! Deciding how the two networks run: as published or rewritten.

use std::sync::Arc;

use super::Windows;
use super::embedding::{EmbedGraph, OnnxEmbed};
use super::error::ModelError;
use super::frontend::{FrontEndSpec, ModelFile, ModelFiles, Strategy};
use super::mel::{MelGraph, OnnxMel};
use super::onnx::Model;
use super::provider::{self, Provider};
use super::rewrite::{self, Refusal, Rewrite, probe};
use super::runtime::Runtime;

/// The graphs to run, and what became of each rewrite.
pub struct Decision {
    pub mel: MelGraph,
    pub embedding: EmbedGraph,
    pub rewrites: Vec<Rewrite>,
}

/// Proposes each rewrite and takes those that are proven. Proofs run on the
/// CPU, whatever the provider: they are about the graph.
pub fn decide(
    runtime: &Runtime,
    provider: Provider,
    spec: &FrontEndSpec,
    files: &ModelFiles,
) -> Result<Decision, ModelError> {
    let mut decision = Decision {
        mel: MelGraph::published(Arc::clone(&files.mel.bytes), Arc::clone(&files.mel.path)),
        embedding: EmbedGraph {
            bytes: Arc::clone(&files.embedding.bytes),
            path: Arc::clone(&files.embedding.path),
            windows: spec.windows,
            dense: false,
            single: files.single,
        },
        rewrites: Vec::new(),
    };
    if spec.strategy == Strategy::Windows {
        for name in [MEL, DENSE, ACTIVATION] {
            decision.refuse(name, "the strategy is windows");
        }
        return Ok(decision);
    }
    decision.mel(runtime, &files.mel)?;
    decision.embedding(runtime, provider, spec, files)?;
    Ok(decision)
}

const MEL: &str = "pruned mel";
const DENSE: &str = "dense embedding";
const ACTIVATION: &str = "activation reordering";

impl Decision {
    fn mel(&mut self, runtime: &Runtime, file: &ModelFile) -> Result<(), ModelError> {
        let mut published = OnnxMel::open(runtime, provider::CPU, &self.mel, None)?;
        let proven = rewrite::mel::prune(&file.model).and_then(|pruned| {
            let graph = MelGraph {
                bytes: pruned.model.to_bytes().into(),
                path: Arc::clone(&file.path),
                kernel: Some(pruned.kernel),
                trim: pruned.trim,
                batches: true,
            };
            let mut candidate = OnnxMel::open(runtime, provider::CPU, &graph, Some(PROBE_BATCH))
                .map_err(|error| Refusal::new(error.to_string()))?;
            let largest = probe::compare_mel(&mut published, &mut candidate)?;
            Ok((graph, largest))
        });
        match proven {
            Ok((graph, largest)) => {
                self.mel = graph;
                self.apply(MEL, largest);
            }
            Err(refusal) => self.refuse(MEL, refusal),
        }
        Ok(())
    }

    fn embedding(
        &mut self,
        runtime: &Runtime,
        provider: Provider,
        spec: &FrontEndSpec,
        files: &ModelFiles,
    ) -> Result<(), ModelError> {
        let published = self.embedding.clone();
        let prove = |model: &Model| -> Result<(EmbedGraph, f32), Refusal> {
            let whole = Windows {
                last: None,
                ..spec.windows
            };
            let [reference, mut candidate] = [
                EmbedGraph {
                    windows: whole,
                    ..published.clone()
                },
                EmbedGraph {
                    bytes: model.to_bytes().into(),
                    windows: whole,
                    dense: true,
                    single: false,
                    ..published.clone()
                },
            ];
            let open = |graph, batch| {
                OnnxEmbed::open(runtime, provider::CPU, graph, batch)
                    .map_err(|error| Refusal::new(error.to_string()))
            };
            let mut reference_net = open(&reference, None)?;
            let mut candidate_net = open(&candidate, Some(PROBE_BATCH))?;
            let largest = probe::compare_embed(&mut reference_net, &mut candidate_net, whole)?;
            candidate.windows = spec.windows;
            Ok((candidate, largest))
        };
        let dense = rewrite::embedding::dense(&files.embedding.model, spec.windows);
        let model = match dense.and_then(|model| Ok((prove(&model)?, model))) {
            Ok(((graph, largest), model)) => {
                self.embedding = graph;
                self.apply(DENSE, largest);
                model
            }
            Err(refusal) if spec.strategy == Strategy::Dense => {
                return Err(ModelError::Strategy {
                    path: files.embedding.path.to_path_buf(),
                    reason: refusal.to_string(),
                });
            }
            Err(refusal) => {
                self.refuse(DENSE, refusal);
                self.refuse(ACTIVATION, "it builds on the dense embedding");
                return Ok(());
            }
        };
        if provider.is_accelerator || !cfg!(target_arch = "x86_64") {
            self.refuse(ACTIVATION, "it pays on x86-64 CPUs only");
            return Ok(());
        }
        match rewrite::activation::reorder(&model).and_then(|model| prove(&model)) {
            Ok((graph, largest)) => {
                self.embedding = graph;
                self.apply(ACTIVATION, largest);
            }
            Err(refusal) => self.refuse(ACTIVATION, refusal),
        }
        Ok(())
    }

    fn apply(&mut self, name: &'static str, largest: f32) {
        self.rewrites.push(Rewrite {
            name,
            applied: true,
            reason: format!("largest difference on the probes {largest:e}"),
        });
    }

    fn refuse(&mut self, name: &'static str, reason: impl ToString) {
        self.rewrites.push(Rewrite {
            name,
            applied: false,
            reason: reason.to_string(),
        });
    }
}

/// Batches in the proofs hold several clips, and their last is padded.
const PROBE_BATCH: usize = 2;

//! Deciding how the two networks run: as published or rewritten.
//!
//! The published networks are tried on the probes in any case, so that a model
//! that does not run, or yields something else, is found before a build starts.

use std::sync::Arc;

use super::embedding::{EmbedGraph, OnnxEmbed};
use super::mel::{MelGraph, OnnxMel};
use super::rewrite::{self, probe};
use super::sizes::{BANDS, EMBEDDING};
use super::windows::Windows;
use crate::frontend::files::ModelFiles;
use crate::frontend::spec::{FrontEndSpec, Strategy};
use crate::onnx::Model;
use crate::onnx::rewrite::{Refusal, Rewrite, activation, proof};
use crate::runtime::error::ModelError;
use crate::runtime::file::ModelFile;
use crate::runtime::library::Runtime;
use crate::runtime::provider::{self, Provider};

/// The graphs to run, and what became of each rewrite.
pub struct Decision {
    /// The mel network.
    pub mel: MelGraph,
    /// The embedding network.
    pub embedding: EmbedGraph,
    /// Each rewrite: in use or not, and why.
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
    let mut rewrites = Rewrites(Vec::new());
    let mel = decide_mel(runtime, spec, &files.mel, &mut rewrites)?;
    let embedding = decide_embedding(runtime, provider, spec, files, &mut rewrites)?;
    Ok(Decision {
        mel,
        embedding,
        rewrites: rewrites.0,
    })
}

const MEL: &str = "pruned mel";
const DENSE: &str = "dense embedding";
const ACTIVATION: &str = "activation reordering";

/// Batches in the proofs hold several clips, and their last is padded.
const PROBE_BATCH: Option<usize> = Some(2);

fn decide_mel(
    runtime: &Runtime,
    spec: &FrontEndSpec,
    file: &ModelFile,
    rewrites: &mut Rewrites,
) -> Result<MelGraph, ModelError> {
    let published =
        MelGraph::published(Arc::clone(&file.bytes), Arc::clone(&file.path), &file.model);
    let mut reference = OnnxMel::open(runtime, provider::CPU, &published, None)?;
    let expected = probe::run_mel(&mut reference)?;
    if expected
        .iter()
        .any(|mel| mel.is_empty() || mel.len() % BANDS != 0)
    {
        return Err(ModelError::Shape {
            path: file.path.to_path_buf(),
            what: "the output for a third of a second".to_owned(),
            found: format!("{} values", expected[0].len()),
            expected: "frames of 32 values".to_owned(),
        });
    }
    if spec.strategy == Strategy::Windows {
        rewrites.refuse(MEL, AS_PUBLISHED);
        return Ok(published);
    }
    let proven = rewrite::mel::prune(&file.model).and_then(|pruned| {
        let graph = MelGraph {
            bytes: pruned.model.to_bytes().into(),
            tail: pruned.tail,
            batches: true,
            ..published.clone()
        };
        let found = OnnxMel::open(runtime, provider::CPU, &graph, PROBE_BATCH)
            .and_then(|mut candidate| probe::run_mel(&mut candidate));
        Ok((graph, proof::agree(&expected, found, probe::MEL_TOLERANCE)?))
    });
    Ok(rewrites.settle(MEL, proven).unwrap_or(published))
}

fn decide_embedding(
    runtime: &Runtime,
    provider: Provider,
    spec: &FrontEndSpec,
    files: &ModelFiles,
    rewrites: &mut Rewrites,
) -> Result<EmbedGraph, ModelError> {
    let ModelFile {
        path, bytes, model, ..
    } = &files.embedding;
    let whole = Windows {
        last: None,
        ..spec.windows
    };
    let run = |graph: &EmbedGraph, batch| {
        let graph = EmbedGraph {
            windows: whole,
            ..graph.clone()
        };
        OnnxEmbed::open(runtime, provider::CPU, &graph, batch)
            .and_then(|mut network| probe::run_embed(&mut network, whole))
    };
    let published = EmbedGraph {
        bytes: Arc::clone(bytes),
        path: Arc::clone(path),
        windows: spec.windows,
        dense: false,
        single: files.single,
    };
    let expected = run(&published, None)?;
    let counts = probe::embed_counts(whole);
    if let Some((found, count)) = expected
        .iter()
        .zip(counts)
        .find(|(found, count)| found.len() != count * EMBEDDING)
    {
        return Err(ModelError::Shape {
            path: path.to_path_buf(),
            what: format!("the output for {count} windows"),
            found: format!("{} values", found.len()),
            expected: format!("({count}, {EMBEDDING})"),
        });
    }
    if spec.strategy == Strategy::Windows {
        rewrites.refuse(DENSE, AS_PUBLISHED);
        rewrites.refuse(ACTIVATION, AS_PUBLISHED);
        return Ok(published);
    }
    let prove = |model: Model| {
        let graph = EmbedGraph {
            bytes: model.to_bytes().into(),
            dense: true,
            single: false,
            ..published.clone()
        };
        let found = run(&graph, PROBE_BATCH);
        let largest = proof::agree(&expected, found, probe::EMBEDDING_TOLERANCE)?;
        Ok(((graph, model), largest))
    };
    let dense = rewrite::embedding::dense(model, spec.windows).and_then(prove);
    if let (Strategy::Dense, Err(refusal)) = (spec.strategy, &dense) {
        return Err(ModelError::Strategy {
            path: path.to_path_buf(),
            reason: refusal.to_string(),
        });
    }
    let Some((dense, model)) = rewrites.settle(DENSE, dense) else {
        rewrites.refuse(ACTIVATION, "it builds on the dense embedding");
        return Ok(published);
    };
    if provider.is_accelerator || !cfg!(target_arch = "x86_64") {
        rewrites.refuse(ACTIVATION, "it pays on x86-64 CPUs only");
        return Ok(dense);
    }
    let reordered = activation::reorder(&model).and_then(prove);
    Ok(rewrites
        .settle(ACTIVATION, reordered)
        .map_or(dense, |(graph, _)| graph))
}

const AS_PUBLISHED: &str = "the strategy is windows";

/// What became of each rewrite so far.
struct Rewrites(Vec<Rewrite>);

impl Rewrites {
    /// Records a proof with its largest difference, or a refusal.
    fn settle<T>(&mut self, name: &'static str, proven: Result<(T, f32), Refusal>) -> Option<T> {
        match proven {
            Ok((rewritten, largest)) => {
                self.0.push(Rewrite {
                    name,
                    applied: true,
                    reason: format!("largest difference on the probes {largest:e}"),
                });
                Some(rewritten)
            }
            Err(refusal) => {
                self.refuse(name, refusal);
                None
            }
        }
    }

    fn refuse(&mut self, name: &'static str, reason: impl ToString) {
        self.0.push(Rewrite {
            name,
            applied: false,
            reason: reason.to_string(),
        });
    }
}

#[cfg(test)]
mod tests;

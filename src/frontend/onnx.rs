//! Both networks on ONNX Runtime.

use std::sync::Arc;

use super::speech::embedding::{EmbedGraph, OnnxEmbed};
use super::speech::mel::{MelGraph, OnnxMel};
use super::speech::{EmbedNet, MelNet, plan};
use super::{Backend, FrontEndReport, FrontEndSpec, ModelFiles, RuntimeReport, Strategy};
use crate::runtime::library::{Origin, Runtime};
use crate::runtime::provider::Provider;
use crate::runtime::{ModelError, serve};

/// Both networks on ONNX Runtime.
pub struct OnnxNets {
    runtime: Arc<Runtime>,
    provider: Provider,
    batch: Option<usize>,
    mel: MelGraph,
    embedding: EmbedGraph,
}

impl OnnxNets {
    /// Settles on a provider and on the graphs; what was decided, and what the
    /// user must see.
    pub fn load(
        spec: &FrontEndSpec,
        (runtime, origin): (Arc<Runtime>, Origin),
        providers: &[Provider],
        files: &ModelFiles,
    ) -> Result<(Self, FrontEndReport, Vec<String>), ModelError> {
        let networks = [&files.mel, &files.embedding];
        let (provider, warnings) = serve::choose_provider(&runtime, providers, &networks)?;
        let decided = plan::decide(&runtime, provider, spec, files)?;
        let report = FrontEndReport {
            backend: Backend::OnnxRuntime,
            backend_reason: String::new(),
            strategy: if decided.embedding.dense {
                Strategy::Dense
            } else {
                Strategy::Windows
            },
            rewrites: decided.rewrites,
            provider: provider.name,
            runtime: Some(RuntimeReport {
                version: runtime.version.clone(),
                library: runtime.library.clone(),
                origin,
            }),
            mel_sha256: files.mel.sha256.clone(),
            embedding_sha256: files.embedding.sha256.clone(),
        };
        let nets = Self {
            runtime,
            provider,
            batch: provider.is_accelerator.then_some(spec.batch.max(1)),
            mel: decided.mel,
            embedding: decided.embedding,
        };
        Ok((nets, report, warnings))
    }

    /// Whether the provider is more than the CPU.
    pub fn is_on_device(&self) -> bool {
        self.provider.is_accelerator
    }

    /// A mel network for one worker.
    pub fn mel_net(&self) -> Result<Box<dyn MelNet>, ModelError> {
        let net = OnnxMel::open(&self.runtime, self.provider, &self.mel, self.batch)?;
        Ok(Box::new(net))
    }

    /// An embedding network for one worker.
    pub fn embed_net(&self) -> Result<Box<dyn EmbedNet>, ModelError> {
        let net = OnnxEmbed::open(&self.runtime, self.provider, &self.embedding, self.batch)?;
        Ok(Box::new(net))
    }
}

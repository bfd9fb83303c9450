//! Both networks on ONNX Runtime.

use std::sync::Arc;

use super::super::cache::{Cache, RuntimeKind};
use super::super::embedding::{EmbedGraph, OnnxEmbed};
use super::super::mel::{MelGraph, OnnxMel};
use super::super::provider::{self, Provider};
use super::super::runtime::{self, Runtime};
use super::super::session::Network;
use super::super::{EmbedNet, MelNet, ModelError, fetch, plan};
use super::{Backend, FrontEndReport, FrontEndSpec, ModelFiles, RuntimeReport, Strategy};

/// Both networks on ONNX Runtime.
pub struct OnnxNets {
    runtime: Arc<Runtime>,
    provider: Provider,
    batch: Option<usize>,
    mel: MelGraph,
    embedding: EmbedGraph,
}

impl OnnxNets {
    /// Loads the runtime, settles on a provider and on the graphs; what was
    /// decided, and what the user must see.
    pub fn load(
        spec: &FrontEndSpec,
        providers: &[Provider],
        files: &ModelFiles,
        notice: &mut dyn FnMut(&str),
    ) -> Result<(Self, FrontEndReport, Vec<String>), ModelError> {
        let found = match find_runtime(spec, providers) {
            Err(ModelError::NoRuntime { .. }) => {
                fetch::fetch_runtime(&Cache::locate()?, preferred_kind(providers), notice)?;
                find_runtime(spec, providers)?
            }
            found => found?,
        };
        let runtime = Runtime::load(&found.library)?;
        let (provider, warnings) = choose_provider(&runtime, providers, files)?;
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
                origin: found.origin,
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

pub(super) fn find_runtime(
    spec: &FrontEndSpec,
    providers: &[Provider],
) -> Result<runtime::Found, ModelError> {
    runtime::find(
        spec.runtime_library.as_deref(),
        &Cache::locate()?,
        preferred_kind(providers),
    )
}

fn preferred_kind(providers: &[Provider]) -> RuntimeKind {
    if providers.iter().any(|provider| provider.uses_cuda_memory) {
        RuntimeKind::Gpu
    } else {
        RuntimeKind::Cpu
    }
}

/// The first provider that can open both networks. A provider that cannot is an
/// error, unless a later one can: then it is a warning.
fn choose_provider(
    runtime: &Runtime,
    providers: &[Provider],
    files: &ModelFiles,
) -> Result<(Provider, Vec<String>), ModelError> {
    let mut reasons = Vec::new();
    for &provider in providers {
        match can_serve(runtime, provider, files) {
            Ok(()) => {
                let warnings = reasons
                    .into_iter()
                    .map(|reason| format!("{reason}; USING {} INSTEAD", provider.name))
                    .collect();
                return Ok((provider, warnings));
            }
            // What no provider can run is the model's fault.
            Err(error) if provider.name == provider::CPU.name => return Err(error),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    Err(ModelError::NoProvider {
        reasons: if reasons.is_empty() {
            "the list is empty".to_owned()
        } else {
            reasons.join("; ")
        },
        version: runtime.version.clone(),
        library: runtime.library.clone(),
        available: runtime.providers().join(", "),
    })
}

fn can_serve(runtime: &Runtime, provider: Provider, files: &ModelFiles) -> Result<(), ModelError> {
    if !provider.is_in(runtime) {
        return Err(ModelError::Provider {
            name: provider.name,
            reason: "the runtime was built without it".to_owned(),
        });
    }
    for file in [&files.mel, &files.embedding] {
        Network::open(runtime, provider, &file.bytes, &file.path)?;
    }
    Ok(())
}

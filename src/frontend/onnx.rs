//! Both networks on ONNX Runtime.

use std::sync::Arc;

use super::files::ModelFiles;
use super::net::{Net, Network};
use super::proof;
use super::spec::{Backend, Floor, FrontEndReport, FrontEndSpec, RuntimeReport, Strategy};
use super::speech::embedding::{EmbedGraph, OnnxEmbed};
use super::speech::mel::{MelGraph, OnnxMel};
use super::speech::plan;
use super::stream::Grouped;
use crate::runtime::ModelError;
use crate::runtime::library::{Origin, Runtime};
use crate::runtime::packages;
use crate::runtime::provider::Provider;
use crate::runtime::serve;

/// Both networks on ONNX Runtime.
pub struct OnnxNets {
    runtime: Arc<Runtime>,
    provider: Provider,
    batch: Option<usize>,
    mel: MelGraph,
    embedding: EmbedGraph,
    floor: Floor,
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
            floor: spec.floor,
        };
        let is_published = files.mel.sha256 == packages::MEL_MODEL.sha256
            && files.embedding.sha256 == packages::EMBEDDING_MODEL.sha256;
        if is_published && (spec.windows.window, spec.windows.stride) == (76, 8) {
            nets.prove(spec.windows.last.unwrap_or(usize::MAX))?;
        }
        Ok((nets, report, warnings))
    }

    /// Runs the probe: published networks must give what they are known to give.
    fn prove(&self, last: usize) -> Result<(), ModelError> {
        for network in Network::ALL {
            let found = proof::difference(network, &mut *self.plain(network)?, last)?;
            let tolerance = proof::tolerance(network, self.provider.is_accelerator);
            if found > tolerance {
                return Err(ModelError::WrongResults {
                    network: network.name(),
                    found,
                    tolerance,
                    version: self.runtime.version.clone(),
                    library: self.runtime.library.clone(),
                    provider: self.provider.name,
                });
            }
        }
        Ok(())
    }

    /// Whether the provider is more than the CPU.
    pub fn is_on_device(&self) -> bool {
        self.provider.is_accelerator
    }

    /// One of the networks for one worker.
    pub fn net(&self, network: Network) -> Result<Box<dyn Net>, ModelError> {
        let net = self.plain(network)?;
        Ok(match (network, self.floor) {
            (Network::Mel, Floor::Stream) => Box::new(Grouped::new(net)),
            _ => net,
        })
    }

    /// One of the networks as it runs on what it is given: what is known of it.
    fn plain(&self, network: Network) -> Result<Box<dyn Net>, ModelError> {
        let (runtime, provider, batch) = (&self.runtime, self.provider, self.batch);
        Ok(match network {
            Network::Mel => Box::new(OnnxMel::open(runtime, provider, &self.mel, batch)?),
            Network::Embedding => {
                Box::new(OnnxEmbed::open(runtime, provider, &self.embedding, batch)?)
            }
        })
    }
}

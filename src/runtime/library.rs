//! Finding ONNX Runtime and loading it, once a process.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ort::environment::Environment;

use super::cache::{Cache, RuntimeKind};
use super::error::ModelError;
use super::provider::{self, Provider};
use super::python;

/// The environment variable that names the runtime's library.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// The oldest minor version of ONNX Runtime 1 that has the API in use.
const OLDEST_MINOR: u32 = ort::MINOR_VERSION;

/// A loaded ONNX Runtime.
pub struct Runtime {
    /// The library.
    pub library: PathBuf,
    /// Its version.
    pub version: String,
    pub(super) environment: Environment,
}

/// Where the runtime to load comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The configuration names it.
    Configuration,
    /// `ORT_DYLIB_PATH` names it.
    Environment,
    /// It was fetched.
    Cache,
    /// The active Python environment has it.
    Python,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configuration => "named by the configuration",
            Self::Environment => "named by ORT_DYLIB_PATH",
            Self::Cache => "cached",
            Self::Python => "of the active Python environment",
        })
    }
}

/// A runtime that can be loaded.
#[derive(Debug, Clone)]
pub struct Found {
    /// The library.
    pub library: PathBuf,
    /// Where it was found.
    pub origin: Origin,
}

/// Finds a runtime in the order configuration, `ORT_DYLIB_PATH`, cache, active
/// Python environment. In the cache, `prefer` decides where both kinds are.
pub fn find(
    configured: Option<&Path>,
    cache: &Cache,
    prefer: RuntimeKind,
) -> Result<Found, ModelError> {
    if let Some(library) = configured {
        return Ok(Found {
            library: library.to_owned(),
            origin: Origin::Configuration,
        });
    }
    if let Some(library) = std::env::var_os(LIBRARY_VARIABLE).filter(|path| !path.is_empty()) {
        return Ok(Found {
            library: library.into(),
            origin: Origin::Environment,
        });
    }
    let kinds = match prefer {
        RuntimeKind::Cpu => [RuntimeKind::Cpu, RuntimeKind::Gpu],
        RuntimeKind::Gpu => [RuntimeKind::Gpu, RuntimeKind::Cpu],
    };
    if let Some(library) = kinds.into_iter().find_map(|kind| cache.runtime(kind)) {
        return Ok(Found {
            library,
            origin: Origin::Cache,
        });
    }
    python::folders(python::ONNXRUNTIME_FOLDERS)
        .iter()
        .find_map(|folder| library_in(folder))
        .map(|library| Found {
            library,
            origin: Origin::Python,
        })
        .ok_or_else(|| ModelError::NoRuntime {
            searched: format!(
                "the configuration, {LIBRARY_VARIABLE}, {}, and the active Python environment",
                cache.root().display()
            ),
        })
}

impl Runtime {
    /// Loads the library, or returns it where it is already loaded. A process
    /// can hold one only.
    pub fn load(library: &Path) -> Result<Arc<Self>, ModelError> {
        static LOADED: Mutex<Option<Arc<Runtime>>> = Mutex::new(None);
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(runtime) = loaded.as_ref() {
            return if runtime.library == library {
                Ok(Arc::clone(runtime))
            } else {
                Err(ModelError::SecondRuntime {
                    loaded: runtime.library.clone(),
                    asked: library.to_owned(),
                })
            };
        }
        let runtime = Arc::new(Self::open(library)?);
        *loaded = Some(Arc::clone(&runtime));
        Ok(runtime)
    }

    /// Whether it was built with a provider, whose device may be missing all the
    /// same.
    pub fn has(&self, provider: Provider) -> bool {
        provider.is_built_in()
    }

    /// The known providers that it was built with, by ONNX Runtime's names.
    pub fn providers(&self) -> Vec<&'static str> {
        provider::KNOWN
            .iter()
            .filter(|known| self.has(**known))
            .map(|known| known.name)
            .collect()
    }

    fn open(library: &Path) -> Result<Self, ModelError> {
        let error = |reason: String| ModelError::Runtime {
            library: library.to_owned(),
            reason,
        };
        if !library.is_file() {
            return Err(error("there is no such file".to_owned()));
        }
        // The loader looks beside the executable for what is not absolute.
        let absolute = std::path::absolute(library).map_err(|cause| error(cause.to_string()))?;
        preload_cuda(&absolute);
        let environment = ort::init_from(&absolute)
            .map_err(|cause| error(cause.to_string()))?
            .with_name("wakemill")
            .with_telemetry(false)
            .build()
            .map_err(|cause| error(cause.to_string()))?;
        Ok(Self {
            library: library.to_owned(),
            version: version(&absolute),
            environment,
        })
    }
}

/// The library in a folder of the `onnxruntime` package, if it is not too old.
fn library_in(folder: &Path) -> Option<PathBuf> {
    std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| {
                (name.starts_with("libonnxruntime.") || name == "onnxruntime.dll")
                    && minor(name).is_none_or(|minor| minor >= OLDEST_MINOR)
            })
        })
}

/// The version: in full where the file's name has it, else the minor version
/// that the library itself gives.
fn version(library: &Path) -> String {
    let name = library.file_name().unwrap_or_default().to_string_lossy();
    name.split_once("1.")
        .map(|(_, rest)| format!("1.{}", rest.trim_end_matches(".dylib")))
        .filter(|_| minor(&name).is_some())
        .or_else(|| ort::util::probe(library).map(|minor| format!("1.{minor}")))
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The minor version in a file name such as `libonnxruntime.so.1.32.0`.
fn minor(name: &str) -> Option<u32> {
    name.split_once("1.")?.1.split('.').next()?.parse().ok()
}

/// Loads the CUDA libraries of pip's `nvidia-*` packages, so that the CUDA
/// provider finds them by name. Those that are missing may be installed in the
/// system: the provider itself says what it does not find.
fn preload_cuda(library: &Path) {
    let has_cuda = library
        .parent()
        .is_some_and(|folder| folder.join("libonnxruntime_providers_cuda.so").is_file());
    if !has_cuda {
        return;
    }
    let folders = python::folders(python::NVIDIA_FOLDERS);
    let names = std::iter::once(&"libnvJitLink.so.13")
        .chain(ort::ep::cuda::CUDA_DYLIBS)
        .chain(ort::ep::cuda::CUDNN_DYLIBS);
    for name in names {
        let found = folders.iter().map(|folder| folder.join(name));
        if let Some(path) = found.into_iter().find(|path| path.is_file()) {
            let _ = ort::util::preload_dylib(path.as_os_str());
        }
    }
}

//! What this machine has, and fetching what it lacks.

use std::path::{Path, PathBuf};

use crate::frontend::{Backend, FrontEnd, FrontEndSpec};
use crate::runtime::cache::{Cache, RuntimeKind};
use crate::runtime::library::{self, Origin, Runtime};
use crate::runtime::networks::{self, Networks};
use crate::runtime::{self, ModelError, fetch};

/// Fetches ONNX Runtime and the models into the cache, and gives its folder;
/// with `gpu`, the runtime for NVIDIA GPUs too. `notice` is told of each.
///
/// # Errors
/// Something that cannot be fetched.
pub fn setup(gpu: bool, notice: &mut dyn FnMut(&str)) -> Result<PathBuf, ModelError> {
    let cache = Cache::locate()?;
    Networks::locate(notice)?;
    fetch::fetch_runtime(&cache, RuntimeKind::Cpu, notice)?;
    if gpu {
        fetch::fetch_runtime(&cache, RuntimeKind::Gpu, notice)?;
    }
    Ok(cache.root().to_path_buf())
}

/// Names a folder with both networks that came with the program, which are then
/// taken instead of those in the cache, where they are whole: for the whole
/// process, and the first call counts.
pub fn bundled_networks(folder: PathBuf) {
    networks::bundled(folder);
}

/// What this machine has, for some execution providers.
#[derive(Debug)]
pub struct Machine {
    /// The ONNX Runtime, or why there is none.
    pub runtime: Result<RuntimeFacts, ModelError>,
    providers: Vec<String>,
    cache: Cache,
}

/// An ONNX Runtime.
#[derive(Clone, Debug)]
pub struct RuntimeFacts {
    /// Its version.
    pub version: String,
    /// Where the library was found.
    pub origin: Origin,
    /// The library.
    pub library: PathBuf,
    /// The execution providers that it was built with.
    pub providers: Vec<&'static str>,
}

impl Machine {
    /// Looks for the runtime that these providers take, and loads it.
    ///
    /// # Errors
    /// No folder for a cache; a provider that is unknown.
    pub fn look(providers: &[String]) -> Result<Self, ModelError> {
        let cache = Cache::locate()?;
        let kind = runtime::runtime_kind(providers)?;
        Ok(Self {
            runtime: RuntimeFacts::find(&cache, kind),
            providers: providers.to_vec(),
            cache,
        })
    }

    /// The folder of what is fetched.
    pub fn cache(&self) -> &Path {
        self.cache.root()
    }

    /// Whether both models are here: they came with the program, or are in the
    /// cache.
    pub fn has_models(&self) -> bool {
        Networks::are_here(&self.cache)
    }

    /// Loads the front end as a build would; without a runtime, the crate's own
    /// kernels. Nothing is fetched where [`Machine::has_models`], except a
    /// model in place of a damaged one, which `notice` is told.
    ///
    /// # Errors
    /// Those of [`FrontEnd::load`].
    pub fn front_end(&self, notice: &mut dyn FnMut(&str)) -> Result<FrontEnd, ModelError> {
        let spec = FrontEndSpec {
            providers: self.providers.clone(),
            // What needs the runtime would fetch it.
            backend: match self.runtime {
                Ok(_) => Backend::Auto,
                Err(_) => Backend::Native,
            },
            ..FrontEndSpec::default()
        };
        FrontEnd::load(&spec, notice)
    }
}

impl RuntimeFacts {
    fn find(cache: &Cache, kind: RuntimeKind) -> Result<Self, ModelError> {
        let found = library::find(None, cache, kind)?;
        let runtime = Runtime::load(&found.library)?;
        Ok(Self {
            version: runtime.version.clone(),
            origin: found.origin,
            library: runtime.library.clone(),
            providers: runtime.providers(),
        })
    }
}

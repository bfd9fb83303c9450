//! The runtime and the provider that serve a set of models.

use std::path::Path;
use std::sync::Arc;

use super::cache::{Cache, RuntimeKind};
use super::error::ModelError;
use super::fetch;
use super::file::ModelFile;
use super::library::{self, Origin, Runtime};
use super::provider::{self, Provider};
use super::session::Network;

/// The providers of these names.
pub fn named_providers(names: &[String]) -> Result<Vec<Provider>, ModelError> {
    names.iter().map(|name| Provider::named(name)).collect()
}

/// Loads the runtime, fetched first where none is found; `notice` is told
/// before.
pub fn open_runtime(
    library: Option<&Path>,
    providers: &[Provider],
    notice: &mut dyn FnMut(&str),
) -> Result<(Arc<Runtime>, Origin), ModelError> {
    let cache = Cache::locate()?;
    let kind = preferred_kind(providers);
    let found = match library::find(library, &cache, kind) {
        Err(ModelError::NoRuntime { .. }) => {
            fetch::fetch_runtime(&cache, kind, notice)?;
            library::find(library, &cache, kind)?
        }
        found => found?,
    };
    Ok((Runtime::load(&found.library)?, found.origin))
}

/// The kind of runtime that providers of these names want.
///
/// # Errors
/// A name that is not known.
pub fn runtime_kind(names: &[String]) -> Result<RuntimeKind, ModelError> {
    Ok(preferred_kind(&named_providers(names)?))
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
pub fn choose_provider(
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
    if !runtime.has(provider) {
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

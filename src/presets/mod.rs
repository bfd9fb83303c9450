//! Configurations of every kind, read as pipelines: a preset is a function from
//! a document to a table of a pipeline's keys, and no part of the flow knows
//! whose it runs.

pub mod livekit;

use crate::config::plan::Plan;
use crate::config::{self, ConfigError, Source};

use livekit::LivekitConfig;

/// A configuration that can run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What will run.
    pub plan: Plan,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The livekit-wakeword configuration, where the file is one.
    pub livekit: Option<LivekitConfig>,
}

/// Reads and checks a configuration: a pipeline (`.toml`) or a livekit-wakeword
/// configuration (`.yaml`, `.yml`).
///
/// # Errors
/// A file that cannot be read or parsed; otherwise every wrong key and value.
pub fn load(source: &Source) -> Result<Loaded, ConfigError> {
    let path = source.path;
    let extension = path.extension().and_then(|extension| extension.to_str());
    let (document, livekit) = match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("toml") => (config::pipeline(path)?, None),
        Some("yaml" | "yml") => {
            let (document, config) = livekit::open(path, source.only_extract)?;
            (document, Some(config))
        }
        _ => {
            let path = path.to_owned();
            return Err(ConfigError::UnknownKind { path });
        }
    };
    let (plan, warnings) = config::plan(source, document)?;
    Ok(Loaded {
        plan,
        warnings,
        livekit,
    })
}

//! Configurations of every kind, read as pipelines: a preset is a function from
//! a document to a table of a pipeline's keys, and no part of the flow knows
//! whose it runs.

mod livekit;
mod openwakeword;

mod lax;
mod project;
mod table;
mod unknown;
mod yaml;

use std::path::Path;

use crate::config::plan::Plan;
use crate::config::{self, ConfigError, Document, Source, read_text};

pub use project::{EvalSettings, Project};

/// A configuration that can run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What will run.
    pub plan: Plan,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// The project, where the file is another program's.
    pub project: Option<Project>,
}

/// A YAML whose keys are known.
struct Yaml<'a> {
    path: &'a Path,
    text: String,
    keys: serde_json::Value,
}

/// What another program's configuration says.
struct Read {
    pipeline: Document,
    project: Project,
    /// What the user should know of the file itself, sounds and clips left aside.
    warnings: Vec<String>,
}

/// Reads and checks a configuration: a pipeline (`.toml`), a livekit-wakeword
/// configuration or an openWakeWord training configuration (`.yaml`, `.yml`).
///
/// # Errors
/// A file that cannot be read or parsed; otherwise every wrong key and value.
pub fn load(source: &Source) -> Result<Loaded, ConfigError> {
    let path = source.path;
    let (document, project) = match kind(path)? {
        Kind::Toml => (config::pipeline(path)?, None),
        Kind::Yaml => {
            let read = read(path, source.only_extract)?;
            (read.pipeline, Some(read.project))
        }
    };
    let (plan, warnings) = config::plan(source, document)?;
    Ok(Loaded {
        plan,
        warnings,
        project,
    })
}

/// Checks the keys of a pipeline that is in no file: messages call it by the
/// source's path, and relative paths start at the current folder.
///
/// # Errors
/// Every wrong key and value.
pub fn load_table(table: toml::Table, source: &Source) -> Result<Loaded, ConfigError> {
    let (plan, warnings) = config::plan(source, config::table(table))?;
    Ok(Loaded {
        plan,
        warnings,
        project: None,
    })
}

/// Reads another program's configuration for what is beside its pipeline; with
/// warnings, not those about the pipeline's inputs. `None` for a pipeline.
///
/// # Errors
/// A file that cannot be read, is no YAML, or has values of the wrong type.
pub fn project(path: &Path) -> Result<Option<(Project, Vec<String>)>, ConfigError> {
    Ok(match kind(path)? {
        Kind::Toml => None,
        Kind::Yaml => {
            let read = read(path, false)?;
            Some((read.project, read.warnings))
        }
    })
}

enum Kind {
    Toml,
    Yaml,
}

fn kind(path: &Path) -> Result<Kind, ConfigError> {
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("toml") => Ok(Kind::Toml),
        Some("yaml" | "yml") => Ok(Kind::Yaml),
        _ => Err(ConfigError::UnknownKind {
            path: path.to_owned(),
        }),
    }
}

/// Reads a YAML as the program does whose it is: what only one of them has
/// tells.
fn read(path: &Path, augmented: bool) -> Result<Read, ConfigError> {
    let text = read_text(path)?;
    let keys: serde_json::Value = yaml::parse(path, &text)?;
    let there = |own: &[&'static str]| -> Vec<&'static str> {
        let own = own.iter().copied();
        own.filter(|key| keys.get(key).is_some()).collect()
    };
    let (livekit, openwakeword) = (there(livekit::OWN), there(openwakeword::OWN));
    let file = Yaml { path, text, keys };
    match (livekit.as_slice(), openwakeword.as_slice()) {
        ([_, ..], []) => livekit::read(&file, augmented),
        ([], [_, ..]) => openwakeword::read(&file, augmented),
        ([], []) => Err(ConfigError::Foreign {
            path: path.to_owned(),
            livekit: livekit::OWN.join("' or '"),
            openwakeword: openwakeword::OWN.join("', '"),
        }),
        (livekit, openwakeword) => Err(ConfigError::Ambiguous {
            path: path.to_owned(),
            livekit: livekit.join("', '"),
            openwakeword: openwakeword.join("', '"),
        }),
    }
}

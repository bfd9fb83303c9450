//! What the user wrote, and what will run.
//!
//! A file is a wakemill pipeline (`.toml`) or a livekit-wakeword configuration
//! (`.yaml`, `.yml`), which is read as the pipeline that it maps to. Five layers
//! are merged, later ones over earlier ones:
//!
//! 1. the defaults, listed with what each key allows in [`keys::KEYS`];
//! 2. the file;
//! 3. the environment: `WAKEMILL_FLOW__BATCH=4` sets `flow.batch`; two
//!    underscores separate levels, single ones are part of a key.
//!    `WAKEMILL_HOME`, the cache folder, is no key;
//! 4. `--with FILE`: a TOML file with some of a pipeline's keys, such as `wakemill
//!    tune --write` makes;
//! 5. `--set KEY=VALUE`: a dotted path; `split.0.name` or `split.wake.name`
//!    addresses one split.
//!
//! Values of layers 3 and 5 are read as TOML, else as a bare string. Relative
//! paths start at the file's folder in layer 2, at the current directory in the
//! others.
//!
//! Unknown keys and values out of range are errors that name their layer. What
//! passes becomes a [`plan::Plan`], which nothing after this module checks
//! again. Whether the inputs exist is found out by whoever opens them.

pub mod keys;
pub mod plan;

mod error;
mod layers;
pub mod paths;
mod resolve;
pub mod rules;
mod schema;
mod settings;

use std::path::{Path, PathBuf};

pub use error::{ConfigError, Problem};
pub use rules::{PROVIDERS, Rule};

use crate::presets::livekit::{self, LivekitConfig};
use layers::{Layers, parse_value};
use plan::Plan;
use resolve::Dialect;
use settings::Settings;

const PREFIX: &str = "WAKEMILL_";
const NO_KEYS: &[&str] = &["WAKEMILL_HOME"];

/// Where a configuration comes from.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// The file.
    pub path: &'a Path,
    /// Files over the file, the strongest last.
    pub with: &'a [PathBuf],
    /// Overrides, each `KEY=VALUE`.
    pub set: &'a [String],
    /// Whether to compute features of the clips as they are: for a pipeline no
    /// augmentation; for a livekit-wakeword configuration of the files that it
    /// augmented.
    pub only_extract: bool,
    /// Where to serve metrics, over what the file says.
    pub metrics: Option<&'a str>,
    /// Environment variables; those without the prefix are ignored.
    pub environment: Vec<(String, String)>,
}

impl<'a> Source<'a> {
    /// A file under this process's environment.
    pub fn new(path: &'a Path) -> Self {
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        Self {
            path,
            with: &[],
            set: &[],
            only_extract: false,
            metrics: None,
            environment: std::env::vars_os()
                .map(|(k, v)| (text(k), text(v)))
                .collect(),
        }
    }
}

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

/// Reads and checks a configuration.
///
/// # Errors
/// A file that cannot be read or parsed; otherwise every wrong key and value.
pub fn load(source: &Source) -> Result<Loaded, ConfigError> {
    let mut file = File::read(source)?;
    let mut problems = file.apply(overrides(source)?);
    problems.extend(schema::check(&file.layers));
    if !problems.is_empty() {
        return Err(file.invalid(problems));
    }
    let settings: Settings = (file.layers.root().deserialize())
        .map_err(|error| file.invalid(vec![file.unexpected(&error)]))?;
    let (plan, warnings) = resolve::resolve(&file.layers, &settings, file.dialect)
        .map_err(|problems| file.invalid(problems))?;
    file.warnings.extend(warnings);
    Ok(Loaded {
        plan,
        warnings: file.warnings,
        livekit: file.livekit,
    })
}

/// A commented pipeline to start from.
pub fn starter() -> &'static str {
    include_str!("../../pipelines/starter.toml")
}

/// A file as the layer over the defaults.
struct File {
    layers: Layers,
    dialect: Dialect,
    livekit: Option<LivekitConfig>,
    warnings: Vec<String>,
}

impl File {
    fn read(source: &Source) -> Result<Self, ConfigError> {
        let path = source.path;
        let extension = path.extension().and_then(|extension| extension.to_str());
        match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("toml") => Self::pipeline(path),
            Some("yaml" | "yml") => Self::livekit(path, source.only_extract),
            _ => Err(ConfigError::UnknownKind {
                path: path.to_owned(),
            }),
        }
    }

    fn pipeline(path: &Path) -> Result<Self, ConfigError> {
        let table = parse_toml(path, &read_text(path)?)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        Ok(Self {
            layers: layers(path, table, folder)?,
            dialect: Dialect::Native,
            livekit: None,
            warnings: Vec::new(),
        })
    }

    fn livekit(path: &Path, augmented: bool) -> Result<Self, ConfigError> {
        let mapped = livekit::map(path)?;
        Ok(Self {
            layers: layers(path, mapped.pipeline, &mapped.folder)?,
            dialect: Dialect::Livekit { augmented },
            livekit: Some(mapped.config),
            warnings: mapped.warnings,
        })
    }

    /// Lays values over the file.
    fn apply(&mut self, overrides: Vec<Override>) -> Vec<Problem> {
        let mut set = |Override { origin, key, value }| match value {
            Some(value) => self.layers.set(&origin, &key, value),
            None => Err(Problem {
                origin,
                key,
                message: "an override is KEY=VALUE".to_owned(),
            }),
        };
        let overrides = overrides.into_iter();
        overrides.filter_map(|over| set(over).err()).collect()
    }

    fn invalid(&self, problems: Vec<Problem>) -> ConfigError {
        let file = self.layers.file().name;
        let rename = |problem: Problem| match self.livekit {
            Some(_) if problem.origin == file => livekit::rename(problem),
            _ => problem,
        };
        let mut problems: Vec<_> = problems.into_iter().map(rename).collect();
        // One key of a YAML may be several of a pipeline.
        problems.dedup();
        ConfigError::Invalid(problems)
    }

    /// What the schema let through and the settings did not take.
    fn unexpected(&self, error: &figment::Error) -> Problem {
        Problem {
            origin: self.layers.file().name,
            key: error.path.join("."),
            message: format!("'{}': {}", error.path.join("."), error.kind),
        }
    }
}

/// A value from outside the file; `None` where there is only a key.
struct Override {
    origin: String,
    key: String,
    value: Option<toml::Value>,
}

/// The environment and the options, the strongest last.
fn overrides(source: &Source) -> Result<Vec<Override>, ConfigError> {
    let of = |origin: String, key: &str, text: Option<&str>| Override {
        origin,
        key: key.to_owned(),
        value: text.map(parse_value),
    };
    let is_key = |name: &str| !NO_KEYS.contains(&name);
    let variables = source.environment.iter().filter_map(|(name, text)| {
        let key = name.strip_prefix(PREFIX).filter(|_| is_key(name))?;
        let key = key.to_lowercase().replace("__", ".");
        Some(of(format!("environment variable {name}"), &key, Some(text)))
    });
    let mut files = Vec::new();
    for path in source.with {
        let origin = path.display().to_string();
        leaves(
            &origin,
            "",
            parse_toml(path, &read_text(path)?)?,
            &mut files,
        );
    }
    let assignments = source.set.iter().map(|assignment| {
        let (key, text) = match assignment.split_once('=') {
            Some((key, text)) => (key, Some(text.trim())),
            None => (assignment.as_str(), None),
        };
        of(format!("--set {assignment}"), key.trim(), text)
    });
    let metrics = source.metrics.map(|address| {
        of(
            format!("--metrics {address}"),
            "metrics.address",
            Some(address),
        )
    });
    let extract = source.only_extract.then(|| {
        of(
            "--only extract".to_owned(),
            "augment.enabled",
            Some("false"),
        )
    });
    Ok(variables
        .chain(files)
        .chain(assignments)
        .chain(metrics)
        .chain(extract)
        .collect())
}

/// Every value of a table, by its dotted path.
fn leaves(origin: &str, prefix: &str, table: toml::Table, into: &mut Vec<Override>) {
    for (name, value) in table {
        let key = match prefix {
            "" => name,
            _ => format!("{prefix}.{name}"),
        };
        match value {
            toml::Value::Table(table) => leaves(origin, &key, table, into),
            value => into.push(Override {
                origin: origin.to_owned(),
                key,
                value: Some(value),
            }),
        }
    }
}

fn layers(path: &Path, file: toml::Table, folder: &Path) -> Result<Layers, ConfigError> {
    let defaults = parse_toml(Path::new("defaults"), &keys::defaults())?;
    Ok(Layers::new(
        defaults,
        file,
        &path.display().to_string(),
        folder,
    ))
}

pub fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn parse_toml(path: &Path, text: &str) -> Result<toml::Table, ConfigError> {
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        ConfigError::Syntax {
            path: path.to_owned(),
            line: before.map(|before| before.matches('\n').count() + 1),
            column: before
                .map(|before| before.chars().rev().take_while(|&c| c != '\n').count() + 1),
            message: error.message().to_owned(),
        }
    })
}

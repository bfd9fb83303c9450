//! What the user wrote, and what will run.
//!
//! A file is a wakemill pipeline (`.toml`), or another program's configuration
//! that a preset has read as the table of a pipeline's keys ([`Document`]). Six
//! layers are merged, later ones over earlier ones:
//!
//! 1. the defaults, listed with what each key allows in [`keys::KEYS`];
//! 2. the preset that `augment.preset` names;
//! 3. the file;
//! 4. the environment: `WAKEMILL_FLOW__BATCH=4` sets `flow.batch`; two
//!    underscores separate levels, single ones are part of a key.
//!    a name that is no key is passed over, as others may use the prefix too:
//!    Kubernetes does for a service called `wakemill`;
//! 5. `--with FILE`: a TOML file with some of a pipeline's keys, such as `wakemill
//!    tune --write` makes;
//! 6. `--set KEY=VALUE`: a dotted path; `split.0.name` or `split.wake.name`
//!    addresses one split.
//!
//! Values of layers 4 and 6 are read as TOML, else as a bare string; where a key
//! is a text, they are that text as typed. Relative
//! paths start at the file's folder in layer 3, at the current directory in the
//! others.
//!
//! Unknown keys and values out of range are errors that name their layer. What
//! passes becomes a [`plan::Plan`], which nothing after this module checks
//! again. Whether the inputs exist is found out by whoever opens them.

pub mod keys;
pub mod location;
pub mod plan;

mod error;
mod layers;
mod overrides;
pub mod paths;
pub mod preset;
mod resolve;
pub mod rules;
mod schema;
mod settings;

use std::path::{Path, PathBuf};

pub use error::{ConfigError, Problem};
pub use rules::{PROVIDERS, Rule};

use layers::Layers;
use overrides::{Override, nearly_keys, overrides};
use plan::{AuditPlan, Plan};
use settings::Settings;

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

/// What a file says, as a table of a pipeline's keys.
#[derive(Debug)]
pub struct Document {
    /// The keys.
    pub table: toml::Table,
    /// What its kind stands for where nobody sets it: over the preset, under the
    /// keys.
    pub defaults: toml::Table,
    /// The folder that relative paths in it start at; empty for the current one.
    pub folder: PathBuf,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// Names the key of a problem as the file does.
    pub rename: fn(Problem) -> Problem,
}

/// Reads a pipeline file.
///
/// # Errors
/// A file that cannot be read or parsed.
pub fn pipeline(path: &Path) -> Result<Document, ConfigError> {
    Ok(Document {
        table: parse_toml(path, &read_text(path)?)?,
        defaults: toml::Table::new(),
        folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        warnings: Vec::new(),
        rename: |problem| problem,
    })
}

/// The keys of a pipeline that is in no file.
pub fn table(table: toml::Table) -> Document {
    Document {
        table,
        defaults: toml::Table::new(),
        folder: PathBuf::new(),
        warnings: Vec::new(),
        rename: |problem| problem,
    }
}

/// Lays a document over the defaults and everything else over it: the plan, and
/// what the user should know.
///
/// # Errors
/// Every wrong key and value.
pub fn plan(source: &Source, document: Document) -> Result<(Plan, Vec<String>), ConfigError> {
    let (file, settings) = settled(source.path, &document, overrides(source)?)?;
    let (plan, warnings) =
        resolve::resolve(&file.layers, &settings).map_err(|problems| file.invalid(problems))?;
    Ok((
        plan,
        [document.warnings, nearly_keys(source), warnings].concat(),
    ))
}

/// Lays everything else over the audit that a finished data set was built with: what
/// it is audited by now, and what the user should know.
///
/// # Errors
/// Every wrong key and value, and keys that are not the audit's: the data set is what
/// it is.
pub fn audit(source: &Source, known: toml::Table) -> Result<(AuditPlan, Vec<String>), ConfigError> {
    let is_audit = |key: &str| key.split('.').next() == Some("audit");
    let (of_audit, others): (Vec<_>, Vec<_>) = overrides(source)?
        .into_iter()
        .partition(|over| is_audit(&over.key));
    // The environment is not meant for this command alone.
    let asked = others.into_iter().filter(|over| !over.is_environment);
    let problems = asked.map(|over| Problem {
        message: format!(
            "'{}' says how a data set is built, and {} is built: it takes keys of audit alone",
            over.key,
            source.path.display()
        ),
        origin: over.origin,
        key: over.key,
    });
    let problems: Vec<_> = problems.collect();
    if !problems.is_empty() {
        return Err(ConfigError::Invalid(problems));
    }
    let known = toml::Table::from_iter([("audit".to_owned(), known.into())]);
    let (file, settings) = settled(source.path, &table(known), of_audit)?;
    let (audit, warnings) =
        resolve::audit(&file.layers, &settings).map_err(|problems| file.invalid(problems))?;
    Ok((audit, [nearly_keys(source), warnings].concat()))
}

/// A document with everything else laid over it, every key checked alone.
fn settled(
    path: &Path,
    document: &Document,
    overrides: Vec<Override>,
) -> Result<(File, Settings), ConfigError> {
    let preset = preset_of(&document.table, &overrides);
    let mut file = File {
        layers: layers(path, &preset, document)?,
        rename: document.rename,
    };
    let mut problems = file.apply(overrides);
    problems.extend(schema::check(&file.layers));
    if !problems.is_empty() {
        return Err(file.invalid(problems));
    }
    let settings: Settings = (file.layers.root().deserialize())
        .map_err(|error| file.invalid(vec![file.unexpected(&error)]))?;
    Ok((file, settings))
}

/// A commented pipeline to start from; with the name of a preset, one with its
/// effects. `None` where there is no such preset.
pub fn starter(preset: Option<&str>) -> Option<&'static str> {
    match preset {
        None => Some(include_str!("../../pipelines/starter.toml")),
        Some("livekit") => Some(include_str!("../../pipelines/livekit.toml")),
        Some("openwakeword") => Some(include_str!("../../pipelines/openwakeword.toml")),
        Some(_) => None,
    }
}

/// A file as the layer over the defaults.
struct File {
    layers: Layers,
    rename: fn(Problem) -> Problem,
}

impl File {
    /// Lays values over the file.
    fn apply(&mut self, overrides: Vec<Override>) -> Vec<Problem> {
        let mut set = |Override {
                           origin, key, value, ..
                       }| match value {
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
        let rename = |problem: Problem| match problem.origin == file {
            true => (self.rename)(problem),
            false => problem,
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

/// The preset that the strongest layer names; the default where none does, or
/// where it is no preset, which the checks tell.
fn preset_of(table: &toml::Table, overrides: &[Override]) -> String {
    let set = overrides
        .iter()
        .rev()
        .find(|over| over.key == "augment.preset");
    let set = set.and_then(|over| over.value.as_ref());
    let written = || table.get("augment")?.get("preset");
    let name = set.or_else(written).and_then(toml::Value::as_str);
    name.unwrap_or(preset::NAMES[0]).to_owned()
}

fn layers(path: &Path, preset: &str, document: &Document) -> Result<Layers, ConfigError> {
    let preset = preset::keys(preset).or(preset::keys(preset::NAMES[0]));
    let defaults = parse_toml(Path::new("defaults"), &keys::defaults())?;
    let preset = parse_toml(Path::new("preset"), preset.unwrap_or_default())?;
    let name = path.display().to_string();
    let defaults = [defaults, preset, document.defaults.clone()];
    let Document { table, folder, .. } = document;
    Ok(Layers::new(defaults, table.clone(), &name, folder))
}

/// The text of a file.
///
/// # Errors
/// [`ConfigError::Unreadable`].
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

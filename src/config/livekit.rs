//! livekit-wakeword configurations, read as the pipelines that they map to.
//!
//! The keys are those of livekit-wakeword 0.3.0 and of its pull request 71
//! (workers, execution providers, `eval`). What has no meaning here is accepted
//! and ignored; unknown keys are warned about, since livekit-wakeword ignores
//! them too.

mod keys;

use std::num::NonZero;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::DuplicateKeyPolicy;

use super::error::{ConfigError, Problem};
use super::rules::{self, Rule};
use super::{paths, read_text};

/// The splits in the order in which livekit-wakeword writes their features,
/// with the names of the files.
const SPLITS: &[(&str, &str)] = &[
    ("positive_train", "positive_features_train.npy"),
    ("positive_test", "positive_features_test.npy"),
    ("negative_train", "negative_features_train.npy"),
    ("negative_test", "negative_features_test.npy"),
    ("background_train", "background_noise_features_train.npy"),
    ("background_test", "background_noise_features_test.npy"),
];

/// Keys of a pipeline, and the keys that they are here.
const MAPPED: &[(&str, &str)] = &[
    ("audio.clip_seconds", "augmentation.clip_duration"),
    ("augment.rounds", "augmentation.rounds"),
    ("augment.backgrounds", "augmentation.background_paths"),
    ("augment.rirs", "augmentation.rir_paths"),
    ("stages.decode.workers", "augmentation.n_workers"),
    ("stages.augment.workers", "augmentation.n_workers"),
    ("stages.mel.workers", "feature_extraction.n_workers"),
    ("stages.embed.workers", "feature_extraction.n_workers"),
    (
        "features.execution_providers",
        "feature_extraction.execution_providers",
    ),
];

/// What of a livekit-wakeword configuration is used beside its pipeline.
#[derive(Clone, Debug, PartialEq)]
pub struct LivekitConfig {
    /// The name of the model.
    pub model_name: String,
    /// `<output_dir>/<model_name>`: features and classifiers.
    pub output: PathBuf,
    /// The folder of downloaded data, with the validation features.
    pub data_dir: PathBuf,
    /// The length of a clip in seconds.
    pub clip_duration: f64,
    /// The rate of false positives that the optimal threshold aims at.
    pub target_fp_per_hour: f64,
    /// How a classifier is evaluated.
    pub eval: EvalSettings,
}

/// `eval`, of pull request 71.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalSettings {
    /// Short names of execution providers, in order of preference; never empty.
    pub execution_providers: Vec<String>,
    /// Rows a batch; `None` lets the program choose.
    pub batch_size: Option<usize>,
    /// Worker threads; `None` lets the program choose.
    pub workers: Option<usize>,
}

/// Reads a livekit-wakeword configuration for what is beside its pipeline; with
/// warnings, not those about the pipeline's inputs.
///
/// # Errors
/// A file that cannot be read, is no YAML, or has values of the wrong type.
pub fn read(path: &Path) -> Result<(LivekitConfig, Vec<String>), ConfigError> {
    let (document, folder, warnings) = open(path)?;
    Ok((document.config(path, &folder)?, warnings))
}

/// A configuration and the pipeline that it maps to.
pub(super) struct Mapped {
    pub config: LivekitConfig,
    pub pipeline: toml::Table,
    /// The folder that its relative paths start at; empty for the current one.
    pub folder: PathBuf,
    pub warnings: Vec<String>,
}

/// Reads a configuration and maps it to a pipeline.
pub(super) fn map(path: &Path) -> Result<Mapped, ConfigError> {
    let (document, folder, mut warnings) = open(path)?;
    let config = document.config(path, &folder)?;
    let pipeline = document.pipeline(&folder, &mut warnings);
    Ok(Mapped {
        config,
        pipeline,
        folder,
        warnings,
    })
}

/// A document, the folder that its relative paths start at, and warnings.
fn open(path: &Path) -> Result<(Document, PathBuf, Vec<String>), ConfigError> {
    let text = read_text(path)?;
    let document: Document = parse(path, &text)?;
    let document_keys: serde_json::Value = parse(path, &text)?;
    let mut warnings = keys::unknown(path, &document_keys);
    let (folder, notice) = folder(path, &document);
    warnings.extend(notice);
    Ok((document, folder, warnings))
}

/// Names the keys of a problem as they are in the YAML.
pub(super) fn rename(problem: Problem) -> Problem {
    let renamed = MAPPED.iter().find(|(ours, _)| *ours == problem.key);
    match renamed {
        Some((ours, theirs)) => Problem {
            key: (*theirs).to_owned(),
            message: problem.message.replacen(ours, theirs, 1),
            origin: problem.origin,
        },
        None => problem,
    }
}

#[derive(Deserialize)]
struct Document {
    model_name: String,
    #[serde(default = "data_dir")]
    data_dir: String,
    #[serde(default = "output_dir")]
    output_dir: String,
    #[serde(default = "target_fp_per_hour")]
    target_fp_per_hour: f64,
    #[serde(default)]
    augmentation: Augmentation,
    #[serde(default)]
    feature_extraction: FeatureExtraction,
    #[serde(default)]
    eval: Eval,
}

/// Values that a key of the pipeline takes over are checked there.
#[derive(Deserialize)]
#[serde(default)]
struct Augmentation {
    clip_duration: toml::Value,
    rounds: toml::Value,
    background_paths: toml::Value,
    rir_paths: toml::Value,
    n_workers: Option<toml::Value>,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            clip_duration: 2.0.into(),
            rounds: 1.into(),
            background_paths: vec!["./data/backgrounds"].into(),
            rir_paths: vec!["./data/rirs"].into(),
            n_workers: None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FeatureExtraction {
    n_workers: Option<toml::Value>,
    execution_providers: Option<toml::Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Eval {
    execution_providers: Option<Vec<String>>,
    batch_size: Option<NonZero<usize>>,
    n_workers: Option<usize>,
}

fn data_dir() -> String {
    "./data".to_owned()
}

fn output_dir() -> String {
    "./output".to_owned()
}

fn target_fp_per_hour() -> f64 {
    0.2
}

impl Document {
    fn output(&self) -> PathBuf {
        Path::new(&self.output_dir).join(&self.model_name)
    }

    /// The name is that of a folder in the output folder and the beginning of
    /// files in it: it must not lead elsewhere.
    fn check_name(&self, path: &Path) -> Result<(), ConfigError> {
        let name = &self.model_name;
        let mut parts = Path::new(name).components();
        if let (Some(Component::Normal(part)), None) = (parts.next(), parts.next())
            && part == name.as_str()
            && !name.contains('\\')
        {
            return Ok(());
        }
        Err(ConfigError::Invalid(vec![Problem {
            origin: path.display().to_string(),
            key: "model_name".to_owned(),
            message: format!("'model_name' is {name:?}; it must be a file name without a folder"),
        }]))
    }

    fn config(&self, path: &Path, folder: &Path) -> Result<LivekitConfig, ConfigError> {
        let absolute = |relative: &Path| {
            paths::absolute(Some(folder), relative).map_err(|source| ConfigError::Unreadable {
                path: relative.to_owned(),
                source,
            })
        };
        let duration = &self.augmentation.clip_duration;
        let clip_duration = match *duration {
            toml::Value::Float(seconds) => seconds,
            toml::Value::Integer(seconds) => seconds as f64,
            _ => {
                let message = format!("is {duration}; it must be a number");
                return Err(invalid(path, "augmentation.clip_duration", &message));
            }
        };
        self.check_name(path)?;
        Ok(LivekitConfig {
            model_name: self.model_name.clone(),
            output: absolute(&self.output())?,
            data_dir: absolute(Path::new(&self.data_dir))?,
            clip_duration,
            target_fp_per_hour: self.target_fp_per_hour,
            eval: self.eval.settings(path)?,
        })
    }

    fn pipeline(&self, folder: &Path, warnings: &mut Vec<String>) -> toml::Table {
        let augmentation = &self.augmentation;
        let mut existing = |paths: &toml::Value| {
            let mut paths = paths.clone();
            if let toml::Value::Array(paths) = &mut paths {
                paths.retain(|path| exists(folder, path, warnings));
            }
            paths
        };
        let backgrounds = existing(&augmentation.background_paths);
        let rirs = existing(&augmentation.rir_paths);
        let mut pipeline = toml::Table::new();
        let mut set = |key: &str, value: toml::Value| insert(&mut pipeline, key, value);
        set("output", text(&self.output()));
        set("split", self.splits());
        set("audio.clip_seconds", augmentation.clip_duration.clone());
        set("augment.rounds", augmentation.rounds.clone());
        set("augment.order", "place-last".into());
        set("augment.backgrounds", backgrounds);
        set("augment.rirs", rirs);
        if let Some(workers) = &augmentation.n_workers {
            set("stages.decode.workers", all_cores_if_zero(workers));
            set("stages.augment.workers", all_cores_if_zero(workers));
        }
        if let Some(workers) = &self.feature_extraction.n_workers {
            set("stages.mel.workers", all_cores_if_zero(workers));
            set("stages.embed.workers", all_cores_if_zero(workers));
        }
        if let Some(providers) = &self.feature_extraction.execution_providers {
            set("features.execution_providers", providers.clone());
        }
        pipeline
    }

    fn splits(&self) -> toml::Value {
        let split = |&(name, features): &(&str, &str)| {
            let place = if name.contains("positive") {
                "end"
            } else {
                "center"
            };
            let mut split = toml::Table::new();
            insert(&mut split, "name", name.into());
            insert(&mut split, "input", text(&self.output().join(name)));
            insert(&mut split, "features", features.into());
            insert(&mut split, "place", place.into());
            toml::Value::Table(split)
        };
        toml::Value::Array(SPLITS.iter().map(split).collect())
    }
}

impl Eval {
    fn settings(&self, path: &Path) -> Result<EvalSettings, ConfigError> {
        let mut execution_providers = Vec::new();
        for name in self.execution_providers.iter().flatten() {
            let known = rules::provider(name).ok_or_else(|| {
                let message = format!("has {name:?}; it must be {}", Rule::Providers);
                invalid(path, "eval.execution_providers", &message)
            })?;
            execution_providers.push(known.to_owned());
        }
        if execution_providers.is_empty() {
            execution_providers.push("cpu".to_owned());
        }
        Ok(EvalSettings {
            execution_providers,
            batch_size: self.batch_size.map(NonZero::get),
            workers: self.n_workers.filter(|&workers| workers > 0),
        })
    }
}

fn invalid(path: &Path, key: &str, message: &str) -> ConfigError {
    ConfigError::Invalid(vec![Problem {
        origin: path.display().to_string(),
        key: key.to_owned(),
        message: format!("'{key}' {message}"),
    }])
}

fn parse<'de, T: Deserialize<'de>>(path: &Path, text: &'de str) -> Result<T, ConfigError> {
    // As PyYAML does.
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location().map(|place| (place.line(), place.column()));
        let suffix = place.map(|(line, column)| format!(" at line {line}, column {column}"));
        let message = error.to_string();
        let bare = suffix.and_then(|suffix| message.strip_suffix(&suffix));
        ConfigError::Syntax {
            path: path.to_owned(),
            line: place.and_then(|(line, _)| line.try_into().ok()),
            column: place.and_then(|(_, column)| column.try_into().ok()),
            message: bare.unwrap_or(&message).to_owned(),
        }
    })
}

/// The folder that relative paths start at: the current one, as for
/// livekit-wakeword, unless the clips are beside the file and not there.
fn folder(path: &Path, document: &Document) -> (PathBuf, Option<String>) {
    let beside = path.parent().unwrap_or(Path::new(""));
    let output = document.output();
    if output.exists() || !beside.join(&output).exists() {
        return (PathBuf::new(), None);
    }
    let notice = format!(
        "{} is not in the current directory; relative paths start at {}, the folder of {}",
        output.display(),
        beside.display(),
        path.display()
    );
    (beside.to_owned(), Some(notice))
}

/// Whether a path exists, with a warning if not. Anything else than a path is
/// left for the checks of the pipeline.
fn exists(folder: &Path, path: &toml::Value, warnings: &mut Vec<String>) -> bool {
    let Some(path) = path.as_str().filter(|path| !folder.join(path).exists()) else {
        return true;
    };
    warnings.push(format!(
        "{path} does not exist; it is skipped, as livekit-wakeword does"
    ));
    false
}

fn all_cores_if_zero(workers: &toml::Value) -> toml::Value {
    if workers.as_integer() != Some(0) {
        return workers.clone();
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    i64::try_from(cores).unwrap_or(i64::MAX).into()
}

/// Sets a dotted key.
fn insert(table: &mut toml::Table, key: &str, value: toml::Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((first, rest)) => {
            let empty = toml::Value::Table(toml::Table::new());
            if let toml::Value::Table(below) = table.entry(first).or_insert(empty) {
                insert(below, rest, value);
            }
        }
    }
}

/// A path that is UTF-8, being made of texts that are.
fn text(path: &Path) -> toml::Value {
    path.to_string_lossy().into_owned().into()
}

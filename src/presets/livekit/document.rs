//! What a livekit-wakeword configuration says.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::DuplicateKeyPolicy;

use super::{keys, lax};
use crate::config::ConfigError;
use crate::config::read_text;

/// A document, the folder that its relative paths start at, and warnings.
pub fn open(path: &Path) -> Result<(Document, PathBuf, Vec<String>), ConfigError> {
    let text = read_text(path)?;
    let document: Document = parse(path, &text)?;
    let document_keys: serde_json::Value = parse(path, &text)?;
    let mut warnings = keys::unknown(path, &document_keys);
    let (folder, notice) = folder(path, &document);
    warnings.extend(notice);
    Ok((document, folder, warnings))
}

/// The part of a configuration that is used.
#[derive(Deserialize)]
pub struct Document {
    pub model_name: String,
    #[serde(default = "data_dir")]
    pub data_dir: String,
    #[serde(default = "output_dir")]
    pub output_dir: String,
    #[serde(default = "target_fp_per_hour", deserialize_with = "lax::float_field")]
    pub target_fp_per_hour: f64,
    #[serde(default)]
    pub augmentation: Augmentation,
    #[serde(default)]
    pub feature_extraction: FeatureExtraction,
    #[serde(default)]
    pub eval: Eval,
}

/// `augmentation`. Values that a key of the pipeline takes over are checked
/// there.
#[derive(Deserialize)]
#[serde(default)]
pub struct Augmentation {
    #[serde(deserialize_with = "lax::number_value")]
    pub clip_duration: toml::Value,
    #[serde(deserialize_with = "lax::whole_value")]
    pub rounds: toml::Value,
    pub background_paths: toml::Value,
    pub rir_paths: toml::Value,
    #[serde(deserialize_with = "lax::optional_value")]
    pub n_workers: Option<toml::Value>,
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

/// `feature_extraction`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct FeatureExtraction {
    #[serde(deserialize_with = "lax::optional_value")]
    pub n_workers: Option<toml::Value>,
    pub execution_providers: Option<toml::Value>,
}

/// `eval`, of pull request 71.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Eval {
    pub execution_providers: Option<Vec<String>>,
    #[serde(deserialize_with = "lax::optional")]
    pub batch_size: Option<NonZero<usize>>,
    #[serde(deserialize_with = "lax::optional")]
    pub n_workers: Option<usize>,
}

impl Document {
    /// `<output_dir>/<model_name>`.
    pub fn output(&self) -> PathBuf {
        Path::new(&self.output_dir).join(&self.model_name)
    }
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

fn parse<'de, T: Deserialize<'de>>(path: &Path, text: &'de str) -> Result<T, ConfigError> {
    // As PyYAML does.
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        legacy_octal_numbers: true,
    };
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

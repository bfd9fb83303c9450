//! What a livekit-wakeword configuration says.

use std::num::NonZero;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::keys;
use crate::config::ConfigError;
use crate::presets::{Yaml, lax, unknown, yaml};

/// A document, the folder that its relative paths start at, and warnings.
pub fn open(file: &Yaml<'_>) -> Result<(Document, PathBuf, Vec<String>), ConfigError> {
    let document: Document = yaml::parse(file.path, &file.text)?;
    let mut warnings = unknown::warnings(file.path, &file.keys, keys::KNOWN);
    let (folder, notice) = yaml::folder(file.path, &document.output());
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

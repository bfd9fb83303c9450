//! What an openWakeWord training configuration says.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Value;

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

/// The part of a configuration that is used. Values that a key of the pipeline
/// takes over are checked there.
#[derive(Deserialize)]
pub struct Document {
    pub model_name: String,
    pub output_dir: String,
    #[serde(default = "nothing")]
    pub rir_paths: Value,
    #[serde(default = "nothing")]
    pub background_paths: Value,
    #[serde(default = "nothing")]
    pub background_paths_duplication_rate: Value,
    #[serde(default = "one", deserialize_with = "lax::whole_value")]
    pub augmentation_rounds: Value,
    #[serde(default, rename = "false_positive_validation_data_path")]
    pub validation: Option<String>,
    #[serde(
        default = "target_fp_per_hour",
        rename = "target_false_positives_per_hour",
        deserialize_with = "lax::float_field"
    )]
    pub target_fp_per_hour: f64,
}

impl Document {
    /// `<output_dir>/<model_name>`.
    pub fn output(&self) -> PathBuf {
        Path::new(&self.output_dir).join(&self.model_name)
    }
}

fn nothing() -> Value {
    Value::Array(Vec::new())
}

fn one() -> Value {
    1.into()
}

/// What its sample file says.
fn target_fp_per_hour() -> f64 {
    0.2
}

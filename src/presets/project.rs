//! What of another program's configuration is used beside its pipeline: how its
//! classifiers are evaluated.

use std::path::{Component, Path, PathBuf};

use crate::config::paths;
use crate::config::{ConfigError, Problem};

/// A project of another program.
#[derive(Clone, Debug, PartialEq)]
pub struct Project {
    /// The name of the model.
    pub model_name: String,
    /// `<output_dir>/<model_name>`: the features.
    pub output: PathBuf,
    /// Where its training leaves the classifier.
    pub model: PathBuf,
    /// The features of audio without the word, for false positives, where they
    /// are named.
    pub validation: Option<PathBuf>,
    /// The length of a clip in seconds; `None` where the clips tell it.
    pub clip_duration: Option<f64>,
    /// The rate of false positives that the optimal threshold aims at.
    pub target_fp_per_hour: f64,
    /// How a classifier is evaluated.
    pub eval: EvalSettings,
}

/// How a classifier is evaluated: `eval` of livekit-wakeword's pull request 71.
#[derive(Clone, Debug, PartialEq)]
pub struct EvalSettings {
    /// Short names of execution providers, in order of preference; never empty.
    pub execution_providers: Vec<String>,
    /// Rows a batch; `None` lets the program choose.
    pub batch_size: Option<usize>,
    /// Worker threads; `None` lets the program choose.
    pub workers: Option<usize>,
}

impl Default for EvalSettings {
    fn default() -> Self {
        Self {
            execution_providers: vec!["cpu".to_owned()],
            batch_size: None,
            workers: None,
        }
    }
}

/// A path that starts at a folder, whole.
pub(super) fn absolute(folder: &Path, relative: &Path) -> Result<PathBuf, ConfigError> {
    paths::absolute(Some(folder), relative).map_err(|source| ConfigError::Unreadable {
        path: relative.to_owned(),
        source,
    })
}

/// Refuses a model's name that leads to another folder: it is that of a folder
/// in the output folder, and the beginning of files in it.
pub(super) fn check_name(path: &Path, name: &str) -> Result<(), ConfigError> {
    let mut parts = Path::new(name).components();
    let (first, more) = (parts.next(), parts.next());
    if first == Some(Component::Normal(name.as_ref())) && more.is_none() && !name.contains('\\') {
        return Ok(());
    }
    let message = format!("is {name:?}; it must be a file name without a folder");
    Err(invalid(path, "model_name", &message))
}

pub(super) fn invalid(path: &Path, key: &str, message: &str) -> ConfigError {
    ConfigError::Invalid(vec![Problem {
        origin: path.display().to_string(),
        key: key.to_owned(),
        message: format!("'{key}' {message}"),
    }])
}

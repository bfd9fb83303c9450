//! livekit-wakeword configurations, read as the pipelines that they map to.
//!
//! The keys are those of livekit-wakeword 0.3.0 and of its pull request 71
//! (workers, execution providers, `eval`). What has no meaning here is accepted
//! and ignored; unknown keys are warned about, since livekit-wakeword ignores
//! them too.

mod document;
mod keys;
mod lax;
mod mapping;

use std::num::NonZero;
use std::path::{Component, Path, PathBuf};

use crate::config::paths;
use crate::config::rules::{self, Rule};
use crate::config::{ConfigError, Document, Problem};
use document::Eval;

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
    let (document, folder, warnings) = document::open(path)?;
    Ok((LivekitConfig::new(&document, path, &folder)?, warnings))
}

/// Reads a configuration, and the pipeline that it maps to; `augmented` takes
/// the clips that livekit-wakeword augmented.
///
/// # Errors
/// As [`read`].
pub fn open(path: &Path, augmented: bool) -> Result<(Document, LivekitConfig), ConfigError> {
    let (document, folder, mut warnings) = document::open(path)?;
    let config = LivekitConfig::new(&document, path, &folder)?;
    let table = mapping::pipeline(&document, &folder, augmented, &mut warnings);
    let pipeline = Document {
        table,
        defaults: mapping::defaults(),
        folder,
        warnings,
        rename: mapping::rename,
    };
    Ok((pipeline, config))
}

impl LivekitConfig {
    fn new(document: &document::Document, path: &Path, folder: &Path) -> Result<Self, ConfigError> {
        let absolute = |relative: &Path| {
            paths::absolute(Some(folder), relative).map_err(|source| ConfigError::Unreadable {
                path: relative.to_owned(),
                source,
            })
        };
        let duration = &document.augmentation.clip_duration;
        let clip_duration = match *duration {
            toml::Value::Float(seconds) => seconds,
            toml::Value::Integer(seconds) => seconds as f64,
            _ => {
                let message = format!("is {duration}; it must be a number");
                return Err(invalid(path, "augmentation.clip_duration", &message));
            }
        };
        let name = &document.model_name;
        if !is_file_name(name) {
            let message = format!("is {name:?}; it must be a file name without a folder");
            return Err(invalid(path, "model_name", &message));
        }
        Ok(Self {
            model_name: name.clone(),
            output: absolute(&document.output())?,
            data_dir: absolute(Path::new(&document.data_dir))?,
            clip_duration,
            target_fp_per_hour: document.target_fp_per_hour,
            eval: EvalSettings::new(&document.eval, path)?,
        })
    }
}

impl EvalSettings {
    fn new(eval: &Eval, path: &Path) -> Result<Self, ConfigError> {
        let mut execution_providers = Vec::new();
        for name in eval.execution_providers.iter().flatten() {
            let known = rules::provider(name).ok_or_else(|| {
                let message = format!("has {name:?}; it must be {}", Rule::Providers);
                invalid(path, "eval.execution_providers", &message)
            })?;
            execution_providers.push(known.to_owned());
        }
        if execution_providers.is_empty() {
            execution_providers.push("cpu".to_owned());
        }
        Ok(Self {
            execution_providers,
            batch_size: eval.batch_size.map(NonZero::get),
            workers: eval.n_workers.filter(|&workers| workers > 0),
        })
    }
}

/// Whether a name leads to no other folder: the model's is that of a folder in
/// the output folder, and the beginning of files in it.
fn is_file_name(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let (first, more) = (parts.next(), parts.next());
    first == Some(Component::Normal(name.as_ref())) && more.is_none() && !name.contains('\\')
}

fn invalid(path: &Path, key: &str, message: &str) -> ConfigError {
    ConfigError::Invalid(vec![Problem {
        origin: path.display().to_string(),
        key: key.to_owned(),
        message: format!("'{key}' {message}"),
    }])
}

//! livekit-wakeword configurations, read as the pipelines that they map to.
//!
//! The keys are those of livekit-wakeword 0.3.0 and of its pull request 71
//! (workers, execution providers, `eval`). What has no meaning here is accepted
//! and ignored; unknown keys are warned about, since livekit-wakeword ignores
//! them too.

mod document;
mod keys;
mod mapping;

use std::num::NonZero;
use std::path::Path;

use super::project::{EvalSettings, Project, absolute, check_name, invalid};
use super::{Read, Yaml};
use crate::config::rules::{self, Rule};
use crate::config::{ConfigError, Document};
use document::Eval;

/// Keys at the top that this program's configurations alone have.
pub const OWN: &[&str] = &["augmentation", "target_phrases"];

/// Reads a configuration, and the pipeline that it maps to; `augmented` takes
/// the clips that livekit-wakeword augmented.
///
/// # Errors
/// A file that has values of the wrong type.
pub fn read(file: &Yaml<'_>, augmented: bool) -> Result<Read, ConfigError> {
    refuse_newer(file)?;
    let (document, folder, warnings) = document::open(file)?;
    let project = project(&document, file.path, &folder)?;
    let mut missing = Vec::new();
    let table = mapping::pipeline(&document, &folder, augmented, &mut missing);
    let pipeline = Document {
        table,
        defaults: mapping::defaults(),
        folder,
        warnings: [warnings.clone(), missing].concat(),
        rename: mapping::rename,
    };
    Ok(Read {
        pipeline,
        project,
        warnings,
    })
}

/// Refuses what has sections that are not known: an unknown key may be a slip,
/// a section means another version.
fn refuse_newer(file: &Yaml<'_>) -> Result<(), ConfigError> {
    let known = |name: &str| {
        let below = format!("{name}.");
        let mut known = keys::KNOWN.iter();
        known.any(|known| *known == name || known.starts_with(&below))
    };
    let top = file.keys.as_object().into_iter().flatten();
    let unknown = top.filter(|(name, value)| value.is_object() && !known(name));
    let sections: Vec<String> = unknown.map(|(name, _)| name.clone()).collect();
    if sections.is_empty() {
        return Ok(());
    }
    let path = file.path.to_owned();
    Err(ConfigError::Newer { path, sections })
}

fn project(
    document: &document::Document,
    path: &Path,
    folder: &Path,
) -> Result<Project, ConfigError> {
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
    check_name(path, name)?;
    let output = absolute(folder, &document.output())?;
    let data_dir = absolute(folder, Path::new(&document.data_dir))?;
    Ok(Project {
        model_name: name.clone(),
        model: output.join(format!("{name}.onnx")),
        output,
        validation: Some(data_dir.join("features/validation_set_features.npy")),
        clip_duration: Some(clip_duration),
        target_fp_per_hour: document.target_fp_per_hour,
        eval: eval_settings(&document.eval, path)?,
    })
}

fn eval_settings(eval: &Eval, path: &Path) -> Result<EvalSettings, ConfigError> {
    let mut settings = EvalSettings {
        batch_size: eval.batch_size.map(NonZero::get),
        workers: eval.n_workers.filter(|&workers| workers > 0),
        ..EvalSettings::default()
    };
    let named = eval.execution_providers.iter().flatten();
    let providers = named.map(|name| {
        let known = rules::provider(name).ok_or_else(|| {
            let message = format!("has {name:?}; it must be {}", Rule::Providers);
            invalid(path, "eval.execution_providers", &message)
        })?;
        Ok(known.to_owned())
    });
    let providers: Vec<String> = providers.collect::<Result<_, ConfigError>>()?;
    if !providers.is_empty() {
        settings.execution_providers = providers;
    }
    Ok(settings)
}

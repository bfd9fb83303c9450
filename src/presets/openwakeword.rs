//! openWakeWord's training configurations, read as the pipelines that they map to:
//! what its `train.py --augment_clips` does.
//!
//! The keys are those of openWakeWord 0.6.0. What belongs to synthesis and to
//! training is accepted and passed over; unknown keys are warned about.

mod document;
mod keys;
mod mapping;

use std::path::Path;

use super::project::{EvalSettings, Project, absolute, check_name};
use super::{Read, Yaml};
use crate::config::{ConfigError, Document};

/// Keys at the top that this program's configurations alone have.
pub const OWN: &[&str] = &["augmentation_rounds", "rir_paths", "target_phrase"];

/// Reads a configuration, and the pipeline that it maps to.
///
/// # Errors
/// A file that has values of the wrong type; clips that are augmented already,
/// which openWakeWord does not keep.
pub fn read(file: &Yaml<'_>, augmented: bool) -> Result<Read, ConfigError> {
    if augmented {
        let path = file.path.to_owned();
        return Err(ConfigError::NothingAugmented { path });
    }
    let (document, folder, warnings) = document::open(file)?;
    let name = &document.model_name;
    check_name(file.path, name)?;
    let output_dir = Path::new(&document.output_dir);
    let validation = document.validation.as_deref();
    let validation = validation.map(|path| absolute(&folder, Path::new(path)));
    let validation = validation.transpose()?;
    let project = Project {
        model_name: name.clone(),
        output: absolute(&folder, &document.output())?,
        model: absolute(&folder, &output_dir.join(format!("{name}.onnx")))?,
        validation,
        clip_duration: None,
        target_fp_per_hour: document.target_fp_per_hour,
        eval: EvalSettings::default(),
    };
    let mut notes = Vec::new();
    let table = mapping::pipeline(&document, &folder, &mut notes);
    let pipeline = Document {
        table,
        defaults: mapping::defaults(),
        folder,
        warnings: [warnings.clone(), notes].concat(),
        rename: mapping::rename,
    };
    Ok(Read {
        pipeline,
        project,
        warnings,
    })
}

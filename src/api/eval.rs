//! Evaluating classifiers on the features that another program's configuration
//! names.

use std::path::{Path, PathBuf};

use crate::autoscale::sizing;
use crate::classifier;
use crate::config::plan::Plan;
use crate::eval::{
    self, EvalError, Evaluation, Features, Scored, Scoring, Setting, Wanted, Written,
};
use crate::flow::{CancelToken, Observer};
use crate::frontend::FrontEnd;
use crate::presets::Project;

pub use crate::classifier::{BakedBatch, Classifiers};
pub use crate::eval::table;

/// How long a false alarm counts as one, in seconds, where nothing is said.
pub const REFRACTORY: f64 = 2.0;

/// Rows that a model takes at once, on a CPU and on another device.
const CPU_BATCH: usize = 128;
const DEVICE_BATCH: usize = 1024;

/// An evaluation whose classifiers and features are found.
pub struct Evaluating {
    /// How a classifier is evaluated.
    project: Project,
    names: Vec<String>,
    /// The classifiers, loaded.
    pub classifiers: Classifiers,
    /// Every row that they are evaluated on.
    pub features: Features,
    /// How rows are scored.
    pub scoring: Scoring,
}

/// What an evaluation came to.
pub struct Evaluated {
    /// Each classifier's name and figures.
    pub evaluations: Vec<(String, Evaluation)>,
    /// The files that they were written to.
    pub written: Written,
}

/// Loads the classifiers that a plan can run.
///
/// # Errors
/// Two classifiers of the same name; one that cannot be loaded; a runtime that
/// cannot be had, or computes the published networks wrong where they are on
/// this machine.
pub fn classifiers(
    models: &[PathBuf],
    project: Project,
    plan: &Plan,
    notice: &mut dyn FnMut(&str),
) -> Result<Loaded, EvalError> {
    let (names, paths): (Vec<_>, Vec<_>) = named(models, &project)?.into_iter().unzip();
    let providers = &project.eval.execution_providers;
    let library: Option<&Path> = plan.runtime_library.as_ref().map(|of| &*of.path);
    let mut classifiers = classifier::load(&paths, providers, library, notice)?;
    if !FrontEnd::prove_runtime(providers, library, notice)? {
        classifiers.warnings.push(
            "ONNX Runtime was not proven, as the published networks are not here to prove it with: wakemill setup fetches them"
                .to_owned(),
        );
    }
    Ok(Loaded {
        project,
        names,
        classifiers,
    })
}

/// Classifiers that are loaded.
pub struct Loaded {
    project: Project,
    names: Vec<String>,
    /// The classifiers.
    pub classifiers: Classifiers,
}

impl Loaded {
    /// Refuses to replace files that no evaluation wrote.
    ///
    /// # Errors
    /// [`EvalError::Foreign`].
    pub fn check_outputs(&self) -> Result<(), EvalError> {
        let Project {
            output, model_name, ..
        } = &self.project;
        eval::check(output, model_name, &self.names)
    }

    /// Opens the features that the configuration names, and more of audio without
    /// the word; where that is heard from its beginning to its end, a false alarm
    /// less than `refractory` seconds behind another does not count.
    ///
    /// # Errors
    /// Those of [`Features::open`].
    pub fn open(self, more: &[PathBuf], refractory: f64) -> Result<Evaluating, EvalError> {
        let wanted = Wanted {
            output: &self.project.output,
            validation: self.project.validation.as_deref(),
            more,
        };
        let features = Features::open(wanted, &self.classifiers.all)?;
        let scoring = scoring(&self.project, &self.classifiers, refractory);
        let Self {
            project,
            names,
            classifiers,
        } = self;
        Ok(Evaluating {
            project,
            names,
            classifiers,
            features,
            scoring,
        })
    }
}

impl Evaluating {
    /// Scores every row with every classifier.
    ///
    /// # Errors
    /// Those of [`eval::score`].
    pub fn score(
        &self,
        observer: &dyn Observer,
        cancel: &CancelToken,
    ) -> Result<Vec<Scored>, EvalError> {
        let classifiers = &self.classifiers.all;
        eval::score(&self.features, classifiers, self.scoring, observer, cancel)
    }

    /// Judges the scores, and writes figures and plot beside the features.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(self, scored: Vec<Scored>) -> Result<Evaluated, EvalError> {
        let clip_duration = self.project.clip_duration;
        let classifiers = self.names.into_iter().zip(&self.classifiers.all);
        let judged: Vec<_> = classifiers
            .zip(scored)
            .map(|((name, classifier), scored)| {
                let setting = Setting {
                    model: classifier.path().to_owned(),
                    name,
                    provider: self.classifiers.provider,
                    batch: classifier.batch(self.scoring.batch),
                    baked_batch: classifier.baked_batch().cloned(),
                    clip_duration: clip_duration.unwrap_or_else(|| self.features.row_seconds()),
                    target_fp_per_hour: self.project.target_fp_per_hour,
                    refractory: self.scoring.refractory,
                };
                let evaluation = Evaluation::new(&setting, &self.features, &scored);
                (setting, scored, evaluation)
            })
            .collect();
        let written = eval::write(&self.project.output, &self.project.model_name, &judged)?;
        let evaluations = judged.into_iter();
        Ok(Evaluated {
            evaluations: evaluations
                .map(|(setting, _, evaluation)| (setting.name, evaluation))
                .collect(),
            written,
        })
    }
}

/// The models and the names that their files get. livekit-wakeword evaluates
/// one, under the configuration's name; several get the names of their files.
fn named(models: &[PathBuf], project: &Project) -> Result<Vec<(String, PathBuf)>, EvalError> {
    let configured = project.model_name.clone();
    match models {
        [] => Ok(vec![(configured, project.model.clone())]),
        [one] => Ok(vec![(configured, one.clone())]),
        several => {
            let mut named: Vec<(String, PathBuf)> = Vec::new();
            for path in several {
                let stem = path.file_stem().unwrap_or_default();
                let name = stem.to_string_lossy().into_owned();
                if let Some((_, first)) = named.iter().find(|(taken, _)| *taken == name) {
                    return Err(EvalError::SameName {
                        first: first.clone(),
                        second: path.clone(),
                        name,
                    });
                }
                named.push((name, path.clone()));
            }
            Ok(named)
        }
    }
}

fn scoring(project: &Project, classifiers: &Classifiers, refractory: f64) -> Scoring {
    let cpu = classifiers.provider == crate::runtime::provider::CPU.name;
    // Two workers keep a device busy: one copies while the other computes.
    let workers = if cpu { sizing::cores() } else { 2 };
    let batch = if cpu { CPU_BATCH } else { DEVICE_BATCH };
    Scoring {
        batch: project.eval.batch_size.unwrap_or(batch),
        workers: project.eval.workers.unwrap_or(workers),
        refractory,
    }
}

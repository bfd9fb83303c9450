//! The classifier that a plan has score its negative rows.

use std::path::Path;
use std::sync::Arc;

use crate::classifier;
use crate::config::plan::Plan;
use crate::frontend::FrontEnd;
use crate::stages::score::Scoring;

use super::{BuildError, Watch};

/// Loads the classifier of a plan, if it names one; on the CPU, whose scores are the
/// same for any machine of a kind. ONNX Runtime is fetched where it is missing, and
/// `notice` told before.
///
/// # Errors
/// A file that is no classifier, or one of rows of another length; a runtime that
/// cannot be had.
pub(super) fn load(
    plan: &Plan,
    notice: &mut dyn FnMut(&str),
    watch: &dyn Watch,
) -> Result<Option<Arc<Scoring>>, BuildError> {
    let Some(planned) = &plan.audit.scoring else {
        return Ok(None);
    };
    let providers = ["cpu".to_owned()];
    let library: Option<&Path> = plan.runtime_library.as_ref().map(|of| &*of.path);
    let paths = [planned.model.path.clone()];
    let loaded = classifier::load(&paths, &providers, library, notice)?;
    if !FrontEnd::prove_runtime(&providers, library, notice)? {
        watch.warn("ONNX Runtime, which scores rows for the audit, was not proven: the published networks are not here to prove it with (wakemill setup fetches them)");
    }
    let Some(classifier) = loaded.all.into_iter().next() else {
        return Ok(None);
    };
    let timesteps = plan.features.timesteps;
    if let Some(steps) = classifier.steps().filter(|steps| *steps != timesteps) {
        return Err(BuildError::Classifier {
            path: classifier.path().to_owned(),
            steps,
            timesteps,
        });
    }
    let splits = plan.splits.iter();
    Ok(Some(Arc::new(Scoring {
        classifier,
        steps: timesteps,
        rules: Arc::new(plan.audit.rules.clone()),
        negative: splits.map(|split| !split.is_positive()).collect(),
    })))
}

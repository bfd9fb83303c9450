//! Building a data set, with its report.

use std::fmt::Display;
use std::path::Path;

use crate::build::{BuildError, Event, Outcome, Ready, Watch};
use crate::dataset::layout::REPORT_FILE;
use crate::dataset::{Dataset, Existing};
use crate::flow::{CancelToken, Observer, Sheltered};
use crate::report;

/// Hears and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Observer for Quiet {}

impl Watch for Quiet {
    fn hear(&self, _: Event<'_>) {}
}

/// How a build ended well.
#[derive(Debug)]
pub enum Ended {
    /// The data set was there already, from the same configuration and inputs.
    UpToDate,
    /// It was built.
    Built(Box<Dataset>),
}

/// Builds the data set, and writes its report. A data set without a report is
/// still one: that is a warning.
///
/// # Errors
/// Those of [`Ready::run`].
pub fn run(
    ready: &Ready,
    existing: Existing,
    watch: &dyn Watch,
    cancel: &CancelToken,
) -> Result<Ended, BuildError> {
    let watch = &Sheltered(watch);
    let built = match ready.run(existing, watch, cancel)? {
        Outcome::UpToDate => {
            check_report(&ready.plan().output.path, watch);
            return Ok(Ended::UpToDate);
        }
        Outcome::Built(built) => built,
    };
    warn_unless_reported(report::write(ready, &built), watch);
    Ok(Ended::Built(Box::new(built.dataset)))
}

/// Says why a data set that was just built has no report.
pub(super) fn warn_unless_reported<E: Display>(reported: Result<(), E>, watch: &dyn Watch) {
    if let Err(error) = reported {
        watch.warn(&format!("there is no {REPORT_FILE} of this build: {error}"));
    }
}

/// Says where a finished data set has no report: a kill came between the two.
pub(super) fn check_report(output: &Path, watch: &dyn Watch) {
    if !output.join(REPORT_FILE).exists() {
        watch.warn(&format!("there is no {REPORT_FILE}: --overwrite makes one"));
    }
}

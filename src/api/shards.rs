//! Building in shards, with the report of the data set that they become.

use crate::build::shards::{self, MergeOptions, Merging};
use crate::build::{BuildError, Watch};
use crate::config::plan::Plan;
use crate::flow::Sheltered;
use crate::report;

use super::Ended;
use super::build::{check_report, warn_unless_reported};

/// Makes the data set of all shards, and its report. A data set without a report is
/// still one: that is a warning.
///
/// # Errors
/// Those of [`shards::merge`].
pub fn merge(
    plan: Plan,
    cores: usize,
    options: MergeOptions,
    notice: &mut dyn FnMut(&str),
    watch: &dyn Watch,
) -> Result<Ended, BuildError> {
    let watch = &Sheltered(watch);
    let built = match shards::merge(plan.clone(), options, watch)? {
        Merging::UpToDate => {
            check_report(&plan.output.path, watch);
            return Ok(Ended::UpToDate);
        }
        Merging::Merged(built) => built,
    };
    let reported = match shards::ready_to_report(plan, cores, notice, watch) {
        Ok(ready) => report::write(&ready, &built).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    warn_unless_reported(reported, watch);
    shards::remove(&built, options)?;
    Ok(Ended::Built(Box::new(built.dataset)))
}

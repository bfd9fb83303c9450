//! The audit of a finished data set.

use crate::build::{BuildError, Finished, Watch};
use crate::config::{self, ConfigError, Source};
use crate::dataset::Dataset;

/// Why a finished data set cannot be audited.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// Keys that are none of the audit's.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// A classifier, or a file of the data set.
    #[error("{0}")]
    Build(#[from] BuildError),
}

/// Opens the data set in the folder that the source names, to be audited by the rules it
/// was built with and what the source lays over them; `None` where there is none.
/// `notice` is told where ONNX Runtime is fetched, `watch` what the folder cannot tell.
///
/// # Errors
/// Keys that are none of the audit's; a classifier that cannot be used.
pub fn finished(
    source: &Source<'_>,
    notice: &mut dyn FnMut(&str),
    watch: &dyn Watch,
) -> Result<Option<Finished>, AuditError> {
    let folder = source.path;
    let Some(dataset) = Dataset::read(folder).map_err(BuildError::from)? else {
        return Ok(None);
    };
    let (audit, warnings) = config::audit(source, dataset.configuration.audit.keys())?;
    warnings.iter().for_each(|text| watch.warn(text));
    Ok(Some(Finished::open(folder, dataset, audit, notice, watch)?))
}

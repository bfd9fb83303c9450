//! The findings of a finished data set.

use std::path::Path;

use crate::build::BuildError;
use crate::dataset::DatasetError;
use crate::dataset::audit::AuditRecord;
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::AUDIT_FILE;

/// The lines of a folder's `audit.jsonl`, one by one.
///
/// # Errors
/// A file or line that cannot be read.
pub fn audit_lines(
    folder: &Path,
) -> Result<impl Iterator<Item = Result<AuditRecord<'static>, BuildError>> + use<>, BuildError> {
    let path = folder.join(AUDIT_FILE);
    let failed = move |error| {
        let error = std::io::Error::other(error);
        BuildError::from(DatasetError::io("read", &path)(error))
    };
    let lines = JsonlReader::<AuditRecord<'static>>::open(&folder.join(AUDIT_FILE));
    let lines = lines.map_err(&failed)?;
    Ok(lines.map(move |line| line.map_err(&failed)))
}

//! YAML as PyYAML reads it, and where relative paths in it start.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::DuplicateKeyPolicy;

use crate::config::ConfigError;

/// Parses a file's text.
///
/// # Errors
/// [`ConfigError::Syntax`]: no YAML, or of another shape.
pub fn parse<'de, T: Deserialize<'de>>(path: &Path, text: &'de str) -> Result<T, ConfigError> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::LastWins,
        legacy_octal_numbers: true,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let error = error.without_snippet();
        let place = error.location().map(|place| (place.line(), place.column()));
        let suffix = place.map(|(line, column)| format!(" at line {line}, column {column}"));
        let message = error.to_string();
        let bare = suffix.and_then(|suffix| message.strip_suffix(&suffix));
        ConfigError::Syntax {
            path: path.to_owned(),
            line: place.and_then(|(line, _)| line.try_into().ok()),
            column: place.and_then(|(_, column)| column.try_into().ok()),
            message: bare.unwrap_or(&message).to_owned(),
        }
    })
}

/// The folder that relative paths of a configuration start at, and what to say
/// of it: the current one, as for the program whose it is, unless the `output`
/// folder, with the clips, is beside the file and not there.
pub fn folder(path: &Path, output: &Path) -> (PathBuf, Option<String>) {
    let beside = path.parent().unwrap_or(Path::new(""));
    if output.exists() || !beside.join(output).exists() {
        return (PathBuf::new(), None);
    }
    let notice = format!(
        "{} is not in the current directory; relative paths start at {}, the folder of {}",
        output.display(),
        beside.display(),
        path.display()
    );
    (beside.to_owned(), Some(notice))
}

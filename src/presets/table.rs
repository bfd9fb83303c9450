//! Making the table of a pipeline's keys.

use std::path::Path;

use toml::Value;

use crate::config::Problem;

/// Sets a dotted key.
pub fn insert(table: &mut toml::Table, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
        }
        Some((first, rest)) => {
            let empty = Value::Table(toml::Table::new());
            if let Value::Table(below) = table.entry(first).or_insert(empty) {
                insert(below, rest, value);
            }
        }
    }
}

/// A path that is UTF-8, being made of texts that are.
pub fn text(path: &Path) -> Value {
    path.to_string_lossy().into_owned().into()
}

/// Names the key of a problem as it is in the document, by pairs of a pipeline's
/// key and the document's.
pub fn rename(problem: Problem, mapped: &[(&str, &str)]) -> Problem {
    match mapped.iter().find(|(ours, _)| *ours == problem.key) {
        Some((ours, theirs)) => Problem {
            key: (*theirs).to_owned(),
            message: problem.message.replacen(ours, theirs, 1),
            origin: problem.origin,
        },
        None => problem,
    }
}

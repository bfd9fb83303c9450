//! Values from outside the file: the environment and the options.

use super::layers::parse_value;
use super::rules::Rule;
use super::{ConfigError, Source, keys, parse_toml, read_text};

const PREFIX: &str = "WAKEMILL_";

/// A value from outside the file; `None` where there is only a key.
pub(super) struct Override {
    pub(super) origin: String,
    pub(super) key: String,
    pub(super) value: Option<toml::Value>,
    /// Whether it was not given to this command alone.
    pub(super) is_environment: bool,
}

/// The environment and the options, the strongest last.
pub(super) fn overrides(source: &Source) -> Result<Vec<Override>, ConfigError> {
    let of = |origin: String, key: &str, text: Option<&str>| Override {
        origin,
        key: key.to_owned(),
        value: text.map(|text| parse_value(text, rule_of(key))),
        is_environment: false,
    };
    let variables = source.environment.iter().filter_map(|(name, text)| {
        let key = key_of(name).filter(|key| keys::find_written(key).is_some())?;
        Some(Override {
            is_environment: true,
            ..of(format!("environment variable {name}"), &key, Some(text))
        })
    });
    let mut files = Vec::new();
    for path in source.with {
        let origin = path.display().to_string();
        leaves(
            &origin,
            "",
            parse_toml(path, &read_text(path)?)?,
            &mut files,
        );
    }
    let assignments = source.set.iter().map(|assignment| {
        let (key, text) = match assignment.split_once('=') {
            Some((key, text)) => (key, Some(text.trim())),
            None => (assignment.as_str(), None),
        };
        of(format!("--set {assignment}"), key.trim(), text)
    });
    let metrics = source.metrics.map(|address| {
        of(
            format!("--metrics {address}"),
            "metrics.address",
            Some(address),
        )
    });
    let extract = source.only_extract.then(|| {
        of(
            "--only extract".to_owned(),
            "augment.enabled",
            Some("false"),
        )
    });
    Ok(variables
        .chain(files)
        .chain(assignments)
        .chain(metrics)
        .chain(extract)
        .collect())
}

/// The key that an environment variable would set.
fn key_of(variable: &str) -> Option<String> {
    let key = variable
        .strip_prefix(PREFIX)
        .filter(|key| !key.is_empty())?;
    Some(key.to_lowercase().replace("__", "."))
}

/// What the value of a key as a user writes it may be.
fn rule_of(key: &str) -> Option<&'static Rule> {
    match keys::find_written(key) {
        Some(keys::Node::Leaf(key)) => Some(&key.rule),
        _ => None,
    }
}

/// Says of variables that are nearly a key's, and are passed over.
pub(super) fn nearly_keys(source: &Source) -> Vec<String> {
    let variables = source.environment.iter().filter_map(|(name, _)| {
        let key = key_of(name)?;
        // Levels are this program's own: others have no two underscores.
        if !key.contains('.') || keys::find_written(&key).is_some() {
            return None;
        }
        let known = keys::nearest(&key)?;
        Some(format!(
            "environment variable {name} is passed over: there is no key '{key}'; did you mean '{known}'?"
        ))
    });
    variables.collect()
}

/// Every value of a table, by its dotted path.
fn leaves(origin: &str, prefix: &str, table: toml::Table, into: &mut Vec<Override>) {
    for (name, value) in table {
        let key = match prefix {
            "" => name,
            _ => format!("{prefix}.{name}"),
        };
        match value {
            toml::Value::Table(table) => leaves(origin, &key, table, into),
            value => into.push(Override {
                origin: origin.to_owned(),
                key,
                value: Some(value),
                is_environment: false,
            }),
        }
    }
}

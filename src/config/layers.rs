//! Layers of settings, merged: defaults < preset < file < environment < `--set`.
//!
//! Every value remembers its layer, so that an error can name it and a relative
//! path can be resolved against the right folder.

use std::path::{Path, PathBuf};

use figment::value::{Dict, Map, Tag, Value};
use figment::{Error, Figment, Metadata, Profile, Provider, Source};

use super::error::Problem;
use super::rules::Rule;

/// What the layers below a file are called.
const DEFAULT: &str = "default";

/// The merged layers.
#[derive(Debug)]
pub struct Layers {
    figment: Figment,
    file: String,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, the environment variable or the option, for messages.
    pub name: String,
    /// The folder of the file, where it came from one.
    pub folder: Option<PathBuf>,
    /// Whether nobody set it: a default, or a preset's.
    pub is_default: bool,
}

impl Layers {
    /// The defaults, a preset over them, what a kind of file stands for over both,
    /// and the file over all.
    ///
    /// Relative paths in the file start at `folder`; the file is called `name`
    /// in messages.
    pub fn new(defaults: [toml::Table; 3], file: toml::Table, name: &str, folder: &Path) -> Self {
        let document = Metadata::from(name.to_owned(), folder);
        let figment = defaults
            .into_iter()
            .map(|table| Layer::new(Metadata::named(DEFAULT), dict(table)))
            .fold(Figment::new(), Figment::merge)
            .merge(Layer::new(document, dict(file)));
        Self {
            figment,
            file: name.to_owned(),
        }
    }

    /// Lays one value over what is there. The key is a dotted path; elements of
    /// an array are addressed by index, or by their `name`.
    pub fn set(&mut self, origin: &str, key: &str, value: toml::Value) -> Result<(), Problem> {
        let mut root = self.root();
        let segments: Vec<&str> = key.split('.').collect();
        insert(&mut root, &segments, figment_value(value)).map_err(|message| Problem {
            origin: origin.to_owned(),
            key: key.to_owned(),
            message,
        })?;
        let metadata = Metadata::named(origin.to_owned());
        let figment = std::mem::take(&mut self.figment);
        self.figment = figment.merge(Layer::new(metadata, root.into_dict().unwrap_or_default()));
        Ok(())
    }

    /// The merged value.
    pub fn root(&self) -> Value {
        let empty = || Value::Dict(Tag::Default, Dict::new());
        self.figment.find_value("").unwrap_or_else(|_| empty())
    }

    /// Where a value came from.
    pub fn origin(&self, tag: Tag) -> Origin {
        match self.figment.get_metadata(tag) {
            Some(metadata) => Origin {
                is_default: metadata.name == DEFAULT,
                name: metadata.name.to_string(),
                folder: metadata
                    .source
                    .as_ref()
                    .and_then(Source::file_path)
                    .map(Path::to_owned),
            },
            None => self.file(),
        }
    }

    /// The file, as the origin of what is missing.
    pub fn file(&self) -> Origin {
        Origin {
            name: self.file.clone(),
            folder: None,
            is_default: false,
        }
    }
}

/// Reads the value of an override as what its key may be: a text as it was
/// typed or in TOML's quotes, anything else as TOML, else as a bare string.
pub fn parse_value(text: &str, rule: Option<&Rule>) -> toml::Value {
    let value = parse_toml_value(text);
    // A folder may be called 20240501, or true.
    let fits = match rule {
        Some(rule) if rule.is_text() => value.is_str(),
        Some(rule) if rule.is_texts() => value.is_str() || value.is_array(),
        _ => true,
    };
    match fits {
        true => value,
        false => toml::Value::String(text.to_owned()),
    }
}

fn parse_toml_value(text: &str) -> toml::Value {
    let parsed = toml::from_str::<toml::Table>(&format!("value = {text}"));
    match parsed.map(|mut table| (table.remove("value"), table.is_empty())) {
        Ok((Some(value), true)) if !value.is_datetime() => value,
        _ => toml::Value::String(text.to_owned()),
    }
}

/// The value at a path, by keys and indices.
pub fn value_at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(root, |value, segment| match value {
            Value::Dict(_, dict) => dict.get(segment),
            Value::Array(_, items) => items.get(segment.parse::<usize>().ok()?),
            _ => None,
        })
}

struct Layer {
    metadata: Metadata,
    data: Dict,
}

impl Layer {
    fn new(metadata: Metadata, data: Dict) -> Self {
        Self { metadata, data }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Map::from([(Profile::Default, self.data.clone())]))
    }
}

/// Puts a value at a path, making the tables on the way.
fn insert(target: &mut Value, path: &[&str], new: Value) -> Result<(), String> {
    let Some((&segment, rest)) = path.split_first() else {
        *target = new;
        return Ok(());
    };
    if let Value::Array(_, items) = target {
        let index = position(items, segment).ok_or_else(|| {
            let known: Vec<_> = (0..items.len()).map(|i| i.to_string()).collect();
            format!(
                "there is no element '{segment}'; there are {}",
                known.join(", ")
            )
        })?;
        return insert(&mut items[index], rest, new);
    }
    if !matches!(target, Value::Dict(..)) {
        *target = Value::Dict(Tag::Default, Dict::new());
    }
    let Value::Dict(_, dict) = target else {
        return Ok(());
    };
    let empty = Value::Dict(Tag::Default, Dict::new());
    insert(dict.entry(segment.to_owned()).or_insert(empty), rest, new)
}

fn position(items: &[Value], segment: &str) -> Option<usize> {
    let named = |item: &Value| item.find_ref("name").and_then(Value::as_str) == Some(segment);
    let index = segment.parse().ok().filter(|&index| index < items.len());
    index.or_else(|| items.iter().position(named))
}

fn dict(table: toml::Table) -> Dict {
    table
        .into_iter()
        .map(|(key, value)| (key, figment_value(value)))
        .collect()
}

fn figment_value(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(n) => n.into(),
        toml::Value::Float(x) => x.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => {
            Value::Array(Tag::Default, items.into_iter().map(figment_value).collect())
        }
        toml::Value::Table(table) => Value::Dict(Tag::Default, dict(table)),
    }
}

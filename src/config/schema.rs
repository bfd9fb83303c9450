//! Checks merged settings against the table of keys.

use figment::value::{Empty, Num, Value};

use super::error::Problem;
use super::keys::{self, Node};
use super::layers::Layers;
use super::rules::Rule;

/// Every unknown key and every value that its key does not allow.
pub fn check(layers: &Layers) -> Vec<Problem> {
    let mut checker = Checker {
        layers,
        problems: Vec::new(),
    };
    checker.table(&layers.root(), "", "");
    checker.problems
}

/// A value as a message shows it.
pub fn show(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, c) => format!("\"{c}\""),
        Value::Bool(_, flag) => flag.to_string(),
        // With its point: `2.0` is no whole number as it stands.
        Value::Num(_, Num::F64(x)) => format!("{x:?}"),
        Value::Num(_, number) => number
            .to_i128()
            .map_or_else(|| "a number".to_owned(), |n| n.to_string()),
        Value::Empty(_, Empty::None | Empty::Unit) => "empty".to_owned(),
        Value::Dict(..) => "a table".to_owned(),
        Value::Array(_, items) => {
            let items: Vec<_> = items.iter().map(show).collect();
            format!("[{}]", items.join(", "))
        }
    }
}

struct Checker<'a> {
    layers: &'a Layers,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    /// Checks a table. `path` has the indices that `schema` leaves out.
    fn table(&mut self, value: &Value, path: &str, schema: &str) {
        let Value::Dict(_, dict) = value else {
            let what = if path.is_empty() {
                "the file".to_owned()
            } else {
                format!("'{path}'")
            };
            let message = format!("{what} is {}; it must be a table", show(value));
            return self.report(value, path, message);
        };
        for (name, value) in dict {
            let (path, schema) = (join(path, name), join(schema, name));
            let node = if name.contains('.') {
                None
            } else {
                keys::find(&schema)
            };
            match node {
                Some(Node::Leaf(key)) => self.leaf(value, &path, &key.rule),
                Some(Node::Table) => self.table(value, &path, &schema),
                Some(Node::Tables) => self.tables(value, &path, &schema),
                None => self.report(value, &path, unknown(&path, &schema)),
            }
        }
    }

    fn tables(&mut self, value: &Value, path: &str, schema: &str) {
        let Value::Array(_, items) = value else {
            let message = format!(
                "'{path}' is {}; it must be tables, each under the heading [[{path}]]",
                show(value)
            );
            return self.report(value, path, message);
        };
        for (index, item) in items.iter().enumerate() {
            self.table(item, &format!("{path}.{index}"), schema);
        }
    }

    fn leaf(&mut self, value: &Value, path: &str, rule: &Rule) {
        if !rule.allows(value) {
            let mut message = format!("'{path}' is {}; it must be {rule}", show(value));
            if let Some(word) = value.as_str().and_then(|word| nearest_word(word, rule)) {
                message.push_str(&format!("; did you mean \"{word}\"?"));
            }
            message.extend(rule.advice(value));
            self.report(value, path, message);
        }
    }

    fn report(&mut self, value: &Value, path: &str, message: String) {
        self.problems.push(Problem {
            origin: self.layers.origin(value.tag()).name,
            key: path.to_owned(),
            message,
        });
    }
}

fn unknown(path: &str, schema: &str) -> String {
    if schema == "augment.order" {
        return format!(
            "unknown key '{path}'; augment.chain says when a clip is placed: place-last is [\"equalizer\", \"distortion\", \"reverb\", \"background\", \"place\"], place-first, with \"place\" in front, is the default"
        );
    }
    let (table, schema_table) = (parent(path), parent(schema));
    if let Some(known) = keys::nearest(schema) {
        // A neighbour is named with the index of its table.
        let hint = match known.rsplit_once('.') {
            Some((parent, leaf)) if parent == schema_table => join(table, leaf),
            _ => known.to_owned(),
        };
        return format!("unknown key '{path}'; did you mean '{hint}'?");
    }
    let known = keys::children(schema_table).join(", ");
    if table.is_empty() {
        format!("unknown key '{path}'; known here: {known}")
    } else {
        format!("unknown key '{path}'; known in '{table}': {known}")
    }
}

fn nearest_word(word: &str, rule: &Rule) -> Option<&'static str> {
    let likeness = |known: &str| strsim::jaro_winkler(&word.to_ascii_lowercase(), known);
    let words = rule.words().iter().copied();
    let nearest = words.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|known| likeness(known) > 0.8)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(parent, _)| parent)
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

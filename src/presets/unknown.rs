//! Keys of another program's configuration that nobody knows.

use std::path::Path;

/// Every key that a program knows, dotted; tables that end in `.*` take any key.
pub type Known = [&'static str];

/// A warning for each unknown key of a document.
pub fn warnings(path: &Path, document: &serde_json::Value, known: &Known) -> Vec<String> {
    let mut unknown = Vec::new();
    collect(document, "", known, &mut unknown);
    let warn = |key: &String| {
        let hint = nearest(key, known)
            .map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
        format!("{}: unknown key '{key}' is ignored{hint}", path.display())
    };
    unknown.iter().map(warn).collect()
}

fn collect(value: &serde_json::Value, prefix: &str, known: &Known, unknown: &mut Vec<String>) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let below = format!("{path}.");
        if known.contains(&path.as_str()) || known.contains(&format!("{below}*").as_str()) {
            continue;
        }
        if known.iter().any(|known| known.starts_with(&below)) {
            collect(value, &below, known, unknown);
        } else {
            unknown.push(path);
        }
    }
}

fn nearest(key: &str, known: &Known) -> Option<&'static str> {
    let likeness = |known: &&str| strsim::jaro_winkler(key, known);
    let known = known.iter().map(|known| known.trim_end_matches(".*"));
    let nearest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    nearest.filter(|known| likeness(known) > 0.85)
}

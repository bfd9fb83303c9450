//! The layers of the crate docs, held against the source.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms a room may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("flow", &[]),
    ("dsp", &[]),
    ("onnx", &[]),
    ("audio", &[]),
    ("records", &["dsp"]),
    ("runtime", &["onnx"]),
    ("frontend", &["records", "onnx", "runtime"]),
    ("source", &["records", "audio"]),
    ("augment", &["records", "dsp", "audio"]),
    ("config", &["records", "dsp"]),
    ("dataset", &["records", "dsp", "config"]),
    ("presets", &["config"]),
    ("autoscale", &["flow", "config", "runtime"]),
    ("metrics", &["flow"]),
    (
        "stages",
        &[
            "flow", "records", "dsp", "audio", "source", "augment", "frontend", "dataset",
        ],
    ),
    (
        "build",
        &[
            "flow",
            "records",
            "dsp",
            "audio",
            "source",
            "augment",
            "frontend",
            "dataset",
            "config",
            "autoscale",
            "stages",
            "runtime",
        ],
    ),
    (
        "report",
        &[
            "records",
            "dataset",
            "autoscale",
            "build",
            "dsp",
            "audio",
            "frontend",
            "runtime",
            "source",
        ],
    ),
    (
        "eval",
        &["flow", "records", "dataset", "onnx", "runtime", "config"],
    ),
    (
        "api",
        &[
            "build",
            "report",
            "eval",
            "presets",
            "metrics",
            "flow",
            "audio",
            "dataset",
            "config",
            "autoscale",
            "stages",
            "frontend",
            "runtime",
        ],
    ),
    ("cli", &["api"]),
];

/// What appears in some rooms only.
const CONFINED: &[(&[&str], &[&str])] = &[
    (&["runtime", "frontend"], &["ort::", "use ort"]),
    (&["audio"], &["symphonia::", "hound::"]),
    (&["config"], &["figment::"]),
    (
        &["metrics"],
        &["\"wakemill_", "metrics_exporter_prometheus", "tiny_http"],
    ),
    (
        &["flow"],
        &[
            "thread::spawn",
            "thread::scope",
            "thread::Builder",
            "flume::",
            "mpsc::",
            "crossbeam::",
        ],
    ),
];

#[test]
fn modules_import_only_what_their_layer_may() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for (number, line) in code(&text) {
            for imported in imports(line) {
                let known = LAYERS.iter().any(|(name, _)| *name == imported);
                if known && imported != module && !allowed.contains(&imported) {
                    wrong.push(format!(
                        "{}:{number}: {module} imports {imported}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_has_a_layer() {
    let text = fs::read_to_string("src/lib.rs").expect("the crate root");
    let modules: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    for module in &modules {
        assert!(
            LAYERS.iter().any(|(name, _)| name == module),
            "{module} has no layer"
        );
        assert!(
            text.contains(&format!("[`{module}`]")),
            "{module} is not in the crate docs"
        );
    }
    assert_eq!(modules.len(), LAYERS.len());
}

#[test]
fn packages_stay_in_their_module() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (owners, words) in CONFINED {
            if owners.contains(&module_of(&path).as_str()) {
                continue;
            }
            for (number, line) in code(&text) {
                if let Some(word) = words.iter().find(|word| contains_path(line, word)) {
                    wrong.push(format!(
                        "{}:{number}: {word} outside {owners:?}",
                        path.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_module_opens_with_its_docs() {
    let bare: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

/// Every source file with its text.
fn sources() -> Vec<(PathBuf, String)> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::from("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of the crate") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                files.push((path, text));
            }
        }
    }
    assert!(files.len() > 20, "the source is here");
    files
}

/// The module right below the crate root that a file belongs to.
fn module_of(path: &Path) -> String {
    let first = path.components().nth(1).expect("a path below src");
    let name = first.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// The lines that are neither comments nor in a test module at the file's end.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// The modules of this crate that a line names.
fn imports(line: &str) -> Vec<&str> {
    let rest = line.split("crate::").skip(1);
    rest.filter_map(|rest| {
        rest.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()
    })
    .collect()
}

/// Whether a line has a path that begins with `word`, not one that ends so.
fn contains_path(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

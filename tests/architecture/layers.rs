//! The layers of the crate docs, held against the source.

use std::fs;
use std::path::PathBuf;

use super::source::{read, sources};

/// Which rooms a room may import.
const LAYERS: &[(&str, &[&str])] = &[
    ("flow", &[]),
    ("dsp", &[]),
    ("onnx", &[]),
    ("audio", &[]),
    ("paths", &[]),
    ("records", &["dsp", "audio"]),
    ("runtime", &["onnx"]),
    ("frontend", &["records", "onnx", "runtime"]),
    ("classifier", &["records", "onnx", "runtime"]),
    ("source", &["records", "audio", "paths"]),
    ("audit", &["records", "dsp"]),
    ("augment", &["records", "dsp", "audio", "audit"]),
    ("config", &["records", "dsp", "paths"]),
    ("dataset", &["records", "dsp", "config"]),
    ("presets", &["config"]),
    ("autoscale", &["flow"]),
    ("metrics", &["flow"]),
    (
        "stages",
        &[
            "flow",
            "records",
            "dsp",
            "audio",
            "source",
            "audit",
            "augment",
            "frontend",
            "classifier",
            "dataset",
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
            "audit",
            "augment",
            "frontend",
            "classifier",
            "dataset",
            "config",
            "autoscale",
            "stages",
            "runtime",
        ],
    ),
    (
        "report",
        &["flow", "records", "dataset", "autoscale", "build", "audit"],
    ),
    (
        "eval",
        &[
            "flow",
            "records",
            "dataset",
            "classifier",
            "runtime",
            "config",
        ],
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
            "dsp",
            "records",
            "source",
            "audio",
            "paths",
            "dataset",
            "config",
            "autoscale",
            "stages",
            "frontend",
            "classifier",
            "runtime",
        ],
    ),
    ("cli", &["api"]),
];

/// What appears in some rooms only.
const CONFINED: &[(&[&str], &[&str])] = &[
    (&["runtime", "frontend"], &["ort::", "use ort"]),
    (&["audio"], &["symphonia::", "hound::", "dasp_sample::"]),
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
    for source in sources() {
        let module = source.room();
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            continue;
        };
        for used in source.paths.iter().filter(|used| used.ours) {
            let imported = used.names.first().map_or("", String::as_str);
            let known = LAYERS.iter().any(|(name, _)| *name == imported);
            if known && imported != module && !allowed.contains(&imported) {
                let (path, line) = (source.path.display(), used.line);
                wrong.push(format!("{path}:{line}: {module} imports {imported}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_python_package_uses_the_api_and_the_command_line_as_a_whole() {
    let files = fs::read_dir("python/src").expect("the package's source");
    let files = files.map(|file| {
        let path = file.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("a source file");
        let name = path.file_name().expect("a name");
        (PathBuf::from("src").join(name), text)
    });
    let files: Vec<_> = files.collect();
    let mut used = 0;
    for source in read(&files) {
        for path in &source.paths {
            let names: Vec<&str> = path.names.iter().map(String::as_str).collect();
            if let ["wakemill", rest @ ..] = names.as_slice() {
                let may = matches!(rest, [] | ["api", ..] | ["cli", "run"]);
                assert!(may, "{}:{}: {names:?}", source.path.display(), path.line);
                used += 1;
            }
        }
    }
    assert!(used > 10, "{used} paths");
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
    for source in sources() {
        for (owners, words) in CONFINED {
            if owners.contains(&source.room()) {
                continue;
            }
            for (number, line) in source.code() {
                if let Some(word) = words.iter().find(|word| contains_path(line, word)) {
                    wrong.push(format!(
                        "{}:{number}: {word} outside {owners:?}",
                        source.path.display()
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
        .filter(|source| !source.text.starts_with("//!"))
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(bare.is_empty(), "{}", bare.join("\n"));
}

/// Whether a line has a path that begins with `word`, not one that ends so.
fn contains_path(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
    })
}

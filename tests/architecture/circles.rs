//! No circle of imports: neither between rooms, nor between the files of a room
//! that others build on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::source::{code, imports, module_of, sources};

/// Rooms whose files are held too.
const FILES: [&str; 4] = ["flow", "frontend", "runtime", "dataset"];

type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn no_room_imports_one_that_imports_it() {
    let mut graph = Graph::new();
    for (path, text) in sources() {
        let room = module_of(&path);
        for (_, line) in code(&text) {
            for imported in imports(line).into_iter().filter(|other| *other != room) {
                let edges = graph.entry(room.clone()).or_default();
                edges.insert(imported.to_owned());
            }
        }
    }
    assert_eq!(circle(&graph), None);
}

#[test]
fn no_file_of_a_lower_room_imports_one_that_imports_it() {
    for room in FILES {
        let files: BTreeMap<String, String> = sources()
            .into_iter()
            .filter(|(path, _)| module_of(path) == room)
            .map(|(path, text)| (module(&path), text))
            .collect();
        let exports = files
            .iter()
            .flat_map(|(name, text)| exports(name, text))
            .collect();
        let mut graph = Graph::new();
        for (name, text) in &files {
            let edges = uses(name, text)
                .iter()
                .filter_map(|path| target(path, &files, &exports))
                .filter(|target| target != name)
                .collect();
            graph.insert(name.clone(), edges);
        }
        assert!(graph.values().any(|edges| !edges.is_empty()), "{room}");
        assert_eq!(circle(&graph), None, "in {room}");
    }
}

#[test]
fn a_circle_is_found() {
    let graph = |edges: &[(&str, &str)]| {
        let mut graph = Graph::new();
        for (from, to) in edges {
            graph
                .entry((*from).to_owned())
                .or_default()
                .insert((*to).to_owned());
        }
        graph
    };
    assert_eq!(circle(&graph(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    assert!(circle(&graph(&[("a", "b"), ("b", "c"), ("c", "b")])).is_some());
    let text = "use super::sink::{RowSink, Nowhere};\nuse crate::dataset::npy;\n";
    let found = [
        "dataset::sink::RowSink",
        "dataset::sink::Nowhere",
        "dataset::npy",
    ];
    assert_eq!(uses("dataset::write", text), found);
}

/// A path from some node back to itself.
fn circle(graph: &Graph) -> Option<String> {
    fn visit(graph: &Graph, at: &str, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> bool {
        if let Some(start) = path.iter().position(|node| node == at) {
            path.drain(..start);
            return true;
        }
        if !done.insert(at.to_owned()) {
            return false;
        }
        path.push(at.to_owned());
        let edges = graph.get(at).into_iter().flatten();
        for next in edges {
            if visit(graph, next, path, done) {
                return true;
            }
        }
        path.pop();
        false
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|start| {
        let mut path = Vec::new();
        visit(graph, start, &mut path, &mut done).then(|| path.join(" -> "))
    })
}

/// The path of a file's module: `dataset::npy::header`.
fn module(path: &Path) -> String {
    let path = path
        .strip_prefix("src")
        .expect("below src")
        .with_extension("");
    let text = path.to_string_lossy().replace('/', "::");
    text.trim_end_matches("::mod").to_owned()
}

/// The names that a module hands on, with where they are.
fn exports(name: &str, text: &str) -> Vec<(String, String)> {
    let children = statements(text, "pub use ");
    let children = children.iter().flat_map(|tree| expand(tree));
    children
        .filter(|path| !path.starts_with("crate::"))
        .map(|path| {
            let leaf = path.rsplit("::").next().unwrap_or(&path);
            (format!("{name}::{leaf}"), absolute(name, &path))
        })
        .collect()
}

/// Everything that a file imports of its room, by absolute path.
fn uses(name: &str, text: &str) -> Vec<String> {
    let trees = statements(text, "use ");
    let paths = trees.iter().flat_map(|tree| expand(tree));
    let paths = paths.map(|path| absolute(name, &path));
    let room = name.split("::").next().unwrap_or(name).to_owned();
    paths
        .filter(|path| path.starts_with(&format!("{room}::")))
        .collect()
}

/// The statements that begin so, outside of tests, without their ends.
fn statements(text: &str, begin: &str) -> Vec<String> {
    let text: String = code(text).map(|(_, line)| format!("{line}\n")).collect();
    let lines = text.split(';');
    let found = lines.filter_map(|line| line.trim().strip_prefix(begin).map(str::to_owned));
    found.collect()
}

/// Every path of a use tree.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or(tree).to_owned()];
    };
    let body = rest.trim_end().trim_end_matches('}');
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&body[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&body[start..]);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    let paths = parts.flat_map(expand);
    paths
        .map(|path| match path.as_str() {
            "self" => head.trim_end_matches("::").to_owned(),
            path => format!("{head}{path}"),
        })
        .collect()
}

/// A path as it is from the crate's root, written in a module.
fn absolute(module: &str, path: &str) -> String {
    if let Some(rest) = path.strip_prefix("crate::") {
        return rest.to_owned();
    }
    let mut base: Vec<&str> = module.split("::").collect();
    let mut rest = path;
    while let Some(up) = rest.strip_prefix("super::") {
        base.pop();
        rest = up;
    }
    match base.is_empty() {
        true => rest.to_owned(),
        false => format!("{}::{rest}", base.join("::")),
    }
}

/// The file that a path leads to, through what others hand on.
fn target(
    path: &str,
    files: &BTreeMap<String, String>,
    exports: &BTreeMap<String, String>,
) -> Option<String> {
    if let Some(there) = exports.get(path).filter(|there| *there != path) {
        return target(there, files, exports);
    }
    let mut path = path;
    while !files.contains_key(path) {
        path = path.rsplit_once("::")?.0;
    }
    Some(path.to_owned())
}

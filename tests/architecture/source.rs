//! The source, as the tests read it.

use std::fs;
use std::path::{Path, PathBuf};

/// Every source file with its text.
pub fn sources() -> Vec<(PathBuf, String)> {
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
pub fn module_of(path: &Path) -> String {
    let first = path.components().nth(1).expect("a path below src");
    let name = first.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// The lines that are no comments, those of tests included.
pub fn all_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// The lines that are neither comments nor in a test module at the file's end.
pub fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate();
    lines
        .take_while(|(_, line)| line.trim() != "#[cfg(test)]")
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(index, line)| (index + 1, line))
}

/// The modules of this crate that a line names.
pub fn imports(line: &str) -> Vec<&str> {
    let rest = line.split("crate::").skip(1);
    rest.filter_map(|rest| {
        rest.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .next()
    })
    .collect()
}

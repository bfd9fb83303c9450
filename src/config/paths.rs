//! Paths: made absolute, and told apart.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::location::Location;
use super::plan::Input;

/// The path that `path` is when it starts at `folder`: absolute, without `.`
/// and `..`. Symbolic links are not followed, and nothing needs to exist.
///
/// # Errors
/// Fails where the current directory is needed and cannot be told.
pub fn absolute(folder: Option<&Path>, path: &Path) -> io::Result<PathBuf> {
    let joined = folder.map_or_else(|| path.to_owned(), |folder| folder.join(path));
    let mut normal = PathBuf::new();
    for component in std::path::absolute(joined)?.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    Ok(normal)
}

/// What begins a wildcard of a glob.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// What an input of a split is: a glob where it has a wildcard and nothing of
/// that very name exists, a list file by its extension, else a folder.
pub fn input(folder: Option<&Path>, text: &str) -> io::Result<Input> {
    let path = absolute(folder, Path::new(text))?;
    if text.contains(WILDCARDS) && !path.exists() {
        let pattern = glob(folder, text)?.into();
        return Ok(Input::Glob(Location::new(text, pattern)));
    }
    let extension = path.extension().and_then(|extension| extension.to_str());
    let location = Location::new(text, path.clone());
    Ok(match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("txt" | "lst" | "list") => Input::List(location),
        _ => Input::Folder(location),
    })
}

/// Makes a pattern absolute. The folder in front of it is taken literally: what
/// has no wildcard, or exists by that very name.
fn glob(folder: Option<&Path>, pattern: &str) -> io::Result<String> {
    let is_folder = |path: &str| absolute(folder, Path::new(path)).is_ok_and(|path| path.is_dir());
    let is_literal = |head: &str| !head.contains(WILDCARDS) || is_folder(head);
    let heads = pattern.match_indices('/').map(|(slash, _)| slash + 1);
    let literal = heads.take_while(|&end| is_literal(&pattern[..end]));
    let (head, tail) = pattern.split_at(literal.last().unwrap_or(0));
    let base = absolute(folder, Path::new(if head.is_empty() { "." } else { head }))?;
    let base = glob::Pattern::escape(&base.to_string_lossy());
    Ok(format!("{}/{tail}", base.trim_end_matches('/')))
}

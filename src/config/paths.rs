//! Paths: made absolute, and told apart.

use std::io;
use std::path::{Component, Path, PathBuf};

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

/// What an input of a split is: a glob where it has a wildcard, a list file by
/// its extension, else a folder.
pub fn input(folder: Option<&Path>, text: &str) -> io::Result<Input> {
    if text.contains(['*', '?', '[']) {
        return glob(folder, text).map(Input::Glob);
    }
    let path = absolute(folder, Path::new(text))?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    Ok(match extension.map(str::to_ascii_lowercase).as_deref() {
        Some("txt" | "lst" | "list") => Input::List(path),
        _ => Input::Folder(path),
    })
}

/// Makes a pattern absolute. The folder in front of it is taken literally.
fn glob(folder: Option<&Path>, pattern: &str) -> io::Result<String> {
    let wild = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    let head = pattern[..wild].rfind('/').map_or(0, |slash| slash + 1);
    let (head, tail) = pattern.split_at(head);
    let base = absolute(folder, Path::new(if head.is_empty() { "." } else { head }))?;
    let base = glob::Pattern::escape(&base.to_string_lossy());
    Ok(format!("{}/{tail}", base.trim_end_matches('/')))
}

//! Paths: made absolute, and told apart.

use std::io;
use std::path::{Component, Path, PathBuf};

use super::location::Location;
use super::plan::Input;
use crate::paths::expand;

/// The path that `path` is when it starts at `folder`: absolute, without `.`
/// and `..`, and with the user's own folder for `~`. Symbolic links stay as they
/// are but where `..` leads back from one, which is out of what it points to;
/// nothing needs to exist.
///
/// # Errors
/// Fails where the current or the user's folder is needed and cannot be told, and
/// where the path has something in it that only a shell would replace.
pub fn absolute(folder: Option<&Path>, path: &Path) -> io::Result<PathBuf> {
    let path = expand(folder, path)?;
    let joined = folder.map_or_else(|| path.clone(), |folder| folder.join(&path));
    let mut normal = PathBuf::new();
    for component in std::path::absolute(joined)?.components() {
        match component {
            Component::ParentDir => {
                // The system leaves a link by the folder that its target is in.
                if normal.is_symlink() {
                    normal = normal.canonicalize().unwrap_or(normal);
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_folder_is_put_for_a_tilde_and_nothing_else_is_guessed() {
        let folder = tempfile::tempdir().unwrap();
        let of = |text: &str| absolute(Some(folder.path()), Path::new(text));
        let home = std::env::home_dir().unwrap();
        assert_eq!(of("~/clips").unwrap(), home.join("clips"));
        assert_eq!(of("~").unwrap(), home);
        assert_eq!(of("a~/b$").unwrap(), folder.path().join("a~/b$"));
        assert_eq!(of("./~x").unwrap(), folder.path().join("~x"));
        for text in ["~x/clips", "$DATA/clips", "a/${X}"] {
            assert!(of(text).is_err(), "{text}");
        }
        std::fs::create_dir(folder.path().join("$DATA")).unwrap();
        assert_eq!(of("$DATA").unwrap(), folder.path().join("$DATA"));
    }

    #[cfg(unix)]
    #[test]
    fn the_way_back_from_a_link_is_the_systems() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(base.join("far/deep")).unwrap();
        std::fs::create_dir(base.join("far/clips")).unwrap();
        std::os::unix::fs::symlink(base.join("far/deep"), base.join("link")).unwrap();
        let of = |text: &str| absolute(Some(&base), Path::new(text)).unwrap();
        assert_eq!(of("link/../clips"), base.join("far/clips"));
        assert_eq!(of("link//./x/../y"), base.join("link/y"));
        assert_eq!(of("gone/../clips"), base.join("clips"));
    }
}

//! What a path means that somebody wrote: a shell's shorthands, where no shell
//! has read them.

use std::io;
use std::path::{Path, PathBuf};

/// Replaces a leading `~`, and refuses what else a shell would have replaced,
/// lest a folder of that name appear. What exists by that very name, from
/// `folder` on, is meant.
///
/// # Errors
/// Of kind `InvalidInput`: `~user`, `$NAME` and `${NAME}`; `~` where there is no
/// home folder.
pub fn expand(folder: Option<&Path>, path: &Path) -> io::Result<PathBuf> {
    if let Ok(below) = path.strip_prefix("~") {
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        let home = home.ok_or_else(|| unclear("there is no home folder to put for '~'"))?;
        return Ok(home.join(below));
    }
    let literal = folder.map_or_else(|| path.to_owned(), |folder| folder.join(path));
    let text = path.to_string_lossy();
    if text.starts_with('~') && !literal.exists() {
        return Err(unclear(
            "only '~/' is replaced, not another user's folder: write the path out, or './~…' for a name that begins so",
        ));
    }
    if has_variable(&text) && !literal.exists() {
        return Err(unclear(
            "variables are not replaced in paths: write the path out",
        ));
    }
    Ok(path.to_owned())
}

/// Whether a shell would see a variable: `$NAME` or `${NAME}`.
fn has_variable(text: &str) -> bool {
    let mut after = text.split('$').skip(1);
    after.any(|rest| rest.starts_with(|c: char| c == '{' || c == '_' || c.is_ascii_alphabetic()))
}

fn unclear(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

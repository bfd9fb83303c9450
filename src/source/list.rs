//! List files.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use super::{DiscoverError, Found, Listing, Problem, Segment};
use crate::paths::expand;

/// The files that a list names: one path a line, relative to the list's folder.
///
/// Blank lines and lines that begin with `#` are skipped, so that a plain
/// `.m3u` is a list; line ends may be LF or CRLF, and a byte order mark is
/// ignored. A line that begins with `~/` starts at the home folder. The result is sorted like every listing. A path that names no
/// regular file is a problem.
///
/// # Errors
/// [`DiscoverError`] where the list cannot be read, a line is not UTF-8, a file
/// is named twice, or nothing is named.
pub fn list(path: &Path) -> Result<Listing, DiscoverError> {
    listing(path, false)
}

/// The recordings that a list names, as [`list`]; a line may go on with a tab, a
/// start, a tab and an end in seconds: a part of one.
///
/// # Errors
/// [`DiscoverError`] as [`list`], and where times make no sense.
pub fn segments(path: &Path) -> Result<Listing, DiscoverError> {
    listing(path, true)
}

fn listing(path: &Path, parts: bool) -> Result<Listing, DiscoverError> {
    let io = |error| DiscoverError::io(path, error);
    if !std::fs::metadata(path).map_err(io)?.is_file() {
        return Err(io(std::io::Error::other("not a regular file")));
    }
    let file = BufReader::new(File::open(path).map_err(io)?);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut listing = Listing::default();
    for (name, segment) in lines(path, file, parts)? {
        let path = folder.join(&*name);
        let problem = match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => {
                let path = Arc::from(path);
                listing.files.push(Found {
                    name,
                    path,
                    segment,
                });
                continue;
            }
            Ok(_) => "not a regular file".to_owned(),
            Err(error) => error.to_string(),
        };
        listing.problems.push(Problem {
            path,
            reason: format!("named in the list: {problem}"),
        });
    }
    listing.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    listing
        .problems
        .sort_unstable_by(|a, b| a.path.cmp(&b.path));
    super::some(
        listing,
        || path.display().to_string(),
        || "one path a line".to_owned(),
    )
}

/// What a line names.
pub(super) type Line = (Arc<str>, Option<Segment>);

/// What the lines of a list name, each once; with `parts` also parts of files.
pub(super) fn lines(
    path: &Path,
    mut reader: impl BufRead,
    parts: bool,
) -> Result<Vec<Line>, DiscoverError> {
    let mut lines = HashMap::new();
    let mut names = Vec::new();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes);
        if read.map_err(|error| DiscoverError::io(path, error))? == 0 {
            break;
        }
        let mut text = str::from_utf8(&bytes).map_err(|_| DiscoverError::NotText {
            path: path.to_path_buf(),
            line,
        })?;
        if line == 1 {
            text = text.trim_start_matches('\u{FEFF}');
        }
        let text = text.trim_end_matches(['\n', '\r']);
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let (text, segment) = match parts {
            true => Segment::split(text).map_err(|reason| DiscoverError::Times {
                path: path.to_path_buf(),
                line,
                reason,
            })?,
            false => (text, None),
        };
        let written = expand(path.parent(), Path::new(text));
        let written = written.map_err(|error| DiscoverError::Line {
            path: path.to_path_buf(),
            line,
            error,
        })?;
        // The same file written in two ways would be two clips.
        let name: PathBuf = written.components().collect();
        let name = name.to_string_lossy().replace(MAIN_SEPARATOR, "/");
        let name: Arc<str> = Arc::from(name.trim_start_matches("./"));
        let label = segment.map_or_else(|| Arc::clone(&name), |segment| segment.label(&name));
        if let Some(first) = lines.insert(Arc::clone(&label), line) {
            return Err(DiscoverError::Duplicate {
                path: path.to_path_buf(),
                name: label.to_string(),
                first,
                second: line,
            });
        }
        names.push((name, segment));
    }
    Ok(names)
}

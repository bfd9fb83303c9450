//! List files.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{MAIN_SEPARATOR, Path, PathBuf};
use std::sync::Arc;

use super::kinds::Kinds;
use super::walk::Hidden;
use super::{DiscoverError, Found, Listing, Problem, Segment, tar};
use crate::audio::FileRange;
use crate::paths::expand;

/// The files that a list names: one path a line, relative to the list's folder.
///
/// Blank lines and lines that begin with `#` are skipped, so that a plain
/// `.m3u` is a list; line ends may be LF or CRLF, and a byte order mark is
/// ignored. A line that begins with `~/` starts at the home folder. It may name
/// a tar, for all clips in it, or a member of one (`x.tar/member`). The result is
/// sorted like every listing. A path that names no regular file is a problem.
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
    let mut tars = tar::Index::default();
    for (name, segment) in lines(path, file, parts)? {
        let path = folder.join(&*name);
        if segment.is_none() && tar::is_tar(&path) {
            let judge = |name: &str| Kinds::Any.judge(name);
            let prefix = format!("{name}/");
            tar::list(&path, &prefix, Hidden::PassedBy, judge, &mut listing);
            continue;
        }
        match named(&path, &mut tars) {
            Ok(file) => listing.files.push(Found {
                name,
                file,
                segment,
            }),
            Err(problem) => listing.problems.push(Problem {
                path,
                reason: format!("named in the list: {problem}"),
            }),
        }
    }
    listing.sort();
    if let Some(name) = twice(&listing) {
        let path = path.to_path_buf();
        return Err(DiscoverError::Twice { path, name });
    }
    super::some(
        listing,
        || path.display().to_string(),
        || "one path a line".to_owned(),
    )
}

/// What is read at a path, or why nothing is.
fn named(path: &Path, tars: &mut tar::Index) -> Result<FileRange, String> {
    match (std::fs::metadata(path), tar::split(path)) {
        (Ok(metadata), _) if !metadata.is_file() => Err("not a regular file".to_owned()),
        (Ok(_), _) if tar::is_tar(path) => {
            Err("a tar has no times, but its members have: name one, as x.tar/member".to_owned())
        }
        (Ok(_), _) => match tar::compressed(path) {
            Some((_, told)) => Err(told),
            None => Ok(FileRange::from(path)),
        },
        (Err(_), Some((tar, member))) => tars.member(tar, member),
        (Err(error), None) => Err(error.to_string()),
    }
}

/// A name that is there twice: lines are different, but one may name a tar and
/// another a member of it.
fn twice(listing: &Listing) -> Option<String> {
    let mut names = HashSet::new();
    let mut files = listing.files.iter();
    let again = files.find(|file| file.segment.is_none() && !names.insert(&file.name));
    again.map(|file| file.name.to_string())
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

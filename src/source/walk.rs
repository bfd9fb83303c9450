//! Walking a folder.

use std::io::ErrorKind;
use std::path::{Component, Path};
use std::sync::Arc;

use walkdir::{DirEntry, Error, WalkDir};

use super::kinds::{self, Kinds, Verdict};
use super::{DiscoverError, Found, Listing, Problem, tar};
use crate::audio::FileRange;

/// What becomes of hidden files and folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hidden {
    /// They are not there.
    PassedBy,
    /// They are as all others.
    Entered,
}

/// Lists what `judge` calls clips, by its relative name, down to `depth` folders,
/// and counts what it passes over. Files are opened only where the name leaves
/// it open what they are.
pub(super) fn walk(
    base: &Path,
    depth: usize,
    hidden: Hidden,
    judge: impl Fn(&str) -> Verdict,
) -> Result<Listing, DiscoverError> {
    if !base.exists() {
        return Err(DiscoverError::MissingFolder(base.to_path_buf()));
    }
    if !base.is_dir() {
        if let Some((_, told)) = tar::compressed(base) {
            let path = base.to_path_buf();
            return Err(DiscoverError::Compressed { path, told });
        }
        return Err(DiscoverError::NotAFolder(base.to_path_buf()));
    }
    let ours = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let passed_by = hidden == Hidden::PassedBy && kinds::is_hidden(&name);
        entry.depth() == 0 || !(passed_by || kinds::is_foreign(&name))
    };
    let mut listing = Listing::default();
    let entries = WalkDir::new(base)
        .follow_links(true)
        .max_depth(depth)
        .into_iter()
        .filter_entry(ours);
    for entry in entries {
        match entry {
            Ok(entry) if entry.depth() == 0 => {}
            Ok(entry) => file(base, depth, entry, &judge, &mut listing),
            Err(error) => failure(base, &error, &judge, &mut listing),
        }
    }
    tar::refuse_unpacked(base, &mut listing);
    listing.sort();
    Ok(listing)
}

fn file(
    base: &Path,
    depth: usize,
    entry: DirEntry,
    judge: &impl Fn(&str) -> Verdict,
    listing: &mut Listing,
) {
    let (name, is_text) = relative_name(base, entry.path());
    let kind = entry.file_type();
    // A folder called x.wav is a folder, unless folders are not looked into.
    if kind.is_dir() && entry.depth() < depth {
        return;
    }
    let mut verdict = judge(&name);
    // Opening a pipe waits for a writer: only regular files are looked into.
    if kind.is_file() {
        verdict = kinds::look(verdict, entry.path());
    }
    match verdict {
        Verdict::Clip => {}
        Verdict::Tar if kind.is_file() && is_text => {
            let judge = |name: &str| Kinds::Any.judge(name);
            let prefix = format!("{name}/");
            return tar::list(entry.path(), &prefix, Hidden::PassedBy, judge, listing);
        }
        Verdict::Tar => {}
        Verdict::PassedOver if kind.is_file() => {
            return kinds::count(&mut listing.passed_over, &name);
        }
        _ => return,
    }
    let reason = if kind.is_dir() {
        "a folder, not a file"
    } else if !kind.is_file() {
        "not a regular file"
    } else if !is_text {
        "its name is not UTF-8: rename it"
    } else {
        return listing.files.push(Found {
            name: Arc::from(name),
            file: FileRange::whole(entry.into_path()),
            segment: None,
        });
    };
    let path = entry.into_path();
    let reason = reason.to_owned();
    listing.problems.push(Problem { path, reason });
}

fn failure(base: &Path, error: &Error, judge: &impl Fn(&str) -> Verdict, listing: &mut Listing) {
    let path = error.path().unwrap_or(base);
    let not_there = error
        .io_error()
        .is_some_and(|error| error.kind() == ErrorKind::NotFound);
    let (name, _) = relative_name(base, path);
    // A dangling link to anything but a clip or a folder is none of our business.
    if not_there && judge(&name) != Verdict::Clip && path.extension().is_some() {
        return;
    }
    let reason = match (error.loop_ancestor(), error.io_error()) {
        (Some(ancestor), _) => format!("a link that leads back to {}", ancestor.display()),
        (None, Some(_)) if not_there => "a link to something that is not there".to_owned(),
        (None, Some(error)) => error.to_string(),
        (None, None) => error.to_string(),
    };
    listing.problems.push(Problem {
        path: path.to_path_buf(),
        reason,
    });
}

/// The path from `base` on with forward slashes, and whether it is UTF-8.
fn relative_name(base: &Path, path: &Path) -> (String, bool) {
    let relative = path.strip_prefix(base).unwrap_or(path);
    let mut name = String::new();
    let mut is_text = true;
    for component in relative.components() {
        if let Component::Normal(part) = component {
            let text = part.to_string_lossy();
            is_text &= part.to_str().is_some();
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(&text);
        }
    }
    (name, is_text)
}

//! Which audio files a folder, a glob or a list names.
//!
//! A listing is sorted by the bytes of the relative names, so it is the same on
//! every machine. What looks like a clip and cannot be one (a dangling link, a
//! loop, a name that is not UTF-8, a folder that cannot be entered) is listed
//! as a problem, never dropped silently. Links are followed. A file whose
//! extension says nothing is looked into: audio is a clip whatever it is called,
//! and the rest is counted.

mod clips;
mod error;
pub mod exclude;
mod kinds;
mod list;
pub mod order;
mod segment;
pub mod sequence;
mod tar;
pub mod turns;
mod walk;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use glob::{MatchOptions, Pattern};

use crate::audio::FileRange;
use crate::records::ClipId;
use sequence::Entry;
use walk::Hidden;

pub use clips::{ClipSource, FolderSource, GlobSource, Identity, ListSource, Names, Stamp};
pub use error::DiscoverError;
pub use kinds::{EXTENSIONS, Kinds};
pub use list::{list, segments};
pub use segment::Segment;
pub use tar::{file_at, is_tar};

use crate::records::FilesByExtension;
use kinds::{Verdict, only};

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path relative to the folder, with forward slashes.
    pub name: Arc<str>,
    /// Where to read it.
    pub file: FileRange,
    /// Which part of it, in time, where that is not all.
    pub segment: Option<Segment>,
}

/// Something that looks like a clip and cannot be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with it, for a person.
    pub reason: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files, sorted by name.
    pub files: Vec<Found>,
    /// What could not be listed, sorted by path.
    pub problems: Vec<Problem>,
    /// What is neither a clip nor a known companion of clips.
    pub passed_over: FilesByExtension,
}

impl Listing {
    fn sort(&mut self) {
        self.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.problems.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    }

    /// Everything that was found as clips, by name; a problem goes on as a clip
    /// that is rejected, so that it is counted and recorded. It is named
    /// relative to `root`, as clips are.
    pub fn into_entries(self, root: &Path) -> Vec<Entry> {
        let good = self.files.into_iter().map(|found| Entry {
            id: ClipId {
                name: found
                    .segment
                    .as_ref()
                    .map_or_else(|| found.name.clone(), |segment| segment.label(&found.name)),
                file: found.file,
            },
            recording: found.name,
            segment: found.segment,
            problem: None,
        });
        let bad = self.problems.into_iter().map(|problem| {
            let name = problem.path.strip_prefix(root).unwrap_or(&problem.path);
            Entry {
                recording: name.to_string_lossy().into(),
                segment: None,
                id: ClipId {
                    name: name.to_string_lossy().into(),
                    file: FileRange::whole(problem.path),
                },
                problem: Some(problem.reason),
            }
        });
        let mut entries: Vec<_> = good.chain(bad).collect();
        let start = |entry: &Entry| entry.segment.map_or(0.0, |segment| segment.start);
        entries.sort_by(|a, b| {
            let by_name = a.recording.cmp(&b.recording);
            by_name.then(start(a).total_cmp(&start(b)))
        });
        entries
    }
}

/// Every audio file below a folder, and in the tars there; or in a tar.
///
/// # Errors
/// [`DiscoverError`] where the folder is missing or there is nothing in it.
pub fn folder(path: &Path, kinds: Kinds) -> Result<Listing, DiscoverError> {
    let judge = |name: &str| kinds.judge(name);
    let listing = match kinds {
        Kinds::Any if tar::is_tar(path) => {
            let name = path.file_name().unwrap_or_default();
            let prefix = format!("{}/", name.to_string_lossy());
            members(path, &prefix, Hidden::PassedBy, judge)
        }
        _ => walk::walk(path, usize::MAX, Hidden::PassedBy, judge)?,
    };
    some(listing, || path.display().to_string(), || kinds.text())
}

/// The members of one tar.
fn members(tar: &Path, prefix: &str, hidden: Hidden, judge: impl Fn(&str) -> Verdict) -> Listing {
    let mut listing = Listing::default();
    tar::list(tar, prefix, hidden, judge, &mut listing);
    listing.sort();
    listing
}

/// Every audio file that a pattern matches, and of a tar all in it: `*` and `?` within a folder's
/// names, `[…]` for a choice of characters, `**` for any folders. Names are
/// relative to the longest part of the pattern without a wildcard.
///
/// # Errors
/// [`DiscoverError`] where it is no pattern, its folder is missing, or nothing
/// matches.
pub fn glob(pattern: &str) -> Result<Listing, DiscoverError> {
    let (base, rest) = split_pattern(pattern);
    let matcher = Pattern::new(rest).map_err(|error| DiscoverError::Pattern {
        pattern: pattern.to_owned(),
        error,
    })?;
    let options = MatchOptions {
        require_literal_separator: true,
        require_literal_leading_dot: true,
        ..MatchOptions::new()
    };
    let depth = if rest.contains("**") {
        usize::MAX
    } else {
        rest.split('/').count()
    };
    let judge = |name: &str| match matcher.matches_with(name, options) {
        true => Kinds::Any.judge(name),
        false => Verdict::Nothing,
    };
    // A dot that the pattern has is asked for.
    let base = Path::new(base);
    let listing = match tar::is_tar(base) {
        true => members(base, "", Hidden::Entered, judge),
        false => walk::walk(base, depth, Hidden::Entered, judge)?,
    };
    some(listing, || pattern.to_owned(), || Kinds::Any.text())
}

/// openWakeWord's clips: the files `*.wav` right in a folder.
///
/// # Errors
/// [`DiscoverError`] where the folder is missing or there is nothing in it.
pub fn openwakeword_clips(path: &Path) -> Result<Listing, DiscoverError> {
    let judge = |name: &str| Kinds::WavOnly.judge(name);
    let listing = walk::walk(path, 1, Hidden::PassedBy, judge)?;
    some(
        listing,
        || path.display().to_string(),
        || "*.wav".to_owned(),
    )
}

/// livekit-wakeword's clips: the files `clip_NNNNNN.wav` right in a folder.
///
/// # Errors
/// [`DiscoverError`] where the folder is missing or there is nothing in it.
pub fn livekit_clips(path: &Path) -> Result<Listing, DiscoverError> {
    let listing = walk::walk(path, 1, Hidden::Entered, |name| only(is_clip_name(name)))?;
    some(
        listing,
        || path.display().to_string(),
        || "clip_NNNNNN.wav".to_owned(),
    )
}

/// livekit-wakeword's augmented clips: the files `clip_NNNNNN_rR.wav` right in
/// a folder.
///
/// # Errors
/// [`DiscoverError`] where the folder is missing or there is nothing in it.
pub fn livekit_augmented(path: &Path) -> Result<Listing, DiscoverError> {
    let listing = walk::walk(path, 1, Hidden::Entered, |name| only(is_row_name(name)))?;
    some(
        listing,
        || path.display().to_string(),
        || "clip_NNNNNN_rR.wav".to_owned(),
    )
}

/// The files `*_rR.wav` below a folder, R a number: rows that were written
/// there. None of a folder that is not there.
pub fn written_rows(folder: &Path) -> Vec<PathBuf> {
    let is_row = |name: &str| {
        let round = name
            .strip_suffix(".wav")
            .and_then(|stem| stem.rsplit_once("_r"));
        round.is_some_and(|(_, round)| !round.is_empty() && all_digits(round))
    };
    let found = walk::walk(folder, usize::MAX, Hidden::PassedBy, |name| {
        only(is_row(name))
    });
    let files = found.map(|found| found.files).unwrap_or_default();
    files
        .iter()
        .map(|file| file.file.path.to_path_buf())
        .collect()
}

/// Whether a name is livekit-wakeword's for a clip: `clip_NNNNNN.wav`.
pub fn is_clip_name(name: &str) -> bool {
    clip_suffix(name) == Some(".wav")
}

/// Whether a name is livekit-wakeword's for one round of a clip:
/// `clip_NNNNNN_rR.wav`.
pub fn is_row_name(name: &str) -> bool {
    clip_suffix(name)
        .and_then(|suffix| suffix.strip_prefix("_r")?.strip_suffix(".wav"))
        .is_some_and(|round| !round.is_empty() && all_digits(round))
}

/// What follows `clip_` and six digits.
fn clip_suffix(name: &str) -> Option<&str> {
    let (number, suffix) = name.strip_prefix("clip_")?.split_at_checked(6)?;
    all_digits(number).then_some(suffix)
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Cuts a pattern after the last folder without a wildcard.
fn split_pattern(pattern: &str) -> (&str, &str) {
    let wildcard = pattern.find(['*', '?', '[']).unwrap_or(pattern.len());
    match pattern[..wildcard].rfind('/') {
        Some(0) => ("/", &pattern[1..]),
        Some(slash) => (&pattern[..slash], &pattern[slash + 1..]),
        None => (".", pattern),
    }
}

/// A listing with something in it, be it a problem, or an error.
fn some(
    listing: Listing,
    place: impl FnOnce() -> String,
    looked_for: impl FnOnce() -> String,
) -> Result<Listing, DiscoverError> {
    if listing.files.is_empty() && listing.problems.is_empty() {
        return Err(DiscoverError::Nothing {
            place: place(),
            looked_for: looked_for(),
            passed_over: listing.passed_over,
        });
    }
    Ok(listing)
}

#[cfg(test)]
mod tests;

//! What is left out of recordings.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::list::lines;
use super::sequence::Entry;
use super::{DiscoverError, Segment, tar};

/// What a list leaves out: parts of recordings, or all of one.
#[derive(Clone, Debug, Default)]
pub struct Excluded {
    by_path: HashMap<PathBuf, Vec<Segment>>,
    by_name: HashMap<Arc<str>, Vec<Segment>>,
}

/// All of a recording.
const ALL: Segment = Segment {
    start: 0.0,
    end: f64::INFINITY,
};

impl Excluded {
    /// Reads a list of the lines that [`segments`](super::segments) takes; here
    /// one without times is all of a recording.
    ///
    /// # Errors
    /// [`DiscoverError`] where it cannot be read or understood.
    pub fn read(path: &Path) -> Result<Self, DiscoverError> {
        let file = File::open(path).map_err(|error| DiscoverError::io(path, error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut excluded = Self::default();
        for (name, segment) in lines(path, BufReader::new(file), true)? {
            let segment = segment.unwrap_or(ALL);
            if let Some(path) = canonical(&folder.join(&*name)) {
                excluded.by_path.entry(path).or_default().push(segment);
            }
            excluded.by_name.entry(name).or_default().push(segment);
        }
        Ok(excluded)
    }

    /// Leaves out a part of a recording, as the split has it.
    pub fn add(&mut self, entry: &Entry, part: Segment) {
        let parts = self.by_name.entry(Arc::clone(&entry.recording));
        let parts = parts.or_default();
        // A recording may be listed in many parts.
        if !parts.contains(&part) {
            parts.push(part);
        }
    }

    /// What is left out of a recording: named by its path, or as the split has
    /// it.
    pub fn of(&self, entry: &Entry) -> Vec<Segment> {
        if self.by_name.is_empty() {
            return Vec::new();
        }
        let names = names(entry);
        let by_path = paths(entry)
            .into_iter()
            .filter_map(|path| self.by_path.get(&path));
        let mut parts: Vec<Segment> = by_path.flatten().copied().collect();
        if parts.is_empty() {
            let by_name = names.into_iter().filter_map(|name| self.by_name.get(name));
            parts.extend(by_name.flatten());
        }
        parts
    }

    /// Names of which nothing is among these.
    pub fn unmatched<'a>(&'a self, entries: &[Entry]) -> Vec<&'a str> {
        let names: std::collections::HashSet<&str> = entries.iter().flat_map(names).collect();
        let paths: std::collections::HashSet<PathBuf> = match self.by_path.is_empty() {
            true => Default::default(),
            false => entries.iter().flat_map(paths).collect(),
        };
        let hit = |name: &str| {
            names.contains(name)
                || self
                    .by_path
                    .keys()
                    .any(|path| paths.contains(path) && path.ends_with(name))
        };
        let mut unmatched: Vec<&str> = self.by_name.keys().map(|name| &**name).collect();
        unmatched.retain(|name| !hit(name));
        unmatched.sort_unstable();
        unmatched
    }
}

/// What a recording is called: a member of a tar also by the tar alone.
fn names(entry: &Entry) -> Vec<&str> {
    let tar = tar::names(&entry.recording, &entry.id.file);
    let tar = tar.map(|(tar, _)| tar);
    std::iter::once(&*entry.recording).chain(tar).collect()
}

/// Where a recording is: of a member of a tar, its own path and the tar's.
fn paths(entry: &Entry) -> Vec<PathBuf> {
    let Ok(path) = entry.id.file.path.canonicalize() else {
        return Vec::new();
    };
    if entry.id.file.is_whole() {
        return vec![path];
    }
    let names = tar::names(&entry.recording, &entry.id.file);
    let member = names.map_or(&*entry.recording, |(_, member)| member);
    vec![path.join(member), path]
}

/// The same path whatever leads to it.
fn canonical(path: &Path) -> Option<PathBuf> {
    let found = path.canonicalize().ok();
    found.or_else(|| {
        let (tar, member) = tar::split(path)?;
        Some(tar.canonicalize().ok()?.join(member))
    })
}

/// Whether what is left out meets a stretch of time.
pub fn meets(excluded: &[Segment], start: f64, end: f64) -> bool {
    excluded
        .iter()
        .any(|part| part.start < end && start < part.end)
}

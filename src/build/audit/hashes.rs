//! What the rows of recordings have heard, by hashes.

use std::collections::HashMap;
use std::path::Path;

use super::Set;
use crate::build::{BuildError, Inputs};
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::RECORDINGS_FILE;
use crate::dataset::rows::RecordingRecord;
use crate::records::{Check, ClipFacts, Ended};

/// The recordings of all splits that have a hash, in the order in which they are listed.
#[derive(Debug, Default)]
pub(super) struct Hashes(Vec<Hashed>);

/// One of them.
#[derive(Debug)]
pub(super) struct Hashed {
    /// Its split's place.
    pub(super) split: usize,
    /// What orders it among those of its split: its place there, or its line.
    index: u32,
    /// Its name.
    pub(super) name: String,
    hash: u64,
}

impl Hashes {
    /// Reads those of a folder, where somebody asks for them.
    pub(super) fn read(set: &Set<'_>, folder: &Path) -> Result<Self, BuildError> {
        let path = folder.join(RECORDINGS_FILE);
        let asked = [Check::Duplicate, Check::Leak];
        if !set.asks(&asked) || !has_recordings(set.inputs) {
            return Ok(Self::default());
        }
        let splits = set.inputs.splits.iter().enumerate();
        let splits: HashMap<&str, usize> = splits.map(|(at, split)| (split.name(), at)).collect();
        let read = |error| BuildError::io("read", &path)(std::io::Error::other(error));
        let mut all = Vec::new();
        for (index, line) in
            (0..).zip(JsonlReader::<RecordingRecord<'static>>::open(&path).map_err(read)?)
        {
            let line = line.map_err(read)?;
            let hash = line.hash.as_deref();
            let hash = hash.and_then(|hash| u64::from_str_radix(hash, 16).ok());
            let split = splits.get(&*line.split).copied();
            if let (Some(hash), Some(split)) = (hash, split) {
                let name = line.name();
                all.push(Hashed {
                    split,
                    index,
                    name,
                    hash,
                });
            }
        }
        Ok(Self(all))
    }

    /// Adds a recording that has come to its end.
    pub(super) fn add(&mut self, split: usize, ended: &Ended) {
        if let Some(hash) = ended.hash {
            self.0.push(Hashed {
                split,
                index: ended.index,
                name: ended.name(),
                hash,
            });
        }
    }

    /// Puts them into the order in which they are listed.
    pub(super) fn sort(&mut self) {
        self.0.sort_unstable_by_key(|of| (of.split, of.index));
    }

    /// The same as facts of clips, of which nothing else is known.
    pub(super) fn facts(&self) -> Vec<ClipFacts> {
        let facts = self.0.iter().map(|of| ClipFacts {
            hash: of.hash.into(),
            ..ClipFacts::default()
        });
        facts.collect()
    }

    /// One of them.
    pub(super) fn at(&self, index: u32) -> Option<&Hashed> {
        self.0.get(index as usize)
    }
}

fn has_recordings(inputs: &Inputs) -> bool {
    let mut splits = inputs.splits.iter();
    splits.any(|split| split.plan.recordings.is_some())
}

//! One split of a merge: its feature file, and the index of its rows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::copy::{copy, copy_index};
use super::error::ShardsError;
use super::plan::PlannedSplit;
use super::shard::{self, Shard, ShardSplit};
use crate::dataset::error::DatasetError;
use crate::dataset::found::Found;
use crate::dataset::layout::index_file;
use crate::dataset::manifest::{Hours, Part, SplitWritten};
use crate::dataset::npy::{self, Array};
use crate::dataset::partial::{PartialFile, Sealed, hex};
use crate::dataset::write::index_array;

/// What is merged of a split.
#[derive(Clone, Debug)]
pub struct SplitSettings {
    /// What its feature file is an array of.
    pub array: Array,
    /// Rows of that array that one row is.
    pub steps: u64,
    /// Whether it has recordings.
    pub recordings: bool,
}

/// The name of a part of a feature file.
pub(super) fn part_name(features: &str, index: usize, of: usize) -> String {
    let stem = features.strip_suffix(".npy").unwrap_or(features);
    format!("{stem}-{}.npy", shard::folder_name(index, of))
}

/// What becomes of one split.
pub(super) struct SplitMerger {
    settings: SplitSettings,
    out: Features,
    pub(super) written: SplitWritten,
    index: Option<PartialFile>,
    /// Lines of `recordings.jsonl` before its next.
    lines: u64,
    /// Where the parts are, until they get their names.
    parts: Vec<PathBuf>,
}

/// Where the bytes of a feature file go.
enum Features {
    File(PartialFile),
    /// Nowhere: they stay where they are, and this is the hash of all together.
    Parts(Sha256),
}

impl Features {
    fn append(&mut self, bytes: &[u8]) -> Result<(), ShardsError> {
        match self {
            Self::File(file) => file.append(bytes)?,
            Self::Parts(hash) => hash.update(bytes),
        }
        Ok(())
    }
}

impl SplitMerger {
    /// Begins the files of a split of so many rows, whose recordings have that many
    /// lines of other splits before theirs; in parts, its features stay where they
    /// are.
    pub(super) fn open(
        output: &Path,
        split: &PlannedSplit,
        of: &SplitSettings,
        (rows, lines): (u64, u64),
        in_parts: bool,
    ) -> Result<Self, ShardsError> {
        let file = |name: &str| PartialFile::create(&output.join(name), &[]);
        let mut out = match in_parts {
            true => Features::Parts(Sha256::new()),
            false => Features::File(file(&split.features)?),
        };
        out.append(&npy::header(rows * of.steps, &of.array))?;
        let (mut index, mut hours) = (None, None);
        if of.recordings {
            let name = index_file(&split.name);
            let index = index.insert(file(&name)?);
            index.append(&npy::header(rows, &index_array()))?;
            hours = Some(Hours {
                index: name,
                ..Hours::default()
            });
        }
        Ok(Self {
            settings: of.clone(),
            out,
            written: SplitWritten {
                name: split.name.clone(),
                features: split.features.clone(),
                rows: 0,
                left_out: 0,
                unwanted: 0,
                audit: Found::default(),
                found: Found::default(),
                sha256: String::new(),
                parts: Vec::new(),
                hours,
            },
            index,
            lines,
            parts: Vec::new(),
        })
    }

    /// Takes what a shard has of it, in whose `recordings.jsonl` so many lines of
    /// other splits are before its own; names the first file that is not what was
    /// written.
    pub(super) fn take(
        &mut self,
        split: &ShardSplit,
        shard: &Shard,
        folder: &Path,
        lines: u64,
        block: &mut [u8],
    ) -> Result<Option<String>, ShardsError> {
        let written = &mut self.written;
        written.rows += split.rows;
        written.left_out += split.left_out;
        written.unwanted += split.unwanted;
        written.audit.extend(&split.audit);
        written.found.extend(&split.found);
        if let (Some(all), Some(own)) = (&mut written.hours, &split.hours) {
            all.add(own);
        }
        let path = folder.join(&split.features);
        let of = &self.settings;
        let skip = npy::header(split.rows * of.steps, &of.array).len();
        let out = &mut self.out;
        let found = copy(&path, skip, block, &mut |bytes| out.append(bytes))?;
        let mut damage = None;
        if found != (split.bytes, split.sha256.clone()) {
            damage = Some(split.features.clone());
        }
        if let Features::Parts(_) = self.out {
            self.parts.push(path);
            written.parts.push(Part {
                features: part_name(&split.features, shard.shard, shard.of),
                rows: split.rows,
                sha256: split.sha256.clone(),
            });
        }
        if let Some(index) = &mut self.index {
            let name = index_file(&split.name);
            let skip = npy::header(split.rows, &index_array()).len();
            let before = self.lines.saturating_sub(lines);
            self.lines += split.recordings();
            let found = copy_index(&folder.join(&name), skip, before, block, index)?;
            if !shard.is_file(&name, &found) {
                damage.get_or_insert(name);
            }
        }
        Ok(damage)
    }

    /// Makes its files durable, without their final names.
    pub(super) fn seal(self) -> Result<SealedSplit, ShardsError> {
        let mut written = self.written;
        let features = match self.out {
            Features::File(file) => Some(file.seal(&[])?),
            Features::Parts(hash) => {
                written.sha256 = hex(&hash.finalize());
                None
            }
        };
        Ok(SealedSplit {
            features,
            index: self.index.map(|file| file.seal(&[])).transpose()?,
            parts: self.parts,
            written,
        })
    }

    /// What was written.
    pub(super) fn files(self) -> impl Iterator<Item = PartialFile> {
        let features = match self.out {
            Features::File(file) => Some(file),
            Features::Parts(_) => None,
        };
        features.into_iter().chain(self.index)
    }
}

/// A split whose files are whole.
pub(super) struct SealedSplit {
    features: Option<Sealed>,
    index: Option<Sealed>,
    parts: Vec<PathBuf>,
    written: SplitWritten,
}

impl SealedSplit {
    /// Gives its files their final names; the index's hash joins `files`.
    pub(super) fn rename(
        self,
        output: &Path,
        files: &mut BTreeMap<String, String>,
    ) -> Result<SplitWritten, ShardsError> {
        let mut written = self.written;
        if let Some(file) = self.features {
            written.sha256 = file.rename()?.sha256;
        }
        for (from, part) in self.parts.iter().zip(&written.parts) {
            let to = output.join(&part.features);
            fs::rename(from, &to).map_err(DatasetError::io("rename", from))?;
        }
        if let (Some(index), Some(hours)) = (self.index, &written.hours) {
            files.insert(hours.index.clone(), index.rename()?.sha256);
        }
        Ok(written)
    }
}

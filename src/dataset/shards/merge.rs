//! Shards become one data set: every byte is read once, compared with the hash
//! that its shard says, and written on. Memory is constant.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::ShardsError;
use super::lines::{self, Counted, LinesError};
use super::plan::{ShardPlan, Shards};
use super::shard::{self, Shard};
use super::status::{NotWhole, State, Status};
use super::survey::Survey;
use crate::dataset::error::DatasetError;
use crate::dataset::found::Found;
use crate::dataset::layout::{QUARANTINE_FILE, ROWS_FILE};
use crate::dataset::manifest::{Part, SplitWritten};
use crate::dataset::npy::{self, Array};
use crate::dataset::partial::{PartialFile, hex};
use crate::dataset::seal::{self, Seal};

/// Bytes read at once.
const BLOCK: usize = 1 << 20;

/// What to make of the shards.
#[derive(Clone, Debug)]
pub struct MergeSettings<'a> {
    /// The output folder.
    pub output: &'a Path,
    /// What each split's feature file is an array of, in the order of the plan.
    pub arrays: Vec<Array>,
    /// Whether there is a `rows.jsonl`.
    pub rows: bool,
    /// Whether the shards' feature files are kept as they are, under names of
    /// their own in the output folder.
    pub parts: bool,
}

/// The files of a merged data set.
#[derive(Debug)]
pub struct Merged {
    /// What each split came to, in order.
    pub splits: Vec<SplitWritten>,
    /// SHA-256 of the files beside them.
    pub files: BTreeMap<String, String>,
}

/// Merges shards that are whole by their lengths; `each` sees what every shard
/// says of itself, in order. Files get their names when all are whole.
///
/// # Errors
/// [`ShardsError::NotWhole`] for shards that turn out damaged: nothing is left
/// then; whatever the operating system says.
pub fn merge(
    shards: &Shards,
    plan: &ShardPlan,
    survey: &Survey,
    settings: MergeSettings<'_>,
    each: &mut dyn FnMut(&Shard),
) -> Result<Merged, ShardsError> {
    let mut merger = Merger::open(shards, plan, survey, settings)?;
    let mut bad = Vec::new();
    for index in 0..plan.of {
        let damage = match merger.manifest(index)? {
            Some(manifest) => {
                each(&manifest);
                merger.take(&manifest)?
            }
            None => Some(format!("{} has changed", Shard::FILE)),
        };
        bad.extend(damage.map(|reason| NotWhole {
            shard: index,
            state: State::Damaged,
            reason,
        }));
    }
    if bad.is_empty() {
        return merger.finish();
    }
    merger.discard()?;
    Err(ShardsError::NotWhole(Box::new(Status::new(plan.of, bad))))
}

/// Brings back the feature files that a merge in parts had taken from their shards
/// when it was killed.
///
/// # Errors
/// A file that cannot be renamed.
pub fn undo_parts(shards: &Shards, plan: &ShardPlan, output: &Path) -> Result<(), ShardsError> {
    for index in 0..plan.of {
        let folder = shards.folder(index, plan.of);
        for split in &plan.splits {
            let part = output.join(part_name(&split.features, index, plan.of));
            let own = folder.join(&split.features);
            if part.is_file() && !own.exists() {
                fs::rename(&part, &own).map_err(DatasetError::io("rename", &part))?;
            }
        }
    }
    Ok(())
}

/// The name of a part of a feature file.
fn part_name(features: &str, index: usize, of: usize) -> String {
    let stem = features.strip_suffix(".npy").unwrap_or(features);
    format!("{stem}-{}.npy", shard::folder_name(index, of))
}

struct Merger<'a> {
    shards: &'a Shards,
    plan: &'a ShardPlan,
    survey: &'a Survey,
    settings: MergeSettings<'a>,
    splits: Vec<SplitMerger>,
    counted: Vec<Counted>,
    rows: Option<PartialFile>,
    quarantine: PartialFile,
    block: Vec<u8>,
}

/// What becomes of one split.
struct SplitMerger {
    out: Features,
    written: SplitWritten,
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

impl<'a> Merger<'a> {
    fn open(
        shards: &'a Shards,
        plan: &'a ShardPlan,
        survey: &'a Survey,
        settings: MergeSettings<'a>,
    ) -> Result<Self, ShardsError> {
        let file = |name: &str| PartialFile::create(&settings.output.join(name), &[]);
        let mut splits = Vec::with_capacity(plan.splits.len());
        let splits_planned = plan.splits.iter().zip(&settings.arrays);
        for ((split, array), &rows) in splits_planned.zip(&survey.rows) {
            // What no shard has has a file of its own.
            let mut out = match settings.parts && split.clips > 0 {
                true => Features::Parts(Sha256::new()),
                false => Features::File(file(&split.features)?),
            };
            out.append(&npy::header(rows, array))?;
            splits.push(SplitMerger {
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
                    hours: None,
                },
                parts: Vec::new(),
            });
        }
        let rows = settings.rows.then(|| file(ROWS_FILE)).transpose()?;
        let quarantine = file(QUARANTINE_FILE)?;
        Ok(Self {
            shards,
            plan,
            survey,
            settings,
            splits,
            counted: plan
                .splits
                .iter()
                .map(|split| Counted::new(&split.name))
                .collect(),
            rows,
            quarantine,
            block: vec![0; BLOCK],
        })
    }

    /// What a shard says of itself, if it is still the one that was looked at.
    fn manifest(&self, index: usize) -> Result<Option<Shard>, ShardsError> {
        let path = self.shards.folder(index, self.plan.of).join(Shard::FILE);
        let found = match seal::read::<Shard>(&path) {
            Err(DatasetError::Unknown { .. }) => None,
            found => found?,
        };
        Ok(found.filter(|found| Some(&found.fingerprint) == self.survey.fingerprint.as_ref()))
    }

    /// Takes all files of a shard; tells of the first that is not what was written.
    fn take(&mut self, shard: &Shard) -> Result<Option<String>, ShardsError> {
        let folder = self.shards.folder(shard.shard, self.plan.of);
        let mut damage = None;
        for split in &shard.splits {
            let same = |known: &SplitMerger| known.written.name == split.name;
            let Some(at) = self.splits.iter().position(same) else {
                return Ok(Some(format!("it has a split '{}'", split.name)));
            };
            let path = folder.join(&split.features);
            let skip = npy::header(split.rows, &self.settings.arrays[at]).len();
            let merger = &mut self.splits[at];
            let found = copy(&path, skip, &mut self.block, &mut |bytes| {
                merger.out.append(bytes)
            });
            if found? != (split.bytes, split.sha256.clone()) {
                damage.get_or_insert(split.features.clone());
            }
            let written = &mut merger.written;
            written.rows += split.rows;
            written.left_out += split.left_out;
            written.unwanted += split.unwanted;
            written.audit.extend(&split.audit);
            written.found.extend(&split.found);
            if let Features::Parts(_) = merger.out {
                merger.parts.push(path);
                written.parts.push(Part {
                    features: part_name(&split.features, shard.shard, shard.of),
                    rows: split.rows,
                    sha256: split.sha256.clone(),
                });
            }
        }
        let path = folder.join(QUARANTINE_FILE);
        let quarantine = &mut self.quarantine;
        let (_, found) = copy(&path, 0, &mut self.block, &mut |bytes| {
            Ok(quarantine.append(bytes)?)
        })?;
        if Some(&found) != shard.files.get(QUARANTINE_FILE) {
            damage.get_or_insert(QUARANTINE_FILE.to_owned());
        }
        if !self.take_lines(&folder.join(ROWS_FILE), shard)? {
            damage.get_or_insert(ROWS_FILE.to_owned());
        }
        Ok(damage.map(|name| format!("{name} is not what was written")))
    }

    fn take_lines(&mut self, path: &Path, shard: &Shard) -> Result<bool, ShardsError> {
        let Some(rows) = &mut self.rows else {
            return Ok(true);
        };
        let Ok(file) = File::open(path) else {
            return Ok(false);
        };
        let copied = lines::copy(BufReader::with_capacity(BLOCK, file), &self.counted, rows);
        let copied = copied.map_err(|error| match error {
            LinesError::Read(error) => DatasetError::io("read", path)(error).into(),
            LinesError::Write(error) => ShardsError::from(error),
        })?;
        for split in &shard.splits {
            let same = |known: &SplitMerger| known.written.name == split.name;
            if let Some(at) = self.splits.iter().position(same) {
                self.counted[at].before += split.rows;
            }
        }
        Ok(copied.in_order && Some(&copied.sha256) == shard.files.get(ROWS_FILE))
    }

    fn finish(self) -> Result<Merged, ShardsError> {
        let lines = self.rows.map(|file| (ROWS_FILE, file)).into_iter();
        let lines = lines.chain([(QUARANTINE_FILE, self.quarantine)]);
        let mut sealed = Vec::new();
        for (name, file) in lines {
            sealed.push((name, file.seal(&[])?));
        }
        let mut whole = Vec::new();
        for mut split in self.splits {
            let file = match split.out {
                Features::File(file) => Some(file.seal(&[])?),
                Features::Parts(hash) => {
                    split.written.sha256 = hex(&hash.finalize());
                    None
                }
            };
            whole.push((file, split.parts, split.written));
        }
        let mut merged = Merged {
            splits: Vec::new(),
            files: BTreeMap::new(),
        };
        for (name, file) in sealed {
            merged.files.insert(name.to_owned(), file.rename()?.sha256);
        }
        for (file, parts, mut written) in whole {
            if let Some(file) = file {
                written.sha256 = file.rename()?.sha256;
            }
            for (from, part) in parts.iter().zip(&written.parts) {
                let to = self.settings.output.join(&part.features);
                fs::rename(from, &to).map_err(DatasetError::io("rename", from))?;
            }
            merged.splits.push(written);
        }
        let output = self.settings.output;
        crate::dataset::partial::sync_folder(&output.join(Shard::FILE))
            .map_err(DatasetError::io("sync", output))?;
        Ok(merged)
    }

    /// Removes what was written.
    fn discard(self) -> Result<(), ShardsError> {
        let files = self.splits.into_iter().filter_map(|split| match split.out {
            Features::File(file) => Some(file),
            Features::Parts(_) => None,
        });
        for file in files.chain(self.rows).chain([self.quarantine]) {
            file.discard()?;
        }
        Ok(())
    }
}

/// Reads a file to its end, and hands on what follows its first `skip` bytes: its
/// length and hash. One that is not there has neither.
fn copy(
    path: &Path,
    skip: usize,
    block: &mut [u8],
    to: &mut dyn FnMut(&[u8]) -> Result<(), ShardsError>,
) -> Result<(u64, String), ShardsError> {
    let Ok(mut file) = File::open(path) else {
        return Ok((0, String::new()));
    };
    let mut hash = Sha256::new();
    let (mut skip, mut length) = (skip, 0);
    loop {
        let read = match file.read(block) {
            Ok(0) => return Ok((length, hex(&hash.finalize()))),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(DatasetError::io("read", path)(error).into()),
        };
        let bytes = &block[..read];
        hash.update(bytes);
        length += read as u64;
        let header = skip.min(read);
        skip -= header;
        to(&bytes[header..])?;
    }
}

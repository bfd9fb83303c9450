//! Shards become one data set: every byte is read once, compared with the hash
//! that its shard says, and written on. Memory is constant.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::copy::{BLOCK, copy};
use super::error::ShardsError;
use super::lines::{self, Counted, LinesError};
use super::plan::{ShardPlan, Shards};
use super::shard::Shard;
use super::split::{SplitMerger, part_name};
use super::status::{NotWhole, State, Status};
use super::survey::Survey;
use crate::dataset::error::DatasetError;
use crate::dataset::folder::remove;
use crate::dataset::layout::{QUARANTINE_FILE, RECORDINGS_FILE, ROWS_FILE};
use crate::dataset::manifest::SplitWritten;
use crate::dataset::partial::{PartialFile, sync_folder};
use crate::dataset::seal::{self, Seal};

pub use super::split::SplitSettings;

/// What to make of the shards.
#[derive(Clone, Debug)]
pub struct MergeSettings<'a> {
    /// The output folder.
    pub output: &'a Path,
    /// What is merged of each split, in the order of the plan.
    pub splits: Vec<SplitSettings>,
    /// Whether there is a `rows.jsonl`.
    pub rows: bool,
    /// Whether the shards' feature files are kept as they are, under names of
    /// their own in the output folder.
    pub parts: bool,
    /// Names in the output folder of what another data set is made of: removed once
    /// this one is whole, before it gets its names.
    pub replaces: Vec<PathBuf>,
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

struct Merger<'a> {
    shards: &'a Shards,
    plan: &'a ShardPlan,
    survey: &'a Survey,
    settings: MergeSettings<'a>,
    splits: Vec<SplitMerger>,
    counted: Vec<Counted>,
    rows: Option<PartialFile>,
    recordings: Option<PartialFile>,
    quarantine: PartialFile,
    block: Vec<u8>,
}

impl<'a> Merger<'a> {
    fn open(
        shards: &'a Shards,
        plan: &'a ShardPlan,
        survey: &'a Survey,
        settings: MergeSettings<'a>,
    ) -> Result<Self, ShardsError> {
        let file = |name: &str| PartialFile::create(&settings.output.join(name), &[]);
        let planned = plan.splits.iter().zip(&settings.splits);
        let (mut splits, mut lines) = (Vec::new(), 0);
        for ((split, of), &rows) in planned.zip(&survey.rows) {
            // What no shard has has a file of its own.
            let in_parts = settings.parts && split.clips > 0;
            let opened = SplitMerger::open(settings.output, split, of, (rows, lines), in_parts);
            splits.push(opened?);
            lines += if of.recordings { split.clips } else { 0 };
        }
        let counted = plan.splits.iter().map(|split| Counted::new(&split.name));
        let recordings = settings.splits.iter().any(|split| split.recordings);
        Ok(Self {
            shards,
            plan,
            survey,
            splits,
            counted: counted.collect(),
            rows: settings.rows.then(|| file(ROWS_FILE)).transpose()?,
            recordings: recordings.then(|| file(RECORDINGS_FILE)).transpose()?,
            quarantine: file(QUARANTINE_FILE)?,
            settings,
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
        // Lines of the shard's own recordings.jsonl.
        let (mut damage, mut lines) = (None, 0);
        for split in &shard.splits {
            let mut known = self.splits.iter_mut();
            let Some(merger) = known.find(|known| known.written.name == split.name) else {
                return Ok(Some(format!("it has a split '{}'", split.name)));
            };
            let found = merger.take(split, shard, &folder, lines, &mut self.block)?;
            damage = damage.or(found);
            lines += split.recordings();
        }
        let lists = [
            (QUARANTINE_FILE, Some(&mut self.quarantine)),
            (
                RECORDINGS_FILE,
                self.recordings.as_mut().filter(|_| lines > 0),
            ),
        ];
        for (name, to) in lists {
            let Some(to) = to else { continue };
            let mut to = |bytes: &[u8]| Ok(to.append(bytes)?);
            let found = copy(&folder.join(name), 0, &mut self.block, &mut to)?;
            if !shard.is_file(name, &found) {
                damage.get_or_insert(name.to_owned());
            }
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
        let output = self.settings.output;
        let lines = self.rows.map(|file| (ROWS_FILE, file)).into_iter();
        let lines = lines.chain(self.recordings.map(|file| (RECORDINGS_FILE, file)));
        let mut sealed = Vec::new();
        for (name, file) in lines.chain([(QUARANTINE_FILE, self.quarantine)]) {
            sealed.push((name, file.seal(&[])?));
        }
        let whole = self.splits.into_iter().map(SplitMerger::seal);
        let whole: Vec<_> = whole.collect::<Result<_, _>>()?;
        for name in &self.settings.replaces {
            remove(&output.join(name))?;
        }
        let mut merged = Merged {
            splits: Vec::new(),
            files: BTreeMap::new(),
        };
        for (name, file) in sealed {
            merged.files.insert(name.to_owned(), file.rename()?.sha256);
        }
        for split in whole {
            merged.splits.push(split.rename(output, &mut merged.files)?);
        }
        sync_folder(&output.join(Shard::FILE)).map_err(DatasetError::io("sync", output))?;
        Ok(merged)
    }

    /// Removes what was written.
    fn discard(self) -> Result<(), ShardsError> {
        let files = self.splits.into_iter().flat_map(SplitMerger::files);
        let lines = [self.rows, self.recordings, Some(self.quarantine)];
        for file in files.chain(lines.into_iter().flatten()) {
            file.discard()?;
        }
        Ok(())
    }
}

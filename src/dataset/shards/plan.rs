//! `plan.json` and its folder: which shard builds what.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clips::ClipsWriter;
use super::error::ShardsError;
use super::shard;
use crate::dataset::error::DatasetError;
use crate::dataset::folder;
use crate::dataset::layout::SHARDS_FOLDER;
use crate::dataset::manifest::PassedOver;
use crate::dataset::partial::sync_folder;
use crate::dataset::seal;
use crate::dataset::statistics::Sounds;

/// The most shards.
pub const MOST: usize = 99_999;

const PLAN_FILE: &str = "plan.json";
const SOUNDS_FILE: &str = "sounds.json";
const INPUTS_FILE: &str = "inputs.json";
const CLIPS_FOLDER: &str = "clips";

/// The content of `plan.json`. 'Clips' are the spans of the sequence: where each
/// round of a clip is made alone, each counts; of recordings, each that is listed.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ShardPlan {
    /// Version of the program that planned.
    pub wakemill: String,
    /// Number of shards.
    pub of: usize,
    /// Clips of all splits.
    pub clips: u64,
    /// Rounds, and so rows, a clip.
    pub rounds: u32,
    /// SHA-256 over name, size and time of every clip and sound.
    pub inputs: String,
    /// What of the planner's machine bytes depend on.
    pub platform: String,
    /// What of the configuration bytes depend on.
    pub configuration: Value,
    /// The splits, in order.
    pub splits: Vec<PlannedSplit>,
    /// The shards, in order.
    pub shards: Vec<Range>,
}

/// A split of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PlannedSplit {
    /// Its name.
    pub name: String,
    /// Its feature file.
    pub features: String,
    /// Its clips.
    pub clips: u64,
}

/// What one shard builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Range {
    /// The first of its clips, counted through all splits.
    pub first_clip: u64,
    /// How many.
    pub clips: u64,
}

/// A background or impulse response of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PlannedSound {
    /// Its name.
    pub name: String,
    /// How often it is listed.
    pub listed: u32,
    /// Its size in bytes and when it was last modified, in nanoseconds since 1970.
    pub stamp: Option<(u64, u64)>,
    /// Of a member of a tar, its first byte there and the one behind its last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<(u64, u64)>,
}

/// The content of `sounds.json`: every sound in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct PlannedSounds {
    /// Backgrounds, in order.
    pub backgrounds: Vec<PlannedSound>,
    /// Impulse responses, in order.
    pub impulses: Vec<PlannedSound>,
}

/// The content of `inputs.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PlannedInputs {
    /// What stands for every file, as the program has it.
    pub files: Value,
    /// The names of the sounds that each effect could draw from.
    pub sounds: Sounds,
    /// What lies among the inputs and is not read.
    pub passed_over: Vec<PassedOver>,
}

/// The folder of a build's shards.
#[derive(Clone, Debug)]
pub struct Shards {
    path: PathBuf,
}

impl Shards {
    /// That of an output folder, be it there or not.
    pub fn of(output: &Path) -> Self {
        let path = output.join(SHARDS_FOLDER);
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where one shard is built.
    pub fn folder(&self, index: usize, of: usize) -> PathBuf {
        self.path.join(shard::folder_name(index, of))
    }

    /// Where a shard's clips are written down.
    pub fn clips(&self, index: usize) -> PathBuf {
        self.path.join(CLIPS_FOLDER).join(format!("{index:05}"))
    }

    /// Reads the plan; `None` where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or is something else.
    pub fn plan(&self) -> Result<Option<ShardPlan>, ShardsError> {
        let path = self.path.join(PLAN_FILE);
        match seal::read(&path) {
            Err(DatasetError::Unknown { path, error }) => Err(ShardsError::Plan {
                path,
                reason: error.to_string(),
            }),
            read => Ok(read?),
        }
    }

    /// Reads which sounds there are.
    ///
    /// # Errors
    /// A file that is not there, cannot be read, or is something else.
    pub fn sounds(&self) -> Result<PlannedSounds, ShardsError> {
        self.part(SOUNDS_FILE)
    }

    /// Reads what stands for the inputs.
    ///
    /// # Errors
    /// As [`Shards::sounds`].
    pub fn inputs(&self) -> Result<PlannedInputs, ShardsError> {
        self.part(INPUTS_FILE)
    }

    fn part<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, ShardsError> {
        let path = self.path.join(name);
        let damaged = |reason| ShardsError::Plan {
            path: path.clone(),
            reason,
        };
        match seal::read(&path) {
            Ok(Some(part)) => Ok(part),
            Ok(None) => Err(damaged("it is not there".to_owned())),
            Err(DatasetError::Unknown { error, .. }) => Err(damaged(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether any of the folders of its shards is there.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn shard_folders(&self) -> Result<Vec<PathBuf>, ShardsError> {
        let io = |error| DatasetError::io("list", &self.path)(error);
        let mut folders = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(io)? {
            let entry = entry.map_err(io)?;
            if entry.file_name().to_string_lossy().contains("-of-") {
                folders.push(entry.path());
            }
        }
        Ok(folders)
    }

    /// Writes a plan, beside the place of the folder first, so that it is whole or
    /// not there; what is there is discarded. `clips` writes the clips of each shard.
    ///
    /// # Errors
    /// [`ShardsError::Busy`] while another process is at work there; a file that
    /// cannot be written.
    pub fn write(
        &self,
        plan: &ShardPlan,
        sounds: &PlannedSounds,
        inputs: &PlannedInputs,
        clips: &mut dyn FnMut(usize, &mut ClipsWriter) -> Result<(), ShardsError>,
    ) -> Result<(), ShardsError> {
        let _locks = self.lock_all()?;
        let fresh = Self {
            path: self.beside("new"),
        };
        discard(&fresh.path)?;
        let folder = fresh.path.join(CLIPS_FOLDER);
        fs::create_dir_all(&folder).map_err(DatasetError::io("create", &folder))?;
        for index in 0..plan.of {
            let mut writer = ClipsWriter::create(&fresh.clips(index))?;
            clips(index, &mut writer)?;
            writer.finish()?;
        }
        seal::write(&fresh.path.join(SOUNDS_FILE), sounds)?;
        seal::write(&fresh.path.join(INPUTS_FILE), inputs)?;
        seal::write(&fresh.path.join(PLAN_FILE), plan)?;
        self.remove()?;
        fs::rename(&fresh.path, &self.path).map_err(DatasetError::io("rename", &fresh.path))?;
        Ok(sync_folder(&self.path).map_err(DatasetError::io("sync the folder of", &self.path))?)
    }

    /// Removes the folder, all of it or nothing.
    ///
    /// # Errors
    /// [`ShardsError::Busy`] while a shard is being built; a folder that cannot be
    /// removed.
    pub fn discard(&self) -> Result<(), ShardsError> {
        let _locks = self.lock_all()?;
        self.remove()
    }

    fn remove(&self) -> Result<(), ShardsError> {
        let old = self.beside("old");
        // Left by a process that was killed here.
        discard(&old)?;
        if self.path.exists() {
            fs::rename(&self.path, &old).map_err(DatasetError::io("rename", &self.path))?;
        }
        discard(&old)
    }

    /// A name beside the folder's own.
    fn beside(&self, what: &str) -> PathBuf {
        self.path.with_extension(what)
    }

    /// Locks every shard that there is.
    fn lock_all(&self) -> Result<Vec<File>, ShardsError> {
        if !self.path.exists() {
            return Ok(Vec::new());
        }
        let folders = self.shard_folders()?;
        let locks = folders.iter().map(|path| match folder::lock(path) {
            Err(DatasetError::Locked { path }) => Err(ShardsError::Busy(path)),
            lock => Ok(lock?),
        });
        locks.collect()
    }
}

fn discard(folder: &Path) -> Result<(), ShardsError> {
    match folder.exists() {
        true => Ok(fs::remove_dir_all(folder).map_err(DatasetError::io("remove", folder))?),
        false => Ok(()),
    }
}

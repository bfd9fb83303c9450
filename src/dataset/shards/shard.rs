//! `shard.json`: what a shard is made from, and what it came to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dataset::found::Found;
use crate::dataset::manifest::{Hours, StageTimes};
use crate::dataset::seal::Seal;
use crate::records::RecordingLevels;

/// The content of `shard.json`; it is written last.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Shard {
    /// Version of the program that built it.
    pub wakemill: String,
    /// Which shard it is, counted from 0.
    pub shard: usize,
    /// Of how many.
    pub of: usize,
    /// The first of its clips, counted through all splits.
    pub first_clip: u64,
    /// How many it has.
    pub clips: u64,
    /// The seed of all random streams.
    pub seed: u64,
    /// SHA-256 over everything that the bytes of the data set depend on.
    pub fingerprint: String,
    /// What of the machine bytes depend on.
    pub platform: String,
    /// What of the configuration bytes depend on.
    pub configuration: Value,
    /// The splits that have clips in it, in order.
    pub splits: Vec<ShardSplit>,
    /// SHA-256 of `rows.jsonl`, where it is written, and of `quarantine.jsonl`; where
    /// there are recordings, of `recordings.jsonl` and of the indices of rows.
    pub files: BTreeMap<String, String>,
    /// The lengths of these, in bytes.
    pub file_bytes: BTreeMap<String, u64>,
    /// Models, runtime, provider, and how the networks ran.
    pub front_end: Value,
    /// The largest differences from the published graphs in a sample of rows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<Value>,
    /// How each stage spent its time, in order.
    pub stages: Vec<StageTimes>,
    /// Most batches in flight.
    pub in_flight: usize,
    /// Rows in a full batch.
    pub rows_per_batch: usize,
    /// The name of the machine that finished it.
    pub host: String,
    /// Processors that it was built on.
    pub cores: usize,
    /// Rows that earlier runs had built before they were interrupted.
    pub rows_resumed: u64,
    /// Time that the last run took.
    pub wall_seconds: f64,
    /// How loud its longest recordings are, by its own splits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub levels: Vec<RecordingLevels>,
}

/// What one split came to in a shard.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ShardSplit {
    /// The split's name.
    pub name: String,
    /// Its feature file.
    pub features: String,
    /// The first of its clips, counted in the split.
    pub first_clip: u64,
    /// Clips that were to be built.
    pub planned: u64,
    /// Rows in the file.
    pub rows: u64,
    /// Clips left out.
    pub left_out: u64,
    /// Those of them that a rule of the audit left out.
    #[serde(default)]
    pub unwanted: u64,
    /// What the audit found of its clips and rows.
    #[serde(default, skip_serializing_if = "Found::is_empty")]
    pub audit: Found,
    /// What was found out about its clips.
    #[serde(default, skip_serializing_if = "Found::is_empty")]
    pub found: Found,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// What its recordings came to, where it has some.
    #[serde(default, skip_serializing_if = "Option::is_none", flatten)]
    pub hours: Option<Hours>,
}

impl ShardSplit {
    /// Recordings of it, of which each has a line.
    pub(super) fn recordings(&self) -> u64 {
        match self.hours {
            Some(_) => self.planned,
            None => 0,
        }
    }
}

impl Seal for Shard {
    const FILE: &'static str = "shard.json";

    fn features(&self) -> Vec<&str> {
        self.splits.iter().map(|split| &*split.features).collect()
    }

    fn others(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }
}

impl Shard {
    /// What is wrong with its files, by their lengths; nothing where all are there.
    pub fn damage(&self, folder: &Path) -> Option<String> {
        let features = self.splits.iter();
        let features = features.map(|split| (&split.features, split.bytes));
        let others = self.files.keys();
        let others = others.map(|name| (name, self.file_bytes.get(name).copied().unwrap_or(0)));
        features
            .chain(others)
            .find_map(|(name, bytes)| match fs::metadata(folder.join(name)) {
                Err(_) => Some(format!("it has lost {name}")),
                Ok(found) if found.len() == bytes => None,
                Ok(found) => Some(format!(
                    "{name} holds {} bytes, {bytes} were written",
                    found.len()
                )),
            })
    }

    /// Whether that is the length and SHA-256 of one of its other files.
    pub(super) fn is_file(&self, name: &str, (bytes, sha256): &(u64, String)) -> bool {
        self.file_bytes.get(name) == Some(bytes) && self.files.get(name) == Some(sha256)
    }

    /// Rows of all splits.
    pub fn rows(&self) -> u64 {
        self.splits.iter().map(|split| split.rows).sum()
    }

    /// Those that could not be processed: what a rule left out is not among them.
    pub fn failed(&self) -> u64 {
        let splits = self.splits.iter();
        splits
            .map(|split| split.left_out - split.unwanted.min(split.left_out))
            .sum()
    }

    /// Clips left out, of all splits.
    pub fn left_out(&self) -> u64 {
        self.splits.iter().map(|split| split.left_out).sum()
    }
}

/// The name of a shard's folder.
pub fn folder_name(index: usize, of: usize) -> String {
    format!("{index:05}-of-{of:05}")
}

/// What a shard is called for a person.
pub fn name(index: usize, of: usize) -> String {
    format!("shard {index}/{of}")
}

//! `dataset.json`: what was built, from what, by what, and how fast.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::DatasetError;
use super::found::Found;
use super::layout::DATASET_FILE;
use super::seal::{self, Seal};
use super::statistics::Sounds;
use crate::config::plan::Plan;
use crate::records::FilesByExtension;

/// The content of `dataset.json`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Dataset {
    /// Version of the program that built it.
    pub wakemill: String,
    /// The seed of all random streams.
    pub seed: u64,
    /// SHA-256 over everything that the bytes depend on.
    pub fingerprint: String,
    /// What each split came to, in order.
    pub splits: Vec<SplitReport>,
    /// SHA-256 of the files beside the splits', by their names.
    #[serde(default)]
    pub files: BTreeMap<String, String>,
    /// Models, runtime, provider, and how the networks ran.
    pub front_end: Value,
    /// The largest differences from the published graphs in a sample of rows,
    /// with `features.verify`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub verification: Option<Value>,
    /// How each stage spent its time, in order.
    pub stages: Vec<StageTimes>,
    /// Every change of workers while it ran, with its reason.
    #[serde(default)]
    pub resizes: Vec<WorkerChange>,
    /// Most batches in flight.
    pub in_flight: usize,
    /// Rows in a full batch.
    pub rows_per_batch: usize,
    /// Rows that earlier runs had built before they were interrupted: the times
    /// and the rate here are those of the run that finished the data set.
    #[serde(default)]
    pub rows_resumed: u64,
    /// Time the build took.
    pub wall_seconds: f64,
    /// Rows a second.
    pub rows_per_second: f64,
    /// Clips a second, each with all of its rows.
    pub clips_per_second: f64,
    /// What it was built as, where it was in shards: `stages`, `wall_seconds` and
    /// `rows_resumed` are then sums over them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shards: Option<ShardsReport>,
    /// The names of the sounds that each effect could draw from.
    #[serde(default)]
    pub sounds: Sounds,
    /// What lay among the inputs and is neither read nor a known companion.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub passed_over: Vec<PassedOver>,
    /// What the audit found of the whole set.
    #[serde(default, skip_serializing_if = "AuditReport::is_empty")]
    pub audit: AuditReport,
    /// The plan.
    pub configuration: Plan,
    /// All that the fingerprint is over, so that a later build can say what has
    /// changed; of each input some digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub origin: Option<Value>,
}

/// What an audit found of the whole set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct AuditReport {
    /// Findings of each check, and the first ones.
    pub found: Found,
    /// Numbers of the set, by the name of their check, whether or not they are
    /// findings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, f64>,
}

impl AuditReport {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.numbers.is_empty()
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Files of an input that were not read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PassedOver {
    /// The folder or pattern, as it was configured.
    pub place: String,
    /// How many.
    pub files: FilesByExtension,
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: u64 = self.files.0.values().sum();
        let (s, are) = match files {
            1 => ("", "is"),
            _ => ("s", "are"),
        };
        write!(
            f,
            "{files} file{s} in {} {are} not read: {}",
            self.place, self.files
        )
    }
}

/// What one split came to: `planned` × rounds = `rows` + `left_out` × rounds, or
/// + `left_out` where each round of a clip is left out alone.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitReport {
    /// Clips that were to be built.
    pub planned: u64,
    /// What was written.
    #[serde(flatten)]
    pub written: SplitWritten,
}

/// What one split came to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitWritten {
    /// The split's name.
    pub name: String,
    /// Its feature file.
    pub features: String,
    /// Rows in it.
    pub rows: u64,
    /// Clips left out, or rounds of clips.
    pub left_out: u64,
    /// Those of them that a rule of the audit left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unwanted: u64,
    /// What the audit found of its clips and rows.
    #[serde(default, skip_serializing_if = "Found::is_empty")]
    pub audit: Found,
    /// What was found out about its clips.
    #[serde(default, skip_serializing_if = "Found::is_empty")]
    pub found: Found,
    /// SHA-256 of the feature file; in parts, of the one that they would make.
    pub sha256: String,
    /// The files that it is in, in order, where it is not one file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// What its recordings came to, where it has some.
    #[serde(default, skip_serializing_if = "Option::is_none", flatten)]
    pub hours: Option<Hours>,
}

/// A feature file that holds a part of a split's rows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Part {
    /// The file.
    pub features: String,
    /// Rows in it.
    pub rows: u64,
    /// Its SHA-256.
    pub sha256: String,
}

/// The shards that a data set was built as.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ShardsReport {
    /// How many.
    pub of: usize,
    /// Seconds that each took.
    pub wall_seconds: Spread,
    /// How many each host built, by its name.
    pub hosts: BTreeMap<String, u64>,
}

/// How some numbers are spread.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Spread {
    /// The smallest.
    pub least: f64,
    /// The one in the middle.
    pub median: f64,
    /// The largest.
    pub most: f64,
}

/// What the recordings of a split came to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Hours {
    /// Recordings, and parts of them that were listed, that came to their end.
    pub recordings: u64,
    /// Hours that were decoded.
    pub hours_read: f64,
    /// Hours that rows are windows of: that of a row from its start to the next
    /// one's.
    pub hours_in_rows: f64,
    /// Times that a stretch of a recording ended in a fault.
    pub faults: u64,
    /// Rows left out as the list of exclusions has it.
    pub rows_excluded: u64,
    /// The index of the rows.
    pub index: String,
}

/// A change of a stage's workers while the flow ran.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct WorkerChange {
    /// Seconds since the start.
    pub seconds: f64,
    /// The stage.
    pub stage: String,
    /// Workers until then.
    pub from: usize,
    /// Workers from then on.
    pub to: usize,
    /// What kind of decision it was.
    pub cause: String,
    /// Why.
    pub reason: String,
}

/// How one stage spent its time, summed over its workers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StageTimes {
    /// The stage.
    pub name: String,
    /// Worker threads at the end: the number to pin.
    pub workers: usize,
    /// Batches processed.
    pub items: u64,
    /// Time at work.
    pub busy_seconds: f64,
    /// Processor time of that work.
    pub cpu_seconds: f64,
    /// Time waiting for something to do.
    pub idle_seconds: f64,
    /// Time waiting for room to hand it on.
    pub blocked_seconds: f64,
}

impl Dataset {
    /// Clips left out, of all splits.
    pub fn left_out(&self) -> u64 {
        self.splits.iter().map(|split| split.written.left_out).sum()
    }

    /// Those that could not be processed: what a rule left out is not among them.
    pub fn failed(&self) -> u64 {
        self.splits.iter().map(|split| split.written.failed()).sum()
    }

    /// Reads `dataset.json` of an output folder; `None` where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or is something else.
    pub fn read(folder: &Path) -> Result<Option<Self>, DatasetError> {
        seal::read(&folder.join(DATASET_FILE))
    }
}

impl Seal for Dataset {
    const FILE: &'static str = DATASET_FILE;

    fn features(&self) -> Vec<&str> {
        let splits = self.splits.iter();
        splits.flat_map(|split| split.written.files()).collect()
    }

    fn others(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }
}

impl SplitWritten {
    /// Clips that could not be processed: what a rule left out is not among them.
    pub fn failed(&self) -> u64 {
        self.left_out.saturating_sub(self.unwanted)
    }

    /// The names of its feature files, and of the index of its rows.
    pub fn files(&self) -> Vec<&str> {
        let mut files = match self.parts.is_empty() {
            true => vec![&*self.features],
            false => self.parts.iter().map(|part| &*part.features).collect(),
        };
        files.extend(self.hours.iter().map(|hours| &*hours.index));
        files
    }
}

impl Hours {
    /// Adds what other recordings came to. Times are added in whole microseconds, so
    /// that the sum is the same in any order, and in shards.
    pub fn add(&mut self, others: &Self) {
        const IN_AN_HOUR: f64 = 3.6e9;
        let micros = |hours: f64| (hours * IN_AN_HOUR).round();
        let sum = |a: f64, b: f64| (micros(a) + micros(b)) / IN_AN_HOUR;
        self.recordings += others.recordings;
        self.hours_read = sum(self.hours_read, others.hours_read);
        self.hours_in_rows = sum(self.hours_in_rows, others.hours_in_rows);
        self.faults += others.faults;
        self.rows_excluded += others.rows_excluded;
    }
}

impl StageTimes {
    /// A part of its workers' time, as a share of all of it.
    pub fn share(&self, seconds: f64) -> f64 {
        seconds / (self.busy_seconds + self.idle_seconds + self.blocked_seconds)
    }
}

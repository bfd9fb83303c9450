//! `dataset.json`: what was built, from what, by what, and how fast.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::flow::StageFacts;
use crate::formats::partial::PartialFile;
use crate::models::FrontEnd;
use crate::stages::write::{SplitWritten, Written};

use super::Build;
use super::balance::Decision;
use super::error::BuildError;
use super::stream::Streamed;

/// Name of the file.
pub const DATASET_FILE: &str = "dataset.json";

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
    pub resizes: Vec<Decision>,
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
    /// The plan.
    pub configuration: Value,
}

/// What one split came to: `planned` × rounds = `rows` + `left_out` × rounds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitReport {
    /// Clips that were to be built.
    pub planned: u64,
    /// What was written.
    #[serde(flatten)]
    pub written: SplitWritten,
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
    pub(super) fn new(
        build: &Build,
        fingerprint: String,
        streamed: Streamed,
        written: Written,
        front_end: &FrontEnd,
        rows_resumed: u64,
    ) -> Result<Self, BuildError> {
        let Streamed { resizes, facts } = streamed;
        let wall_seconds = facts.elapsed.as_secs_f64();
        let Written { splits, files } = written;
        let rows: u64 = splits.iter().map(|split| split.rows).sum();
        let rows_per_second = rows.saturating_sub(rows_resumed) as f64 / wall_seconds;
        let reports = splits
            .into_iter()
            .zip(&build.inputs.clips)
            .map(|(written, clips)| SplitReport {
                planned: clips.len() as u64,
                written,
            });
        Ok(Self {
            wakemill: env!("CARGO_PKG_VERSION").to_owned(),
            seed: build.plan.seed,
            fingerprint,
            splits: reports.collect(),
            files,
            front_end: value(front_end.report())?,
            verification: front_end.differences().map(value).transpose()?,
            stages: facts.stages.iter().map(StageTimes::from).collect(),
            resizes,
            in_flight: build.sizing.in_flight,
            rows_per_batch: build.sizing.rows_per_batch,
            rows_resumed,
            wall_seconds,
            rows_per_second,
            clips_per_second: rows_per_second / f64::from(build.plan.rounds()),
            configuration: value(&build.plan)?,
        })
    }

    /// Clips left out, of all splits.
    pub fn left_out(&self) -> u64 {
        self.splits.iter().map(|split| split.written.left_out).sum()
    }

    /// Reads `dataset.json` of an output folder; `None` where there is none.
    ///
    /// # Errors
    /// A file that cannot be read, or is something else.
    pub fn read(folder: &Path) -> Result<Option<Self>, BuildError> {
        let path = folder.join(DATASET_FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(BuildError::io("read", &path)(error)),
        };
        match serde_json::from_slice(&text) {
            Ok(dataset) => Ok(Some(dataset)),
            Err(error) => Err(BuildError::UnknownDataset { path, error }),
        }
    }

    pub(super) fn write(&self, folder: &Path) -> Result<(), BuildError> {
        let path = folder.join(DATASET_FILE);
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| BuildError::io("write", &path)(error.into()))?;
        text.push(b'\n');
        let mut file = PartialFile::create(&path, &[])?;
        file.append(&text)?;
        file.finish(&[])?;
        Ok(())
    }
}

impl StageTimes {
    /// A part of its workers' time, as a share of all of it.
    pub fn share(&self, seconds: f64) -> f64 {
        seconds / (self.busy_seconds + self.idle_seconds + self.blocked_seconds)
    }
}

impl From<&StageFacts> for StageTimes {
    fn from(facts: &StageFacts) -> Self {
        Self {
            name: facts.name.to_owned(),
            workers: facts.workers,
            items: facts.items,
            busy_seconds: facts.time.busy.as_secs_f64(),
            cpu_seconds: facts.time.cpu.as_secs_f64(),
            idle_seconds: facts.time.idle.as_secs_f64(),
            blocked_seconds: facts.time.blocked.as_secs_f64(),
        }
    }
}

fn value(of: impl Serialize) -> Result<Value, BuildError> {
    serde_json::to_value(of)
        .map_err(|error| BuildError::io("describe", Path::new(DATASET_FILE))(error.into()))
}

//! What shards say of themselves, added up.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::build::levels::{RecordingLevels, remember};
use crate::build::manifest::value;
use crate::build::origin::Origin;
use crate::build::{BuildError, effects};
use crate::config::plan::Plan;
use crate::dataset::Dataset;
use crate::dataset::manifest::{ShardsReport, SplitReport, Spread, StageTimes};
use crate::dataset::shards::merge::Merged;
use crate::dataset::shards::{Shard, ShardPlan};

/// What all shards say of themselves, added up.
#[derive(Default)]
pub(super) struct Sum {
    stages: Vec<StageTimes>,
    verification: Option<Value>,
    in_flight: usize,
    rows_per_batch: usize,
    rows_resumed: u64,
    seconds: Vec<f64>,
    hosts: BTreeMap<String, u64>,
    levels: Vec<RecordingLevels>,
}

impl Sum {
    /// Adds a shard of a plan.
    pub fn add(&mut self, shard: &Shard, planned: &ShardPlan) {
        for of in &shard.levels {
            let name = shard.splits.get(of.split).map(|split| &split.name);
            let mut splits = planned.splits.iter();
            if let Some(split) = splits.position(|split| Some(&split.name) == name) {
                let levels = RecordingLevels {
                    split,
                    ..of.clone()
                };
                remember(&mut self.levels, levels);
            }
        }
        for stage in &shard.stages {
            match self.stages.iter_mut().find(|of| of.name == stage.name) {
                None => self.stages.push(stage.clone()),
                Some(of) => {
                    of.workers = of.workers.max(stage.workers);
                    of.items += stage.items;
                    of.busy_seconds += stage.busy_seconds;
                    of.cpu_seconds += stage.cpu_seconds;
                    of.idle_seconds += stage.idle_seconds;
                    of.blocked_seconds += stage.blocked_seconds;
                }
            }
        }
        if let Some(found) = &shard.verification {
            self.verification = Some(match &self.verification {
                Some(before) => larger(before, found),
                None => found.clone(),
            });
        }
        self.in_flight = self.in_flight.max(shard.in_flight);
        self.rows_per_batch = self.rows_per_batch.max(shard.rows_per_batch);
        self.rows_resumed += shard.rows_resumed;
        self.seconds.push(shard.wall_seconds);
        *self.hosts.entry(shard.host.clone()).or_default() += 1;
    }

    /// How loud the longest recordings of all of them are.
    pub fn take_levels(&mut self) -> Vec<RecordingLevels> {
        std::mem::take(&mut self.levels)
    }

    /// The data set of all of them.
    pub fn dataset(
        mut self,
        plan: &Plan,
        planned: &ShardPlan,
        merged: Merged,
        first: &Shard,
        origin: &Origin,
    ) -> Result<Dataset, BuildError> {
        let wall_seconds: f64 = self.seconds.iter().sum();
        self.seconds.sort_by(f64::total_cmp);
        let at = |index: usize| self.seconds.get(index).copied().unwrap_or(0.0);
        let rows: u64 = merged.splits.iter().map(|split| split.rows).sum();
        let rows_per_second = rows as f64 / wall_seconds;
        let passes = effects::passes(plan).spans();
        let planned_splits = planned.splits.iter().zip(&plan.splits);
        let planned_splits = planned_splits.map(|(split, of)| match of.recordings {
            Some(_) => split.clips,
            None => split.clips / passes,
        });
        let splits = merged.splits.into_iter().zip(planned_splits);
        Ok(Dataset {
            wakemill: env!("CARGO_PKG_VERSION").to_owned(),
            seed: plan.seed,
            fingerprint: origin.fingerprint.clone(),
            splits: splits
                .map(|(written, planned)| SplitReport { planned, written })
                .collect(),
            files: merged.files,
            front_end: first.front_end.clone(),
            verification: self.verification,
            stages: self.stages,
            resizes: Vec::new(),
            in_flight: self.in_flight,
            rows_per_batch: self.rows_per_batch,
            rows_resumed: self.rows_resumed,
            wall_seconds,
            rows_per_second,
            clips_per_second: rows_per_second / f64::from(plan.rounds()),
            shards: Some(ShardsReport {
                of: planned.of,
                wall_seconds: Spread {
                    least: at(0),
                    median: at(self.seconds.len() / 2),
                    most: at(self.seconds.len().saturating_sub(1)),
                },
                hosts: self.hosts,
            }),
            audit: Default::default(),
            sounds: BTreeMap::new(),
            passed_over: Vec::new(),
            configuration: plan.clone(),
            origin: Some(value(origin)?),
        })
    }
}

/// Of each number the larger; rows are counted together.
fn larger(before: &Value, found: &Value) -> Value {
    let (Value::Object(before), Value::Object(found)) = (before, found) else {
        return found.clone();
    };
    let mut both = before.clone();
    for (key, value) in found {
        let then = both.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        let now = value.as_f64().unwrap_or(0.0);
        let rows = (both.get(key).and_then(Value::as_u64), value.as_u64());
        match (key.as_str(), rows) {
            ("rows", (Some(then), Some(now))) => {
                both.insert(key.clone(), Value::from(then + now));
            }
            _ if now > then => drop(both.insert(key.clone(), value.clone())),
            _ => {}
        }
    }
    Value::Object(both)
}

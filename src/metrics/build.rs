//! The progress of a build as metrics.

use metrics::{Counter, Gauge, Histogram};

use crate::flow::FlowFacts;

use super::registry::Registry;
use super::table;
use super::{BuildFacts, SplitFacts};

/// Instruments of a build.
pub(super) struct BuildMetrics {
    building: Gauge,
    splits: Vec<SplitMetrics>,
    networks: Vec<NetworkMetrics>,
    rows_per_span: f64,
    rows_per_batch: f64,
    row_seconds: f64,
}

struct SplitMetrics {
    planned: Gauge,
    rows: Counter,
    bytes: Counter,
    audio: Gauge,
    read: Gauge,
    recordings: bool,
    fill: Histogram,
}

struct NetworkMetrics {
    stage: String,
    seconds: Gauge,
}

impl BuildMetrics {
    pub(super) fn new(registry: &Registry, facts: &BuildFacts<'_>) -> Self {
        registry
            .gauge(&table::BUILD_INFO, &[facts.version, facts.provider])
            .set(1.0);
        let building = registry.gauge(&table::BUILDING, &[]);
        building.set(1.0);
        let splits = facts.splits.iter();
        let networks = facts.networks.iter();
        Self {
            building,
            splits: splits
                .map(|split| SplitMetrics::new(registry, split))
                .collect(),
            networks: networks
                .map(|(stage, model)| NetworkMetrics {
                    stage: (*stage).to_owned(),
                    seconds: registry.gauge(&table::INFERENCE, &[model, facts.provider]),
                })
                .collect(),
            rows_per_span: facts.rows_per_span as f64,
            rows_per_batch: facts.rows_per_batch as f64,
            row_seconds: facts.row_seconds,
        }
    }

    pub(super) fn resumed(&self, split: usize, rows: u64, bytes: u64) {
        if let Some(split) = self.splits.get(split) {
            split.rows.increment(rows);
            split.bytes.increment(bytes);
        }
    }

    pub(super) fn wrote(&self, split: usize, rows: u64, bytes: u64) {
        if let Some(split) = self.splits.get(split) {
            split.rows.increment(rows);
            split.bytes.increment(bytes);
            split.audio.increment(rows as f64 * self.row_seconds);
            split.fill.record(rows as f64 / self.rows_per_batch);
        }
    }

    /// Seconds of recordings that were read, and whose rows these are.
    pub(super) fn read(&self, split: usize, seconds: f64) {
        if let Some(split) = self.splits.get(split) {
            split.read.increment(seconds);
        }
    }

    pub(super) fn left_out(&self, split: usize, spans: u64) {
        if let Some(split) = self.splits.get(split) {
            // How many rows a recording would have had, nobody knows.
            if !split.recordings {
                split.planned.decrement(self.rows_per_span * spans as f64);
            }
        }
    }

    pub(super) fn set(&self, facts: &FlowFacts) {
        for network in &self.networks {
            let mut stages = facts.stages.iter();
            if let Some(stage) = stages.find(|stage| stage.name == network.stage) {
                network.seconds.set(stage.time.busy.as_secs_f64());
            }
        }
    }

    pub(super) fn end(&self) {
        self.building.set(0.0);
    }
}

impl SplitMetrics {
    fn new(registry: &Registry, split: &SplitFacts<'_>) -> Self {
        let SplitFacts {
            name,
            rows,
            seconds,
        } = *split;
        let planned = registry.gauge(&table::AUDIO_READ_PLANNED, &[name]);
        planned.set(seconds.unwrap_or(0.0));
        let this = Self {
            recordings: seconds.is_some(),
            read: registry.gauge(&table::AUDIO_READ, &[name]),
            planned: registry.gauge(&table::ROWS_PLANNED, &[name]),
            rows: registry.counter(&table::ROWS, &[name]),
            bytes: registry.counter(&table::BYTES, &[name]),
            audio: registry.gauge(&table::AUDIO, &[name]),
            fill: registry.histogram(&table::BATCH_FILL, &[name]),
        };
        this.planned.set(rows as f64);
        // A time series that starts at its first value hides that value from
        // `rate` and `increase`: it has to be seen at zero first.
        this.rows.absolute(0);
        this.bytes.absolute(0);
        this.audio.set(0.0);
        this.read.set(0.0);
        this
    }
}

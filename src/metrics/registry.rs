//! Instruments made from the table, and their text.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use super::MetricsError;
use super::table::{self, Kind, Metric};

const METADATA: Metadata<'static> = Metadata::new(module_path!(), Level::INFO, None);

/// Ticks between two times at which raw histogram values are summed up.
const TIDY_EVERY: u32 = 20;

/// Holds every time series.
pub(super) struct Registry {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    moment: Mutex<()>,
    ticks: AtomicU32,
}

impl Registry {
    pub(super) fn new() -> Result<Self, MetricsError> {
        let mut builder = PrometheusBuilder::new();
        for metric in table::ALL {
            if let Kind::Histogram(bounds) = metric.kind {
                builder = builder
                    .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), bounds)
                    .map_err(|error| MetricsError::Recorder(error.to_string()))?;
            }
        }
        let recorder = builder.build_recorder();
        for metric in table::ALL {
            describe(&recorder, metric);
        }
        let handle = recorder.handle();
        Ok(Self {
            recorder,
            handle,
            moment: Mutex::default(),
            ticks: AtomicU32::new(0),
        })
    }

    pub(super) fn counter(&self, metric: &Metric, labels: &[&str]) -> Counter {
        self.recorder
            .register_counter(&key(metric, labels), &METADATA)
    }

    /// A [`Kind::Sum`] or [`Kind::Gauge`].
    pub(super) fn gauge(&self, metric: &Metric, labels: &[&str]) -> Gauge {
        self.recorder
            .register_gauge(&key(metric, labels), &METADATA)
    }

    pub(super) fn histogram(&self, metric: &Metric, labels: &[&str]) -> Histogram {
        self.recorder
            .register_histogram(&key(metric, labels), &METADATA)
    }

    /// Held while numbers change together: a scrape sees one moment, never half
    /// of it.
    pub(super) fn moment(&self) -> MutexGuard<'_, ()> {
        self.moment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now and then sums up the raw values of histograms, which would pile up
    /// where nobody scrapes.
    pub(super) fn tidy(&self) {
        let tick = self.ticks.fetch_add(1, Ordering::Relaxed);
        if tick.is_multiple_of(TIDY_EVERY) {
            self.handle.run_upkeep();
        }
    }

    /// All of it, in Prometheus' text format.
    pub(super) fn render(&self) -> String {
        let mut text = {
            let _moment = self.moment();
            self.handle.render()
        };
        // The recorder's counters hold whole numbers, seconds are none: a sum
        // is kept in a gauge, and is a counter to whoever reads it.
        for metric in table::ALL.iter().filter(|metric| metric.kind == Kind::Sum) {
            let name = metric.name;
            text = text.replace(
                &format!("# TYPE {name} gauge\n"),
                &format!("# TYPE {name} counter\n"),
            );
        }
        text
    }
}

fn describe(recorder: &PrometheusRecorder, metric: &Metric) {
    let (name, help) = (metric.name.into(), metric.help.into());
    let unit: Option<Unit> = None;
    match metric.kind {
        Kind::Counter => recorder.describe_counter(name, unit, help),
        Kind::Sum | Kind::Gauge => recorder.describe_gauge(name, unit, help),
        Kind::Histogram(_) => recorder.describe_histogram(name, unit, help),
    }
}

fn key(metric: &Metric, values: &[&str]) -> Key {
    debug_assert_eq!(metric.labels.len(), values.len(), "{}", metric.name);
    let labels: Vec<Label> = metric
        .labels
        .iter()
        .zip(values)
        .map(|(name, value)| Label::new(*name, (*value).to_owned()))
        .collect();
    Key::from_parts(metric.name, labels)
}

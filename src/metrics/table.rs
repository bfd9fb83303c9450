//! Every metric there is, declared once: name, kind, unit, labels, meaning.
//!
//! Names and units follow Prometheus' conventions: base units, the unit as the
//! name's suffix, `_total` for what only grows.

/// Prefix of every name.
pub const PREFIX: &str = "wakemill_";

/// One metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// What it counts or measures.
    pub unit: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it means.
    pub help: &'static str,
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Counts whole things; only grows.
    Counter,
    /// Sums up fractions, such as seconds; only grows.
    Sum,
    /// Goes up and down.
    Gauge,
    /// How often a value fell into each bucket; the upper bounds.
    Histogram(&'static [f64]),
}

/// A sequence of bounds from a tenth of a millisecond to a minute, in seconds.
const SERVICE: Kind = Kind::Histogram(&[
    0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
    10.0, 60.0,
]);

/// Shares of a batch.
const SHARES: Kind = Kind::Histogram(&[0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]);

macro_rules! metrics {
    ($($id:ident = $kind:expr, $name:literal, $unit:literal, [$($label:literal),*], $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $id: Metric = Metric {
                name: $name,
                kind: $kind,
                unit: $unit,
                labels: &[$($label),*],
                help: $help,
            };
        )*

        /// Every metric.
        pub const ALL: &[Metric] = &[$($id),*];
    };
}

use Kind::{Counter, Gauge, Sum};

metrics! {
    BUILD_INFO = Gauge, "wakemill_build_info", "info", ["version", "provider"],
        "Always 1; the program's version and what runs the networks.";
    BUILDING = Gauge, "wakemill_building", "flag", [],
        "1 while the build runs, 0 when it is over and only its last numbers are served.";
    ELAPSED = Gauge, "wakemill_elapsed_seconds", "seconds", [],
        "Time since the flow started, to its end.";

    ROWS_PLANNED = Gauge, "wakemill_rows_planned", "rows", ["split"],
        "Rows that the split will have: all that were planned, less those of clips left out.";
    ROWS = Counter, "wakemill_rows_total", "rows", ["split"],
        "Rows in the split's feature file, those found there by --resume included.";
    BYTES = Counter, "wakemill_written_bytes_total", "bytes", ["split"],
        "Bytes of the rows in the split's feature file.";
    AUDIO = Sum, "wakemill_audio_seconds_total", "seconds", ["split"],
        "Audio that was turned into rows by this run: rows times the window.";
    AUDIO_READ = Sum, "wakemill_recordings_read_seconds_total", "seconds", ["split"],
        "Audio of long recordings that was decoded, what an earlier run had read included.";
    AUDIO_READ_PLANNED = Gauge, "wakemill_recordings_planned_seconds", "seconds", ["split"],
        "Audio of the split's long recordings, about: by the headers of some and their sizes.";
    BATCH_FILL = SHARES, "wakemill_batch_fill_ratio", "ratio", ["split"],
        "Rows in a batch, as a share of a full batch.";

    STAGE_TIME = Sum, "wakemill_stage_time_seconds_total", "seconds", ["stage", "state"],
        "Time of the stage's workers: busy, idle for want of input, blocked for want of room. The three add up to the workers over time.";
    STAGE_CPU = Sum, "wakemill_stage_cpu_seconds_total", "seconds", ["stage"],
        "Processor time of the stage's workers while busy, without the networks' own threads.";
    STAGE_SERVICE = SERVICE, "wakemill_stage_service_seconds", "seconds", ["stage"],
        "Time the stage was busy with one batch.";
    ITEMS_IN = Counter, "wakemill_stage_items_in_total", "batches", ["stage"],
        "Batches that the stage has taken up.";
    ITEMS_OUT = Counter, "wakemill_stage_items_out_total", "batches", ["stage"],
        "Batches that the stage has finished and handed on.";
    WORKERS = Gauge, "wakemill_stage_workers", "threads", ["stage"],
        "Worker threads of the stage.";
    RESIZES = Counter, "wakemill_resizes_total", "resizes", ["stage", "cause"],
        "Changes of the stage's workers while the build ran, by kind of decision.";

    CHANNEL_DEPTH = Gauge, "wakemill_channel_depth", "batches", ["stage"],
        "Batches waiting before the stage.";
    CHANNEL_CAPACITY = Gauge, "wakemill_channel_capacity", "batches", ["stage"],
        "Batches that may wait before the stage.";
    PERMITS_IN_USE = Gauge, "wakemill_permits_in_use", "batches", [],
        "Batches in flight between scan and write.";
    PERMITS = Gauge, "wakemill_permits", "batches", [],
        "Batches that may be in flight.";
    REORDER_PENDING = Gauge, "wakemill_reorder_pending", "batches", [],
        "Batches that wait at the writer for one before them.";
    REORDER_STALL = Sum, "wakemill_reorder_stall_seconds_total", "seconds", [],
        "Time during which the writer had batches but not the next one.";

    INFERENCE = Sum, "wakemill_inference_seconds_total", "seconds", ["model", "provider"],
        "Time spent running the model: busy time of the stage that runs it, copying in and out included.";

    FAILURES = Counter, "wakemill_failures_total", "failures", ["stage", "reason"],
        "Clips that the stage refused, and errors of the stage that ended the build, by kind.";
    QUARANTINED = Counter, "wakemill_quarantined_clips_total", "clips", ["stage", "reason"],
        "Clips left out of the data set and noted in quarantine.jsonl, by kind of trouble.";
    AUDIT = Counter, "wakemill_audit_findings_total", "findings", ["check"],
        "What the audit has found of clips and rows, by check; what an earlier run found is not counted.";
}

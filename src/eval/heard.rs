//! The figures of false alarms over audio that is heard from its beginning to its
//! end.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::alarms::{Alarms, BY_RECORDING, alarm_thresholds};
use super::continuous::Continuous;
use super::inputs::Features;
use super::interval::{Estimate, poisson, wilson};
use super::score::Scored;
use super::tally::{Tally, as_float32};

/// Recordings that are told of, at most.
const WORST: usize = 50;

/// False alarms of a detector that hears the negatives of which it is known what
/// continues what: a window moves over them by 80 ms at a time.
#[derive(Clone, Debug, Serialize)]
pub struct Heard {
    /// Seconds after a false alarm in which another does not count.
    pub refractory_seconds: f64,
    /// Hours of audio.
    pub hours: f64,
    /// Windows that were scored.
    pub windows: u64,
    /// At livekit-wakeword's fixed threshold.
    pub fixed: AlarmRow,
    /// With the highest recall of those within the target, the lowest of equals;
    /// nothing where none is.
    pub optimal: Option<AlarmRow>,
    /// At 0.01, 0.02 … 0.99.
    pub thresholds: Vec<AlarmRow>,
    /// Recordings in all.
    pub recordings: usize,
    /// Recordings with false alarms at the fixed threshold.
    pub recordings_with_alarms: usize,
    /// Those with the most false alarms, the worst first.
    pub worst: Vec<RecordingAlarms>,
}

/// Recall and false alarms at a threshold.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AlarmRow {
    /// A score at or above it is a detection.
    pub threshold: f64,
    /// Share of the positives that are detected, with Wilson's interval.
    pub recall: Estimate,
    /// Number of false alarms.
    pub false_alarms: u64,
    /// The same per hour, with Garwood's interval.
    pub per_hour: Estimate,
}

/// The false alarms in a recording, at the fixed threshold.
#[derive(Clone, Debug, Serialize)]
pub struct RecordingAlarms {
    /// The feature file.
    pub file: PathBuf,
    /// The recording; the name of the file where nothing is known of it.
    pub recording: String,
    /// Hours of it.
    pub hours: f64,
    /// Number of false alarms.
    pub false_alarms: u64,
    /// The same per hour, with Garwood's interval.
    pub per_hour: Estimate,
    /// When the first ten were: seconds in the recording at which the window
    /// ends.
    pub seconds: Vec<f64>,
}

impl Heard {
    /// Works out every figure; `None` where of no negatives it is known what
    /// continues what.
    pub fn new(
        features: &Features,
        scored: &Scored,
        refractory: f64,
        target_fpph: f64,
    ) -> Option<Self> {
        let files = features.negatives().iter().zip(&scored.alarms[1..]);
        let heard: Vec<_> = files
            .filter_map(|(file, alarms)| {
                Some((&file.path, file.continuous.as_ref()?, alarms.as_ref()?))
            })
            .collect();
        if heard.is_empty() {
            return None;
        }
        let hours: f64 = heard.iter().flat_map(|(_, of, _)| of.hours()).sum();
        let alarms: Vec<&Alarms> = heard.iter().map(|(_, _, alarms)| *alarms).collect();
        let thresholds = rows(&scored.files[0], &alarms, hours);
        let fixed = thresholds.iter().find(|row| row.threshold >= BY_RECORDING);
        let within = thresholds
            .iter()
            .filter(|row| row.per_hour.value <= target_fpph);
        let optimal =
            within
                .copied()
                .reduce(|best, row| match row.recall.value > best.recall.value {
                    true => row,
                    false => best,
                });
        let mut worst: Vec<_> = heard
            .iter()
            .flat_map(|(path, continuous, alarms)| of_file(path, continuous, alarms))
            .collect();
        worst.sort_by_key(|of| Reverse(of.false_alarms));
        let recordings_with_alarms = worst.len();
        worst.truncate(WORST);
        Some(Self {
            refractory_seconds: refractory,
            hours,
            windows: alarms.iter().map(|of| of.windows()).sum(),
            fixed: *fixed?,
            optimal,
            thresholds,
            recordings: heard.iter().map(|(_, of, _)| of.recordings.len()).sum(),
            recordings_with_alarms,
            worst,
        })
    }
}

/// At each threshold, over all files.
fn rows(positives: &Tally, alarms: &[&Alarms], hours: f64) -> Vec<AlarmRow> {
    let row = |(index, threshold): (usize, f64)| {
        let false_alarms = alarms.iter().map(|of| of.counts()[index]).sum();
        let detected = positives.at_least(as_float32(threshold));
        AlarmRow {
            threshold,
            recall: wilson(detected, positives.total()),
            false_alarms,
            per_hour: poisson(false_alarms, hours),
        }
    };
    alarm_thresholds().enumerate().map(row).collect()
}

/// The recordings of a file that have false alarms.
fn of_file(path: &Path, continuous: &Continuous, alarms: &Alarms) -> Vec<RecordingAlarms> {
    let recordings = continuous.recordings.iter().zip(continuous.hours());
    let found = recordings.zip(alarms.recordings());
    found
        .filter(|(_, of)| of.alarms > 0)
        .map(|((recording, hours), of)| RecordingAlarms {
            file: path.to_path_buf(),
            recording: recording.name.clone(),
            hours,
            false_alarms: of.alarms,
            per_hour: poisson(of.alarms, hours),
            seconds: of
                .seconds
                .iter()
                .map(|at| (at * 100.0).round() / 100.0)
                .collect(),
        })
        .collect()
}

//! The figures of an evaluation: livekit-wakeword's keys, and our own.

use std::path::PathBuf;

use serde::Serialize;

use crate::classifier::BakedBatch;

use super::heard::Heard;
use super::inputs::{FeatureFile, Features};
use super::interval::{Estimate, poisson, wilson};
use super::livekit::{area_under, best_threshold, det_curve, operating_at};
use super::score::Scored;
use super::tally::{Tally, as_float32};

/// livekit-wakeword's fixed threshold.
const FIXED: f64 = 0.5;

/// The thresholds of the table.
const TABLE: [f64; 13] = [
    0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99,
];

/// What an evaluation is told.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The model's file.
    pub model: PathBuf,
    /// Its name in the names of files and in the plot.
    pub name: String,
    /// The execution provider that ran it.
    pub provider: &'static str,
    /// Rows that it took at once.
    pub batch: usize,
    /// What became of a batch that the model has baked in.
    pub baked_batch: Option<BakedBatch>,
    /// Seconds of a clip, by which livekit-wakeword counts hours.
    pub clip_duration: f64,
    /// False positives per hour that the optimal threshold aims at.
    pub target_fp_per_hour: f64,
    /// Seconds after a false alarm in which another does not count.
    pub refractory: f64,
}

/// The figures of one model, as `<name>_eval.json` has them.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    /// Area under the DET curve.
    pub aut: f64,
    /// False positives per hour at 0.5, by livekit-wakeword's hours.
    pub fpph: f64,
    /// Recall at 0.5.
    pub recall: f64,
    /// Balanced accuracy at 0.5.
    pub accuracy: f64,
    /// 0.5.
    pub threshold: f64,
    /// The best threshold for the target.
    pub optimal_threshold: f64,
    /// Recall there.
    pub optimal_recall: f64,
    /// False positives per hour there, by livekit-wakeword's hours.
    pub optimal_fpph: f64,
    /// Number of positives.
    pub n_positive: u64,
    /// Number of negatives.
    pub n_negative: u64,
    /// livekit-wakeword's hours, a clip's duration for each row; to 0.01.
    pub validation_hours: f64,
    /// What livekit-wakeword does not have.
    pub wakemill: Honest,
}

/// Figures with the true hours, and how sure they are.
#[derive(Clone, Debug, Serialize)]
pub struct Honest {
    /// The model's file.
    pub model: PathBuf,
    /// The execution provider that ran it.
    pub provider: &'static str,
    /// Rows that it took at once.
    pub batch: usize,
    /// What became of a batch that the model has baked in.
    pub baked_batch: Option<BakedBatch>,
    /// The lowest and the highest score.
    pub scores: [f32; 2],
    /// Confidence of every interval.
    pub confidence: f64,
    /// True hours of all negatives.
    pub negative_hours: f64,
    /// Where misses and false alarms are equally frequent.
    pub equal_error: EqualError,
    /// At livekit-wakeword's fixed threshold.
    pub fixed: ThresholdRow,
    /// At the best threshold for the target, by the true hours.
    pub optimal: ThresholdRow,
    /// At other thresholds, ascending.
    pub thresholds: Vec<ThresholdRow>,
    /// Each file of negatives.
    pub negatives: Vec<Negatives>,
    /// Over audio that is heard from its beginning to its end: of those negatives
    /// of which it is known what continues what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
}

/// The point of a DET curve where both rates are equal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct EqualError {
    /// The rate.
    pub rate: f64,
    /// The threshold.
    pub threshold: f64,
}

/// Recall and false positives at a threshold.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ThresholdRow {
    /// A score at or above it is a detection.
    pub threshold: f64,
    /// Share of the positives that are detected, with Wilson's interval.
    pub recall: Estimate,
    /// Number of negatives that are detected.
    pub false_positives: u64,
    /// The same per true hour, with Garwood's interval.
    pub fpph: Estimate,
}

/// One file of negatives, at the fixed threshold.
#[derive(Clone, Debug, Serialize)]
pub struct Negatives {
    /// The file.
    pub file: PathBuf,
    /// Number of rows.
    pub rows: usize,
    /// Seconds of audio from one row to the next.
    pub row_seconds: f64,
    /// True hours.
    pub hours: f64,
    /// Number of rows that are detected.
    pub false_positives: u64,
    /// The same per true hour, with Garwood's interval.
    pub fpph: Estimate,
}

/// A model's scores, counted for positives and for negatives.
struct Counts<'a> {
    positives: &'a Tally,
    negatives: Tally,
    /// True hours of the negatives.
    hours: f64,
}

impl Evaluation {
    /// Works out every figure.
    pub fn new(setting: &Setting, features: &Features, scored: &Scored) -> Self {
        let counts = Counts::new(features, scored);
        let (positives, negatives) = (counts.positives, &counts.negatives);
        let hours = negatives.total() as f64 * setting.clip_duration / 3600.0;
        let fixed = operating_at(positives, negatives, FIXED, hours);
        let optimal = best_threshold(positives, negatives, hours, setting.target_fp_per_hour);
        Self {
            aut: area_under(&det_curve(positives, negatives)),
            fpph: fixed.fpph,
            recall: fixed.recall,
            accuracy: fixed.accuracy,
            threshold: fixed.threshold,
            optimal_threshold: optimal.threshold,
            optimal_recall: optimal.recall,
            optimal_fpph: optimal.fpph,
            n_positive: positives.total(),
            n_negative: negatives.total(),
            validation_hours: hundredths(hours),
            wakemill: counts.honest(setting, features, scored),
        }
    }
}

impl Honest {
    /// Says so where the scores are no probabilities, as every threshold here
    /// takes them to be.
    pub fn warning(&self) -> Option<String> {
        let [low, high] = self.scores;
        (low < 0.0 || high > 1.0).then(|| {
            format!(
                "the scores go from {low} to {high}, and are no probabilities, which go from 0 to 1: \
                 the thresholds mean little (does the model give logits, without its last sigmoid?)"
            )
        })
    }
}

impl<'a> Counts<'a> {
    fn new(features: &Features, scored: &'a Scored) -> Self {
        Self {
            positives: scored.positives(),
            negatives: scored.all_negatives(),
            hours: features.negatives().iter().map(FeatureFile::hours).sum(),
        }
    }

    fn honest(&self, setting: &Setting, features: &Features, scored: &Scored) -> Honest {
        let target = setting.target_fp_per_hour;
        let optimal = best_threshold(self.positives, &self.negatives, self.hours, target);
        let negatives = features.negatives().iter().zip(scored.negatives());
        Honest {
            model: setting.model.clone(),
            provider: setting.provider,
            batch: setting.batch,
            baked_batch: setting.baked_batch.clone(),
            scores: scored.range,
            confidence: 0.95,
            negative_hours: self.hours,
            equal_error: self.equal_error(),
            fixed: self.at(FIXED),
            optimal: self.at(optimal.threshold),
            thresholds: TABLE.map(|threshold| self.at(threshold)).to_vec(),
            negatives: negatives
                .map(|(file, tally)| Negatives::new(file, tally))
                .collect(),
            heard: Heard::new(features, scored, setting.refractory, target),
        }
    }

    fn at(&self, threshold: f64) -> ThresholdRow {
        let compared = as_float32(threshold);
        let false_positives = self.negatives.at_least(compared);
        ThresholdRow {
            threshold,
            recall: wilson(self.positives.at_least(compared), self.positives.total()),
            false_positives,
            fpph: poisson(false_positives, self.hours),
        }
    }

    /// Both rates cross once, since one falls and the other rises with the
    /// threshold; between two thresholds they are taken to be straight.
    fn equal_error(&self) -> EqualError {
        let (positive, negative) = (self.positives.total() as f64, self.negatives.total() as f64);
        let points = self.positives.thresholds().zip(self.negatives.thresholds());
        // Threshold, false negatives less false positives, false positives.
        let mut before = (f64::NEG_INFINITY, -1.0, 1.0);
        for ((threshold, detected), (_, false_positives)) in points {
            let fpr = false_positives as f64 / negative;
            let gap = 1.0 - detected as f64 / positive - fpr;
            if gap >= 0.0 {
                let part = -before.1 / (gap - before.1);
                return EqualError {
                    rate: before.2 + part * (fpr - before.2),
                    threshold,
                };
            }
            before = (threshold, gap, fpr);
        }
        // Both are detected at every threshold.
        EqualError {
            rate: 0.5,
            threshold: before.0,
        }
    }
}

impl Scored {
    pub(super) fn positives(&self) -> &Tally {
        &self.files[0]
    }

    pub(super) fn negatives(&self) -> &[Tally] {
        &self.files[1..]
    }

    pub(super) fn all_negatives(&self) -> Tally {
        let mut all = Tally::default();
        self.negatives().iter().for_each(|tally| all.merge(tally));
        all
    }
}

impl Negatives {
    fn new(file: &FeatureFile, tally: &Tally) -> Self {
        let false_positives = tally.at_least(FIXED);
        Self {
            file: file.path.clone(),
            rows: file.rows,
            row_seconds: file.row_seconds(),
            hours: file.hours(),
            false_positives,
            fpph: poisson(false_positives, file.hours()),
        }
    }
}

/// Rounds to two decimals as Python does: the decimal value, not the product
/// with 100.
fn hundredths(value: f64) -> f64 {
    format!("{value:.2}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_rounded_as_python_does() {
        // From Python 3.11: [round(x, 2) for x in (0.125, 0.375, 1.115, 2.675, 0.285)]
        for (value, expected) in [
            (0.125, 0.12),
            (0.375, 0.38),
            (1.115, 1.11),
            (2.675, 2.67),
            (0.285, 0.28),
        ] {
            assert_eq!(hundredths(value), expected, "{value}");
        }
    }
}

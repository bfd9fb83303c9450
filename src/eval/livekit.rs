//! livekit-wakeword's own figures, by its rules (0.3.0: `eval/evaluate.py` and
//! `training/metrics.py`).

use super::tally::{Tally, as_float32, candidate_thresholds, det_thresholds};

/// Candidates with less recall are passed over.
const MIN_RECALL: f64 = 0.5;

/// How a classifier does at one threshold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operating {
    /// A score at or above it is a detection.
    pub threshold: f64,
    /// Share of the positives that are detected.
    pub recall: f64,
    /// False positives per hour.
    pub fpph: f64,
    /// Mean of the shares of positives and of negatives that are right.
    pub accuracy: f64,
}

/// The figures at a threshold.
pub fn operating_at(positives: &Tally, negatives: &Tally, threshold: f64, hours: f64) -> Operating {
    let compared = as_float32(threshold);
    let recall = positives.share_at_least(compared);
    let false_positives = negatives.at_least(compared) as f64;
    let rejected = (negatives.total() as f64 - false_positives) / negatives.total().max(1) as f64;
    Operating {
        threshold,
        recall,
        fpph: if hours > 0.0 {
            false_positives / hours
        } else {
            f64::INFINITY
        },
        accuracy: f64::midpoint(recall, rejected),
    }
}

/// The threshold with the highest recall among 0.01, 0.02 … 0.99 that keep to
/// the target; failing that, the one with the highest accuracy; of equals the
/// lowest. Thresholds with less than half the positives do not count; where
/// none is left, it is 0.5.
pub fn best_threshold(
    positives: &Tally,
    negatives: &Tally,
    hours: f64,
    target_fpph: f64,
) -> Operating {
    let candidates: Vec<_> = candidate_thresholds()
        .map(|threshold| operating_at(positives, negatives, threshold, hours))
        .filter(|operating| operating.recall >= MIN_RECALL)
        .collect();
    let within = candidates
        .iter()
        .filter(|operating| operating.fpph <= target_fpph);
    first_greatest(within, |operating| operating.recall)
        .or_else(|| first_greatest(candidates.iter(), |operating| operating.accuracy))
        .unwrap_or_else(|| operating_at(positives, negatives, 0.5, hours))
}

fn first_greatest<'a>(
    operatings: impl Iterator<Item = &'a Operating>,
    figure: impl Fn(&Operating) -> f64,
) -> Option<Operating> {
    operatings.copied().reduce(|best, next| {
        if figure(&next) > figure(&best) {
            next
        } else {
            best
        }
    })
}

/// False positive rate and false negative rate at 1001 thresholds from 0 to 1.
pub fn det_curve(positives: &Tally, negatives: &Tally) -> Vec<(f64, f64)> {
    let positive = positives.total().max(1) as f64;
    det_thresholds()
        .map(|threshold| {
            let missed = positives.total() - positives.at_least(threshold);
            let fnr = missed as f64 / positive;
            (negatives.share_at_least(threshold), fnr)
        })
        .collect()
}

/// The area under a DET curve by the trapezoidal rule.
///
/// livekit-wakeword sorts the points by false positive rate with an unstable
/// sort, so the order among equal rates, and with it the area, depends on the
/// processor: the two differ by up to the area between neighbouring rates,
/// which vanishes with the number of negatives. Here equal rates keep the order
/// of falling thresholds: the curve as it is.
pub fn area_under(det: &[(f64, f64)]) -> f64 {
    det.windows(2)
        .map(|pair| (pair[0].0 - pair[1].0) * f64::midpoint(pair[0].1, pair[1].1))
        .sum()
}

#[cfg(test)]
mod tests;

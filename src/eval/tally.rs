//! Scores, counted between thresholds rather than kept.

use std::sync::LazyLock;

/// livekit-wakeword's thresholds of a DET curve: `numpy.linspace(0, 1, 1001)`.
pub(super) fn det_thresholds() -> impl Iterator<Item = f64> {
    (0..=1000).map(|i| f64::from(i) * 0.001)
}

/// livekit-wakeword's candidates for the best threshold:
/// `numpy.arange(0.01, 1.0, 0.01)`.
pub(super) fn candidate_thresholds() -> impl Iterator<Item = f64> {
    (0..99).map(|i| 0.01 + f64::from(i) * 0.01)
}

/// A threshold as NumPy 2 compares float32 scores with a Python float: rounded
/// to float32. With an array's own float64 it compares exactly.
pub(super) fn as_float32(threshold: f64) -> f64 {
    f64::from(threshold as f32)
}

/// Every threshold that scores are counted at, ascending: those above, and
/// between them the logistic function at steps of 1/64, since good classifiers
/// crowd their scores near 0 and 1.
static THRESHOLDS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let odds = (-25 * 64..=17 * 64).map(|i| 1.0 / (1.0 + (-f64::from(i) / 64.0).exp()));
    let mut all: Vec<f64> = det_thresholds()
        .chain(det_thresholds().map(as_float32))
        .chain(candidate_thresholds().map(as_float32))
        .chain(odds)
        .collect();
    all.sort_by(f64::total_cmp);
    all.dedup();
    all
});

/// How many scores lie between any two neighbouring thresholds. Its size does
/// not depend on the number of scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// `below[i]`: scores under threshold i and not under the one before.
    below: Vec<u64>,
    total: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            below: vec![0; THRESHOLDS.len()],
            total: 0,
        }
    }
}

impl Tally {
    /// Counts a score, which is finite.
    pub fn add(&mut self, score: f32) {
        let score = f64::from(score);
        let first_above = THRESHOLDS.partition_point(|&threshold| threshold <= score);
        if let Some(count) = self.below.get_mut(first_above) {
            *count += 1;
        }
        self.total += 1;
    }

    /// Adds the scores of another.
    pub fn merge(&mut self, other: &Self) {
        for (count, more) in self.below.iter_mut().zip(&other.below) {
            *count += more;
        }
        self.total += other.total;
    }

    /// Number of scores.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Number of scores at or above a threshold: exact where it is one of
    /// [`Tally::thresholds`], else the number at the next one above.
    pub fn at_least(&self, threshold: f64) -> u64 {
        let index = THRESHOLDS.partition_point(|&known| known < threshold);
        let below: u64 = self.below.iter().take(index + 1).sum();
        self.total - below
    }

    /// Share of the scores at or above a threshold; 0 where there are none.
    pub fn share_at_least(&self, threshold: f64) -> f64 {
        self.at_least(threshold) as f64 / self.total.max(1) as f64
    }

    /// Each threshold with the number of scores at or above it, ascending.
    pub fn thresholds(&self) -> impl Iterator<Item = (f64, u64)> {
        THRESHOLDS
            .iter()
            .zip(&self.below)
            .scan(self.total, |left, (&threshold, below)| {
                *left -= below;
                Some((threshold, *left))
            })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_the_scores(
            scores in prop::collection::vec(
                prop_oneof![0.0_f32..=1.0, Just(0.0), Just(0.5), Just(1.0), -3.0_f32..3.0,
                            (0..=1000_u16).prop_map(|i| f32::from(i) * 0.001)],
                0..60,
            ),
        ) {
            let mut tally = Tally::default();
            scores.iter().for_each(|&score| tally.add(score));
            for (threshold, count) in tally.thresholds() {
                let expected = scores.iter().filter(|&&score| f64::from(score) >= threshold);
                prop_assert_eq!(count, expected.count() as u64);
                prop_assert_eq!(count, tally.at_least(threshold));
            }
        }

        #[test]
        fn merging_is_counting_both(
            a in prop::collection::vec(0.0_f32..1.0, 0..30),
            b in prop::collection::vec(0.0_f32..1.0, 0..30),
        ) {
            let count = |scores: &mut dyn Iterator<Item = &f32>| {
                let mut tally = Tally::default();
                scores.for_each(|&score| tally.add(score));
                tally
            };
            let mut merged = count(&mut a.iter());
            merged.merge(&count(&mut b.iter()));
            prop_assert_eq!(merged, count(&mut a.iter().chain(&b)));
        }
    }
}

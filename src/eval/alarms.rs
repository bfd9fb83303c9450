//! False alarms of a detector that hears audio from its beginning to its end.

use super::tally::as_float32;

/// The thresholds at which alarms are counted: 0.01, 0.02 … 0.99.
pub(super) fn alarm_thresholds() -> impl Iterator<Item = f64> {
    (1..100).map(|hundredths| f64::from(hundredths) / 100.0)
}

/// How many there are.
const THRESHOLDS: usize = 99;

/// The threshold at which alarms are counted by recording, and which that is.
pub(super) const BY_RECORDING: f64 = 0.5;
const BY_RECORDING_INDEX: usize = 49;

/// Times kept of the alarms of a recording.
const TIMES: usize = 10;

/// False alarms of one model over the audio of one file.
#[derive(Clone, Debug)]
pub struct Alarms {
    /// Windows for which a detector is deaf after an alarm.
    deaf: u64,
    /// At each threshold.
    counts: Vec<u64>,
    /// From which window of the stretch on it hears again, at each threshold.
    hears_from: Vec<u64>,
    /// Windows that were heard.
    windows: u64,
    /// Of each recording.
    recordings: Vec<OfRecording>,
}

/// The alarms in a recording, at `BY_RECORDING`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OfRecording {
    /// How many.
    pub alarms: u64,
    /// When the first ones were, in seconds.
    pub seconds: Vec<f64>,
}

impl Alarms {
    /// None so far, of so many recordings; after an alarm a detector is deaf for
    /// `refractory` seconds, where windows are `step` seconds apart.
    pub fn new(recordings: usize, refractory: f64, step: f64) -> Self {
        // Not one more for what rounding makes of a whole number.
        let deaf = (refractory / step - 1e-6).ceil().max(1.0) as u64;
        Self {
            deaf,
            counts: vec![0; THRESHOLDS],
            hears_from: vec![0; THRESHOLDS],
            windows: 0,
            recordings: vec![OfRecording::default(); recordings],
        }
    }

    /// Begins a stretch of audio, which nothing before belongs to.
    pub fn begin(&mut self) {
        self.hears_from.fill(0);
    }

    /// Hears a window, numbered in its stretch: its score, and its recording and
    /// when it ends there.
    pub fn hear(&mut self, window: u64, score: f32, recording: usize, at: impl FnOnce() -> f64) {
        self.windows += 1;
        let score = f64::from(score);
        let mut at = Some(at);
        for (index, threshold) in alarm_thresholds().enumerate() {
            if score < as_float32(threshold) {
                break;
            }
            if window < self.hears_from[index] {
                continue;
            }
            self.hears_from[index] = window + self.deaf;
            self.counts[index] += 1;
            if index == BY_RECORDING_INDEX {
                let of = &mut self.recordings[recording];
                of.alarms += 1;
                if of.seconds.len() < TIMES {
                    of.seconds.extend(at.take().map(|at| at()));
                }
            }
        }
    }

    /// Windows that were heard.
    pub fn windows(&self) -> u64 {
        self.windows
    }

    /// The alarms at each of the thresholds.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// The alarms in each recording, at `BY_RECORDING`.
    pub fn recordings(&self) -> &[OfRecording] {
        &self.recordings
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_seconds_are_25_windows() {
        for (refractory, deaf) in [(0.0, 1), (0.08, 1), (0.1, 2), (2.0, 25), (2.01, 26)] {
            assert_eq!(Alarms::new(1, refractory, 0.08).deaf, deaf, "{refractory}");
        }
    }

    proptest! {
        #[test]
        fn alarms_are_those_of_each_threshold_alone(
            stretches in prop::collection::vec(
                prop::collection::vec(
                    prop_oneof![0.0_f32..=1.0, Just(0.5), Just(0.29), Just(0.0), Just(1.0)],
                    0..30,
                ),
                1..4,
            ),
            refractory in 0.0_f64..1.0,
        ) {
            let mut alarms = Alarms::new(stretches.len(), refractory, 0.08);
            for (recording, scores) in stretches.iter().enumerate() {
                alarms.begin();
                for (window, score) in scores.iter().enumerate() {
                    alarms.hear(window as u64, *score, recording, || window as f64);
                }
            }
            let heard: usize = stretches.iter().map(Vec::len).sum();
            prop_assert_eq!(alarms.windows(), heard as u64);
            for (threshold, found) in alarm_thresholds().zip(alarms.counts()) {
                let mut expected = 0;
                for scores in &stretches {
                    let mut last: Option<usize> = None;
                    for (window, score) in scores.iter().enumerate() {
                        let apart = |last: usize| (window - last) as f64 * 0.08;
                        let hears = last.is_none_or(|last| apart(last) >= refractory - 1e-7);
                        if *score >= threshold as f32 && hears {
                            last = Some(window);
                            expected += 1;
                        }
                    }
                }
                prop_assert_eq!(*found, expected, "{}", threshold);
            }
            let by_recording: u64 = alarms.recordings().iter().map(|of| of.alarms).sum();
            prop_assert_eq!(by_recording, alarms.counts()[BY_RECORDING_INDEX]);
        }
    }
}

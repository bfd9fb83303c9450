//! The window of the rows, where the clips tell it: openWakeWord's length.

use crate::audio::{self, FileRange};
use crate::config::plan::Plan;

use super::{BuildError, Inputs, Watch};

/// Lengths are rounded to so many samples.
const STEP: f64 = 1_000.0;
/// Samples that a window has over the median clip.
const ROOM: usize = 12_000;
/// Windows up to so many samples become [`LEAST`].
const NEAR: usize = 36_000;
/// The shortest window, in samples.
const LEAST: usize = 32_000;

/// Settles the length of the window from the lengths of a split's clips, where
/// the plan leaves it to them.
///
/// openWakeWord takes 50 clips at random, so that two runs differ; this takes
/// all that say how long they are.
///
/// # Errors
/// [`BuildError::NoLength`] where none does.
pub(super) fn settle(
    plan: &mut Plan,
    inputs: &Inputs,
    watch: &dyn Watch,
) -> Result<(), BuildError> {
    let Some(name) = plan.audio.fitted_to.clone() else {
        return Ok(());
    };
    let rate = f64::from(plan.audio.sample_rate);
    let mut splits = inputs.splits.iter();
    let clips = splits.find(|split| split.name() == name);
    let clips = clips.map_or(&[][..], |split| &split.clips);
    let length = |file: &FileRange| {
        let info = audio::probe(file).ok()?;
        Some(info.frames? as f64 * rate / f64::from(info.sample_rate))
    };
    let mut lengths: Vec<f64> = clips
        .iter()
        .filter_map(|clip| length(&clip.id.file))
        .collect();
    let unknown = clips.len() - lengths.len();
    let Some(median) = median(&mut lengths) else {
        return Err(BuildError::NoLength { split: name });
    };
    if unknown > 0 {
        watch.warn(&format!(
            "audio.clip_seconds: {unknown} of {} clips of '{name}' do not say how long they are; the window follows the others",
            clips.len()
        ));
    }
    plan.fit(window(median));
    Ok(())
}

/// The middle value, or the mean of the two in the middle, as numpy has it.
fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match (values.get(middle), values.len() % 2) {
        (Some(value), 1) => Some(*value),
        (Some(value), _) => Some((values[middle - 1] + value) / 2.0),
        (None, _) => None,
    }
}

/// openWakeWord's window for clips of so many samples, in samples: the length
/// to a thousand, half to even, and 12,000.
fn window(median: f64) -> usize {
    let samples = ((median / STEP).round_ties_even() * STEP) as usize + ROOM;
    match samples {
        ..=NEAR => LEAST,
        longer => longer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_openwakewords() {
        let windows = [
            (0.0, 32_000),
            (16_000.0, 32_000),
            (24_500.0, 32_000),
            (24_501.0, 37_000),
            (25_500.0, 38_000),
            (26_500.0, 38_000),
            (27_501.0, 40_000),
        ];
        for (median, samples) in windows {
            assert_eq!(window(median), samples, "{median}");
        }
    }

    #[test]
    fn a_median_is_numpys() {
        assert_eq!(median(&mut []), None);
        assert_eq!(median(&mut [3.0]), Some(3.0));
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), Some(2.5));
    }
}

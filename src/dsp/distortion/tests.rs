//! Tests of distortion.

use proptest::prelude::*;

use super::*;

/// `numpy.percentile` by its definition.
fn sorted_quantile(samples: &[f32], quantile: f64) -> f64 {
    let mut sorted: Vec<f64> = samples.iter().map(|s| f64::from(s.abs())).collect();
    sorted.sort_by(f64::total_cmp);
    let position = (sorted.len() - 1) as f64 * quantile;
    let lower = sorted[position.floor() as usize];
    let upper = sorted[position.ceil() as usize];
    lower + (upper - lower) * position.fract()
}

proptest! {
    #[test]
    fn quantile_is_that_of_the_sorted_magnitudes(
        clip in prop::collection::vec(-1f32..1.0, 1..300),
        quantile in 0f64..=1.0,
    ) {
        let found = magnitude_quantile(&clip, quantile, &mut Vec::new());
        prop_assert!((f64::from(found) - sorted_quantile(&clip, quantile)).abs() < 1e-6);
    }

    #[test]
    fn loudness_is_kept(
        amount in 0.01f64..0.7,
        clip in prop::collection::vec(-1f32..1.0, 10..2000),
    ) {
        let mut samples = clip.clone();
        apply(amount, &mut samples, &mut Vec::new());
        prop_assert!((rms(&samples) / rms(&clip) - 1.0).abs() < 1e-4);
    }

    #[test]
    fn what_the_scratch_held_does_not_matter(
        clip in prop::collection::vec(-1f32..1.0, 1..200),
        mut scratch in prop::collection::vec(any::<u32>(), 0..400),
    ) {
        let (mut first, mut second) = (clip.clone(), clip);
        apply(0.3, &mut first, &mut Vec::new());
        apply(0.3, &mut second, &mut scratch);
        prop_assert_eq!(first, second);
    }
}

#[test]
fn tanh_is_rounded_from_nearly_its_value() {
    for step in -24_000i32..=24_000 {
        let x = step as f32 / 2_000.0;
        let (found, exact) = (tanh(x), f64::from(x).tanh());
        let unit = f64::from(found.abs().next_up() - found.abs());
        let error = (f64::from(found) - exact).abs() / unit;
        assert!(error < 0.502, "tanh({x}) is {error} units off");
    }
    assert_eq!(tanh(0.0), 0.0);
    assert_eq!(tanh(1e30), 1.0);
    assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
}

#[test]
fn silence_stays_silent() {
    let mut samples = [0.0; 50];
    apply(0.5, &mut samples, &mut Vec::new());
    assert_eq!(samples, [0.0; 50]);
    apply(0.5, &mut [], &mut Vec::new());
}

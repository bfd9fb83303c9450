//! Tests of resampling.

use std::f64::consts::PI;

use proptest::prelude::*;

use super::*;

fn sine(hz: f64, rate: u32, len: usize) -> Vec<f32> {
    let step = 2.0 * PI * hz / f64::from(rate);
    (0..len)
        .map(|n| (0.5 * (step * n as f64).sin()) as f32)
        .collect()
}

fn resampled(from: u32, to: u32, clip: &[f32]) -> Vec<f32> {
    let mut converted = vec![9.0; 5];
    let mut resampler = Resampler::new(to).unwrap();
    resampler.process_into(from, clip, &mut converted).unwrap();
    converted
}

/// Largest difference from the same sine sampled at the new rate, away from
/// the ends.
fn worst(from: u32, to: u32, hz: f64) -> f32 {
    let clip = sine(hz, from, from as usize);
    let converted = resampled(from, to, &clip);
    let expected = sine(hz, to, to as usize);
    assert_eq!(converted.len(), expected.len());
    let margin = to as usize / 10;
    let inner = margin..to as usize - margin;
    converted[inner.clone()]
        .iter()
        .zip(&expected[inner])
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

#[test]
fn a_tone_keeps_its_level_and_its_time() {
    for from in [
        8_000, 11_025, 22_050, 24_000, 44_056, 44_100, 47_999, 48_000, 96_000, 192_000,
    ] {
        let highest = f64::from(from.min(16_000)) / 2.0 * 0.95;
        for hz in [100.0, 1_000.0, highest] {
            // The sharper the filter, the longer the tone's start and end ring
            // near the edge of the band: longest where rates share no divisor.
            let error = worst(from, 16_000, hz);
            assert!(error < 5e-4, "{hz} Hz from {from} Hz: {error} off");
        }
    }
    assert!(worst(16_000, 8_000, 1_000.0) < 1e-4);
}

#[test]
fn what_the_new_rate_cannot_hold_is_removed() {
    let converted = resampled(48_000, 16_000, &sine(8_500.0, 48_000, 48_000));
    let inner = &converted[1_600..14_400];
    assert!(inner.iter().all(|sample| sample.abs() < 1e-4));
}

#[test]
fn silence_stays_silence_at_both_ends() {
    let mut clip = vec![0.0; 44_100];
    clip[20_000..24_100].copy_from_slice(&sine(440.0, 44_100, 4_100));
    let converted = resampled(44_100, 16_000, &clip);
    let loudest = |part: &[f32]| part.iter().fold(0f32, |peak, s| peak.max(s.abs()));
    assert!(loudest(&converted[..5_000]) < 1e-5);
    assert!(loudest(&converted[11_000..]) < 1e-5);
}

#[test]
fn equal_rates_change_nothing() {
    let clip = sine(440.0, 16_000, 1_000);
    assert_eq!(resampled(16_000, 16_000, &clip), clip);
}

#[test]
fn rates_out_of_bounds_are_errors() {
    assert!(matches!(Resampler::new(999), Err(ResampleError::Rate(999))));
    let mut resampler = Resampler::new(16_000).unwrap();
    for rate in [0, 1, 999, 768_001, u32::MAX] {
        let result = resampler.process_into(rate, &[0.0], &mut Vec::new());
        assert!(matches!(result, Err(ResampleError::Rate(_))), "{rate}");
    }
}

#[test]
fn a_result_does_not_depend_on_earlier_clips() {
    let clip = sine(300.0, 22_050, 5_000);
    let fresh = resampled(22_050, 16_000, &clip);
    let mut resampler = Resampler::new(16_000).unwrap();
    let mut converted = Vec::new();
    // Six rates: more than are kept.
    for rate in [
        22_050, 8_000, 11_025, 24_000, 32_000, 48_000, 22_050, 22_050,
    ] {
        let other = vec![1.0; 3_000];
        resampler
            .process_into(rate, &other, &mut converted)
            .unwrap();
        resampler
            .process_into(22_050, &clip, &mut converted)
            .unwrap();
        assert_eq!(converted, fresh, "after a clip of {rate} Hz");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn length_is_that_of_the_clip_in_seconds(
        len in 0usize..6_000,
        from in prop::sample::select(vec![1_000, 8_000, 11_025, 44_056, 44_100, 96_000, 768_000]),
    ) {
        let expected = (len as f64 * 16_000.0 / f64::from(from) + 0.5).floor() as usize;
        let converted = resampled(from, 16_000, &vec![0.25; len]);
        prop_assert_eq!(converted.len(), expected);
        prop_assert!(converted.iter().all(|sample| sample.abs() < 0.5));
    }
}

proptest! {
    #[test]
    fn blocks_convert_as_the_whole_does(
        from in prop_oneof![Just(8_000_u32), Just(16_000), Just(22_050), Just(44_100), Just(48_000)],
        len in 0..30_000_usize,
        size in 1..5_000_usize,
    ) {
        let clip = sine(440.0, from, len);
        let mut conversion = Conversion::new(from, 16_000).unwrap();
        let mut converted = Vec::new();
        for block in clip.chunks(size) {
            conversion.push(block, &mut converted).unwrap();
        }
        conversion.finish(&mut converted).unwrap();
        prop_assert!(converted == resampled(from, 16_000, &clip));
    }
}

proptest! {
    #[test]
    fn a_conversion_that_goes_on_somewhere_gives_what_the_whole_has_there(
        from in prop_oneof![Just(8_000_u32), Just(16_000), Just(22_050), Just(44_100), Just(48_000)],
        len in 1..60_000_usize,
        at in 0.0..1.0_f64,
    ) {
        let clip: Vec<f32> = (0..len).map(|n| ((n * n) % 1013) as f32 / 1013.0 - 0.5).collect();
        let whole = resampled(from, 16_000, &clip);
        let first = (at * whole.len() as f64) as usize;
        let mut conversion = Conversion::new(from, 16_000).unwrap();
        let (take, given) = conversion.seek(first);
        prop_assert!(given <= first && take <= len);
        let mut converted = Vec::new();
        conversion.push(&clip[take..], &mut converted).unwrap();
        conversion.finish(&mut converted).unwrap();
        prop_assert!(converted[..] == whole[given..]);
    }
}

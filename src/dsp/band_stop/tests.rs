//! Tests of the band stop filter.

use proptest::prelude::*;

use super::*;

/// The definition, sample by sample: julius' `bandpass_filter` taken off.
fn direct(band: Band, samples: &[f32]) -> Vec<f64> {
    let [low, high] = band.cutoffs(16_000);
    let half = (8.0 / low / 2.0) as isize;
    let low_pass = |cutoff: f64| -> Vec<f64> {
        let tap = |n: isize| {
            let window = 0.5 + 0.5 * (PI * n as f64 / half.max(1) as f64).cos();
            let x = 2.0 * PI * cutoff * n as f64;
            let sinc = if n == 0 { 1.0 } else { x.sin() / x };
            2.0 * cutoff * window * sinc
        };
        let taps: Vec<f64> = (-half..=half).map(tap).collect();
        let sum: f64 = taps.iter().sum();
        taps.iter().map(|tap| tap / sum).collect()
    };
    let taps: Vec<f64> = low_pass(high)
        .iter()
        .zip(low_pass(low))
        .map(|(high, low)| high - low)
        .collect();
    let last = samples.len() as isize - 1;
    let at = |n: isize| {
        let taps = (-half..=half).zip(&taps);
        let passed: f64 = taps
            .map(|(m, tap)| tap * f64::from(samples[(n + m).clamp(0, last) as usize]))
            .sum();
        f64::from(samples[n as usize]) - passed
    };
    (0..=last).map(at).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn is_the_definition(
        samples in prop::collection::vec(-1f32..1.0, 1..400),
        center_hz in 200f64..4000.0,
        bandwidth in 0.5f64..1.99,
    ) {
        let band = Band { center_hz: rounded(center_hz), bandwidth: rounded(bandwidth) };
        let mut filtered = samples.clone();
        apply(band, 16_000, &mut filtered, &mut Convolver::new()).unwrap();
        for (sample, expected) in filtered.iter().zip(direct(band, &samples)) {
            let error = (f64::from(*sample) - expected).abs();
            prop_assert!(error < 1e-6, "{sample} for {expected}");
        }
    }
}

#[test]
fn a_constant_passes_and_a_tone_in_the_band_does_not() {
    let band = Band {
        center_hz: 1000.0,
        bandwidth: 1.0,
    };
    let mut convolver = Convolver::new();
    let mut constant = vec![0.25f32; 4000];
    apply(band, 16_000, &mut constant, &mut convolver).unwrap();
    assert!(constant.iter().all(|x| (x - 0.25).abs() < 1e-6));
    let tone = |hz: f64| -> f32 {
        let wave = |n: usize| (2.0 * PI * hz / 16_000.0 * n as f64).sin() as f32;
        let mut samples: Vec<f32> = (0..4000).map(wave).collect();
        apply(band, 16_000, &mut samples, &mut convolver).unwrap();
        samples[1000..3000]
            .iter()
            .fold(0f32, |peak, x| peak.max(x.abs()))
    };
    let mut tone = tone;
    assert!(tone(1000.0) < 0.01);
    assert!(tone(3000.0) > 0.98);
}

#[test]
fn nothing_stays_nothing() {
    let band = Band {
        center_hz: 300.0,
        bandwidth: 1.5,
    };
    apply(band, 16_000, &mut [], &mut Convolver::new()).unwrap();
}

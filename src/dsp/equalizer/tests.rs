//! Tests of the equalizer.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

const RATE: u32 = 16_000;

const PARAMS: Equalizer = Equalizer {
    probability: 0.25,
    gain_db: Range::new(-12.0, 12.0),
    peaking_q: Range::new(0.5, 5.0),
    shelf_q: Range::new(0.1, 0.999),
};

fn bands(seed: u64) -> [Band; BANDS] {
    PARAMS.bands(&mut ChaCha8Rng::seed_from_u64(seed))
}

/// The definition: each section over the whole clip, rounded, then the next.
fn one_by_one(bands: &[Band; BANDS], samples: &mut [f32]) {
    for band in bands {
        let Section { b, a, steady } = Section::new(band, RATE);
        let mut state = steady.map(|s| s * f64::from(samples.first().copied().unwrap_or(0.0)));
        for sample in &mut *samples {
            let x = f64::from(*sample);
            let y = b[0] * x + state[0];
            state[0] = b[1] * x - a[0] * y + state[1];
            state[1] = b[2] * x - a[1] * y;
            *sample = y as f32;
        }
    }
}

proptest! {
    #[test]
    fn side_by_side_is_one_by_one(
        seed: u64,
        clip in prop::collection::vec(-1f32..1.0, 0..400),
    ) {
        let bands = bands(seed);
        let (mut fast, mut plain) = (clip.clone(), clip);
        apply(&bands, RATE, &mut fast);
        one_by_one(&bands, &mut plain);
        prop_assert_eq!(fast, plain);
    }

    #[test]
    fn no_gain_changes_nothing(seed: u64, clip in prop::collection::vec(-1f32..1.0, 0..200)) {
        let flat = bands(seed).map(|band| Band { gain_db: 0.0, ..band });
        let mut samples = clip.clone();
        apply(&flat, RATE, &mut samples);
        prop_assert_eq!(samples, clip);
    }

    #[test]
    fn a_constant_gets_the_gain_of_the_low_shelf_at_once(seed: u64, level in 0.01f32..1.0) {
        let bands = bands(seed);
        let mut samples = [level; 64];
        apply(&bands, RATE, &mut samples);
        let expected = level * 10f32.powf(bands[0].gain_db as f32 / 20.0);
        for sample in samples {
            prop_assert!((sample - expected).abs() < 1e-4 * expected, "{sample} {expected}");
        }
    }

    #[test]
    fn output_stays_bounded_at_any_rate(seed: u64, rate in 1_000u32..200_000) {
        let mut samples = vec![0.0; 4000];
        samples[0] = 1.0;
        apply(&bands(seed), rate, &mut samples);
        // Seven bands of at most 12 dB.
        prop_assert!(samples.iter().all(|sample| sample.abs() < 16_000.0));
    }

    #[test]
    fn draws_are_in_range(seed: u64) {
        for (band, (kind, center)) in bands(seed).iter().zip(LAYOUT) {
            let q = if kind == BandKind::Peaking { PARAMS.peaking_q } else { PARAMS.shelf_q };
            prop_assert_eq!(band.kind, kind);
            // Mel and back may round.
            prop_assert!(band.center_hz > center.min - 1e-6 && band.center_hz < center.max + 1e-6);
            prop_assert!(band.gain_db >= -12.0 && band.gain_db <= 12.0);
            prop_assert!(band.q >= q.min && band.q <= q.max);
        }
    }
}

#[test]
fn a_high_shelf_above_nyquist_runs_just_below_it() {
    let shelf = |center_hz| Band {
        kind: BandKind::HighShelf,
        center_hz,
        gain_db: 6.0,
        q: 0.7,
    };
    let above = Section::new(&shelf(9_400.0), RATE);
    assert_eq!(above.b, Section::new(&shelf(7_999.2), RATE).b);
    assert_ne!(above.b, Section::new(&shelf(7_999.0), RATE).b);
}

#[test]
fn centres_are_uniform_in_mel() {
    // The mean of 4,000 uniform draws lies within 4.5 standard errors of the
    // middle but once in 150,000 times; uniform in Hz would be 10 off.
    const DRAWS: u64 = 4_000;
    let (_, range) = LAYOUT[BANDS - 1];
    let (low, high) = (hz_to_mel(range.min), hz_to_mel(range.max));
    let mean = (0..DRAWS)
        .map(|seed| (hz_to_mel(bands(seed)[BANDS - 1].center_hz) - low) / (high - low))
        .sum::<f64>()
        / DRAWS as f64;
    let standard_error = (1.0 / 12.0 / DRAWS as f64).sqrt();
    assert!((mean - 0.5).abs() < 4.5 * standard_error, "{mean}");
}

//! Tests of noise mixing.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

/// Samples with a level, so that the floor under it does not matter.
fn loud(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f32>> {
    let sample = prop_oneof![-1f32..-0.1, 0.1f32..1.0];
    prop::collection::vec(sample, len)
}

proptest! {
    #[test]
    fn the_mix_has_the_ratio_asked_for(
        clip in loud(1..300),
        noise in loud(1..300),
        start in 0usize..600,
        snr_db in -10f64..20.0,
    ) {
        let mut mixed = clip.clone();
        mix(&mut mixed, &noise, start, snr_db);
        let added: Vec<f32> = mixed.iter().zip(&clip).map(|(m, c)| m - c).collect();
        let ratio = 10.0 * (energy(&clip) / energy(&added)).log10();
        prop_assert!((ratio - snr_db).abs() < 1e-3, "{ratio} dB for {snr_db} dB");
    }

    #[test]
    fn the_needed_samples_are_enough(
        clip in loud(1..200),
        noise in loud(1..400),
        seed: u64,
    ) {
        let (noise_len, clip_len) = (noise.len() as u64, clip.len() as u64);
        let start = draw_start(noise_len, clip_len, &mut ChaCha8Rng::seed_from_u64(seed));
        let span = needed(noise_len, start, clip_len);
        let piece = &noise[span.start as usize..span.end as usize];
        let (mut whole, mut part) = (clip.clone(), clip);
        mix(&mut whole, &noise, start as usize, 5.0);
        mix(&mut part, piece, (start - span.start) as usize, 5.0);
        prop_assert_eq!(whole, part);
    }

    #[test]
    fn starts_lie_in_the_repeated_noise(noise_len in 1u64..500, clip_len in 0u64..500, seed: u64) {
        let start = draw_start(noise_len, clip_len, &mut ChaCha8Rng::seed_from_u64(seed));
        let repeats = if noise_len < clip_len { clip_len / noise_len + 1 } else { 1 };
        prop_assert!(start + clip_len <= noise_len * repeats);
    }

    #[test]
    fn a_repeated_noise_is_a_cycle(
        noise in loud(1..50),
        start in 0usize..200,
        len in 0usize..200,
    ) {
        let pieces: Vec<f32> = repeated(&noise, start, len).flatten().copied().collect();
        let cycle: Vec<f32> = noise.iter().cycle().skip(start).take(len).copied().collect();
        prop_assert_eq!(pieces, cycle);
    }
}

#[test]
fn every_start_is_drawn() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut seen = [false; 5];
    // Missing one of five in 300 draws: once in 10^28.
    for _ in 0..300 {
        seen[draw_start(14, 10, &mut rng) as usize] = true;
    }
    assert_eq!(seen, [true; 5]);
}

#[test]
fn without_noise_or_clip_nothing_happens() {
    let mut samples = [0.5, -0.5];
    mix(&mut samples, &[], 0, 5.0);
    assert_eq!(samples, [0.5, -0.5]);
    mix(&mut [], &[0.1], 0, 5.0);
    assert_eq!(draw_start(0, 10, &mut ChaCha8Rng::seed_from_u64(2)), 0);
}

#[test]
fn silent_noise_and_silent_clips_stay_finite() {
    let mut samples = [0.5; 4];
    mix(&mut samples, &[0.0; 4], 0, 5.0);
    assert_eq!(samples, [0.5; 4]);
    let mut silence = [0.0; 4];
    mix(&mut silence, &[0.5; 4], 0, 5.0);
    assert!(silence.iter().all(|sample| sample.abs() < 1e-3));
}

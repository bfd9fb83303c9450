//! Tests of reverberation.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

fn noise(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// The definition, at one sample.
fn direct(clip: &[f32], response: &[f32], at: usize) -> f64 {
    let peak = response.iter().fold(0f32, |peak, tap| peak.max(tap.abs()));
    let sum: f64 = (0..response.len().min(at + 1))
        .map(|tap| f64::from(response[tap]) * f64::from(clip[at - tap]))
        .sum();
    sum / (f64::from(peak) + 1e-8)
}

fn convolved(convolver: &mut Convolver, response: &[f32], clip: &[f32]) -> Vec<f32> {
    let impulse = convolver.prepare(response).unwrap();
    let mut samples = clip.to_vec();
    convolver.convolve(&impulse, &mut samples).unwrap();
    samples
}

/// Lengths below, at and beyond one and several blocks.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![
        1usize..50,
        Just(BLOCK - 1),
        Just(BLOCK),
        Just(BLOCK + 1),
        1usize..4 * BLOCK,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn is_the_direct_convolution(clip_len in length(), taps in length(), seed: u64) {
        let (clip, response) = (noise(clip_len, seed), noise(taps, !seed));
        let mut convolver = Convolver::new();
        // What an earlier clip left behind must not be heard.
        convolved(&mut convolver, &noise(3 * BLOCK, 1), &noise(3 * BLOCK, 2));
        let wet = convolved(&mut convolver, &response, &clip);
        for at in (0..clip_len).step_by(97).chain([clip_len - 1]) {
            let expected = direct(&clip, &response, at);
            let error = (f64::from(wet[at]) - expected).abs();
            let rounding = f64::from(f32::EPSILON) * expected.abs() / 2.0;
            prop_assert!(error < rounding + 1e-11, "{at}: {} for {expected}", wet[at]);
        }
    }
}

#[test]
fn a_single_tap_is_the_identity() {
    let clip = noise(10_000, 3);
    let wet = convolved(&mut Convolver::new(), &[-0.25], &clip);
    for (wet, dry) in wet.iter().zip(&clip) {
        assert!((wet + dry).abs() < 1e-6);
    }
}

#[test]
fn silence_before_a_sound_stays_digital_silence() {
    let mut clip = noise(4 * BLOCK, 4);
    clip[..2 * BLOCK].fill(0.0);
    let wet = convolved(&mut Convolver::new(), &noise(6000, 5), &clip);
    assert!(wet[..2 * BLOCK].iter().all(|sample| *sample == 0.0));
}

#[test]
fn an_empty_response_is_an_error_and_an_empty_clip_is_not() {
    let mut convolver = Convolver::new();
    assert!(matches!(
        convolver.prepare(&[]),
        Err(ConvolveError::EmptyImpulse)
    ));
    assert!(convolved(&mut convolver, &[1.0], &[]).is_empty());
}

#[test]
fn values_that_are_not_finite_are_errors() {
    let mut convolver = Convolver::new();
    let impulse = convolver.prepare(&[1.0, 0.5]).unwrap();
    let mut clip = [0.0, f32::NAN];
    assert!(convolver.convolve(&impulse, &mut clip).is_err());
}

#[test]
fn impulses_know_their_size_and_are_shared_between_threads() {
    fn shareable<T: Send + Sync>(_: &T) {}
    let impulse = Convolver::new().prepare(&noise(3 * BLOCK, 6)).unwrap();
    shareable(&impulse);
    assert!(impulse.memory_bytes() >= 3 * BINS * 16);
    assert!(impulse.memory_bytes() < 3 * BINS * 16 + 3 * BLOCK * 4 + 100);
}

#[test]
fn what_is_beyond_a_window_of_a_response_is_not_heard_around_it() {
    let mut convolver = Convolver::new();
    let clip = noise(1000, 1);
    for delay in [300, 1500] {
        let mut response = noise(2500, 2);
        response[delay] = 2.0;
        let impulse = convolver.prepare_first(&response, clip.len()).unwrap();
        let mut samples = clip.clone();
        convolver
            .convolve_around(&impulse, 0, &mut samples)
            .unwrap();
        let mut at_once = clip.clone();
        convolver
            .convolve_around(&impulse, 1000, &mut at_once)
            .unwrap();
        let apart = samples.iter().zip(&at_once).map(|(a, b)| (a - b).abs());
        assert!(apart.fold(0.0, f32::max) < 1e-5);
        // A delay beyond the window turns nothing.
        let turned = if delay < 1000 { delay } else { 0 };
        for n in (0..1000).step_by(37) {
            let sum: f64 = (0..1000)
                .map(|tap| {
                    let sample = clip[(n + turned + 1000 - tap) % 1000];
                    f64::from(response[tap]) * f64::from(sample)
                })
                .sum();
            let error = (f64::from(samples[n]) - sum / (2.0 + 1e-8)).abs();
            assert!(error < 1e-5, "{n} of {delay}: {error}");
        }
    }
}

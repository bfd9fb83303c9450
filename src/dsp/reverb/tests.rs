//! Tests of where a response leaves a clip.

use proptest::prelude::*;
use rand::SeedableRng;

use super::super::effect::Workspace;
use super::super::tests::{Shelf, scene};
use super::*;

/// A clip through one response.
fn through(response: &[f32], align: bool, clip: &[f32]) -> (Room, Vec<f32>) {
    let mut sounds = Shelf(vec![response.to_vec()]);
    let mut workspace = Workspace::default();
    let mut scene = scene(&mut sounds, &mut workspace);
    let reverb = Reverb {
        probability: 1.0,
        align,
        tail: Tail::Cut,
        level: Loudness::Response,
    };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let room = reverb
        .draw(clip.len(), &mut scene, &mut rng)
        .unwrap()
        .unwrap();
    let mut samples = clip.to_vec();
    reverb.apply(&room, &mut scene, &mut samples).unwrap();
    (room, samples)
}

/// The definition: the full convolution from `shift` on, as long as the clip.
fn direct(response: &[f32], shift: usize, clip: &[f32]) -> Vec<f64> {
    let peak = response.iter().fold(0f32, |peak, tap| peak.max(tap.abs()));
    let at = |n: usize| {
        let taps = response.iter().enumerate().take(n + 1);
        let heard =
            taps.filter_map(|(tap, h)| Some(f64::from(*h) * f64::from(*clip.get(n - tap)?)));
        heard.sum::<f64>() / (f64::from(peak) + 1e-8)
    };
    (shift..shift + clip.len()).map(at).collect()
}

fn loudest(samples: &[f32]) -> usize {
    let peak = samples.iter().fold(0f32, |peak, x| peak.max(x.abs()));
    samples.iter().position(|x| x.abs() == peak).unwrap()
}

/// A room: silence, a direct path, and what comes of it, louder in places.
fn response() -> impl Strategy<Value = Vec<f32>> {
    let tail = prop::collection::vec(-0.9f32..0.9, 0..600);
    (0usize..9000, prop_oneof![Just(1f32), Just(-0.5)], tail).prop_map(|(delay, peak, tail)| {
        let mut response = vec![0.0; delay];
        response.push(peak);
        response.extend(tail);
        response
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_response_moves_a_click_by_a_millisecond(response in response(), at in 0usize..12_000) {
        let mut clip = vec![0.0; 12_000];
        clip[at] = 0.5;
        let (room, wet) = through(&response, true, &clip);
        prop_assert_eq!(room.shift, loudest(&response));
        prop_assert!(loudest(&wet).abs_diff(at) <= 16, "{at} to {}", loudest(&wet));
        // Its tail is kept, as far as the clip reaches.
        let step = 53;
        for (n, expected) in direct(&response, room.shift, &clip).iter().enumerate().step_by(step) {
            prop_assert!((f64::from(wet[n]) - expected).abs() < 1e-6, "{n}");
        }
    }

    #[test]
    fn nothing_of_a_clip_is_lost(response in response(), seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let clip: Vec<f32> = (0..5000).map(|_| rng.random_range(-1.0..1.0)).collect();
        let (room, wet) = through(&response, true, &clip);
        for (n, expected) in direct(&response, room.shift, &clip).iter().enumerate().step_by(97) {
            prop_assert!((f64::from(wet[n]) - expected).abs() < 1e-5, "{n}");
        }
    }
}

#[test]
fn a_response_that_begins_with_its_peak_gives_the_same_either_way() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let clip: Vec<f32> = (0..9000).map(|_| rng.random_range(-1.0..1.0)).collect();
    let response: Vec<f32> = (0..7000).map(|n| (-0.001 * n as f32).exp()).collect();
    let aligned = through(&response, true, &clip);
    assert_eq!(aligned, through(&response, false, &clip));
    let json = serde_json::to_string(&aligned.0).unwrap();
    assert_eq!(json, "\"0\"");
}

#[test]
fn a_second_of_silence_in_front_leaves_the_clip_where_it_was() {
    let mut response = vec![0.0; 16_000];
    response.push(0.25);
    let clip: Vec<f32> = (0..32_000).map(|n| (n as f32 * 0.3).sin()).collect();
    let (room, wet) = through(&response, true, &clip);
    let json = serde_json::to_string(&room).unwrap();
    assert_eq!(json, r#"{"file":"0","shift":16000}"#);
    for (wet, dry) in wet.iter().zip(&clip) {
        assert!((wet - dry).abs() < 1e-6);
    }
    // What livekit-wakeword does: the clip comes a second later.
    let (room, late) = through(&response, false, &clip);
    assert_eq!(room.shift, 0);
    assert!(late[..16_000].iter().all(|x| x.abs() < 1e-6));
    assert!((late[16_001] - clip[1]).abs() < 1e-6);
}

#[test]
fn of_equal_peaks_the_first_is_the_direct_path() {
    let (room, wet) = through(&[0.1, -0.8, 0.0, 0.8], true, &[1.0, 0.0, 0.0, 0.0]);
    assert_eq!(room.shift, 1);
    assert!(
        (wet[0] + 1.0).abs() < 1e-6 && (wet[2] - 1.0).abs() < 1e-6,
        "{wet:?}"
    );
}

/// The definition of a circular convolution with a response turned left by the
/// place of its peak.
fn around(response: &[f32], clip: &[f32]) -> Vec<f64> {
    let len = clip.len();
    let mut turned = response.to_vec();
    turned.resize(len, 0.0);
    turned.rotate_left(loudest(response));
    let at = |n: usize| {
        let taps = turned.iter().enumerate();
        taps.map(|(tap, h)| f64::from(*h) * f64::from(clip[(n + len - tap) % len]))
            .sum::<f64>()
    };
    (0..len).map(at).collect()
}

#[test]
fn a_tail_that_wraps_is_a_circular_convolution_at_the_level_of_the_clip() {
    for (delay, taps) in [(0, 1), (0, 40), (30, 80), (99, 100)] {
        let mut response: Vec<f32> = (0..taps).map(|n| (n as f32 * 0.9).sin() * 0.4).collect();
        response[delay] = -0.9;
        let clip: Vec<f32> = (0..100).map(|n| (n as f32 * 0.37).cos() * 0.1).collect();
        let mut sounds = Shelf(vec![response.clone()]);
        let mut workspace = Workspace::default();
        let mut scene = scene(&mut sounds, &mut workspace);
        let reverb = Reverb {
            probability: 1.0,
            align: true,
            tail: Tail::Wrap,
            level: Loudness::Clip,
        };
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let room = reverb.draw(100, &mut scene, &mut rng).unwrap().unwrap();
        assert_eq!(serde_json::to_string(&room).unwrap(), r#""0""#);
        let mut samples = clip.clone();
        reverb.apply(&room, &mut scene, &mut samples).unwrap();
        let expected = around(&response, &clip);
        let mean = |x: &[f64]| x.iter().map(|x| x.abs()).sum::<f64>() / 100.0;
        let level: f64 = clip.iter().map(|x| f64::from(x.abs())).sum::<f64>() / 100.0;
        let scale = level / mean(&expected);
        for (sample, expected) in samples.iter().zip(&expected) {
            let error = (f64::from(*sample) - expected * scale).abs();
            assert!(
                error < 1e-6,
                "{delay} of {taps}: {sample}, {}",
                expected * scale
            );
        }
    }
}

//! Tests of placement.

use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::super::effect::Workspace;
use super::super::tests::{Shelf, scene};
use super::*;

fn placed(placement: Placement, clip: &[f32], window: usize) -> Vec<f32> {
    let mut window = vec![f32::NAN; window];
    apply(placement, clip, &mut window);
    window
}

fn any_placement() -> impl Strategy<Value = Placement> {
    prop_oneof![
        Just(Placement::Center),
        (0u32..60).prop_map(|jitter| Placement::End { jitter }),
        (0u32..60).prop_map(|start| Placement::Start { start }),
    ]
}

proptest! {
    #[test]
    fn the_whole_window_is_written(
        placement in any_placement(),
        clip in prop::collection::vec(1f32..2.0, 0..60),
        window in 0usize..60,
    ) {
        let placed = placed(placement, &clip, window);
        let sounding: Vec<f32> = placed.iter().copied().filter(|sample| *sample != 0.0).collect();
        // A run of the clip, no longer than fits.
        prop_assert!(sounding.is_empty() || clip.windows(sounding.len()).any(|run| run == sounding));
        let room = match placement {
            Placement::Center => window,
            Placement::End { jitter } => window.saturating_sub(jitter as usize),
            Placement::Start { start } => window.saturating_sub(start as usize),
        };
        prop_assert_eq!(sounding.len(), clip.len().min(room));
    }

    #[test]
    fn a_centred_clip_has_equal_margins(clip_len in 0usize..60, window in 0usize..60) {
        let clip: Vec<f32> = (1..=clip_len).map(|n| n as f32).collect();
        let placed = placed(Placement::Center, &clip, window);
        let silent = |sample: &&f32| **sample == 0.0;
        let before = placed.iter().take_while(silent).count();
        let after = placed.iter().rev().take_while(silent).count();
        if clip_len > 0 && clip_len <= window {
            prop_assert_eq!(before, (window - clip_len) / 2);
            prop_assert_eq!(before + after + clip_len, window);
        } else if clip_len > window && window > 0 {
            prop_assert_eq!(placed[0], ((clip_len - window) / 2 + 1) as f32);
        }
    }
}

/// A placement with a jitter of up to 8 samples.
fn draw(place: Place, rng: &mut ChaCha8Rng) -> Placement {
    draw_for(place, 10, rng)
}

fn draw_for(place: Place, clip: usize, rng: &mut ChaCha8Rng) -> Placement {
    let (mut sounds, mut workspace) = (Shelf::default(), Workspace::default());
    let mut scene = Scene {
        place: Some(place),
        ..scene(&mut sounds, &mut workspace)
    };
    let placing = Placing { jitter_ms: 0.5 };
    placing.draw(clip, &mut scene, rng).unwrap().unwrap()
}

#[test]
fn jitter_covers_its_range_and_no_more() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut seen = [false; 9];
    // Missing one of nine in 500 draws: once in 10^25.
    for _ in 0..500 {
        match draw(Place::End, &mut rng) {
            Placement::End { jitter } => seen[jitter as usize] = true,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(seen, [true; 9]);
    assert_eq!(draw(Place::Center, &mut rng), Placement::Center);
}

#[test]
fn a_jitter_never_cuts_a_clip_that_starts_in_its_window() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    // A window of 100 samples, and a jitter of 0 to 7.
    for (clip, starts) in [(10, 83..=90), (95, 0..=5), (100, 0..=0), (140, 0..=0)] {
        let mut seen = vec![false; starts.clone().count()];
        for _ in 0..500 {
            match draw_for(Place::Start, clip, &mut rng) {
                Placement::Start { start } => seen[(start - starts.start()) as usize] = true,
                other => panic!("{other:?}"),
            }
        }
        assert!(seen.iter().all(|seen| *seen), "{clip}: {seen:?}");
    }
    let placed = placed(Placement::Start { start: 1 }, &[1.0, 2.0, 3.0, 4.0], 3);
    assert_eq!(placed, [0.0, 1.0, 2.0]);
}

#[test]
fn a_long_clip_keeps_its_tail_at_the_end() {
    let clip = [1.0, 2.0, 3.0, 4.0, 5.0];
    let placed = placed(Placement::End { jitter: 1 }, &clip, 4);
    assert_eq!(placed, [3.0, 4.0, 5.0, 0.0]);
}

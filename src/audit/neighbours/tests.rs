//! Rows around two points.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

/// Rows around one of two points, of which `strays` lie around the wrong one.
fn space(strays: usize, shift: f32) -> Space {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut space = Space::default();
    for row in 0..200 {
        let (positive, test) = (row % 2 == 0, row % 4 < 2);
        let there = positive != (row < strays);
        let features: Vec<f32> = (0..16 * SIZE)
            .map(|n| {
                let at = if there { (n % SIZE) as f32 / 10.0 } else { 0.0 };
                let moved = if test { shift * (n % 5) as f32 } else { 0.0 };
                at + moved + rng.random_range(-3.0..3.0)
            })
            .collect();
        space.add(
            Member {
                positive,
                test,
                row,
            },
            &features,
        );
    }
    space
}

fn tell(space: Space) -> Told {
    let all = space.into_comparable();
    let mut looked = all.look(0..all.count() / 3);
    looked.extend(all.look(all.count() / 3..all.count()));
    all.tell(&looked)
}

#[test]
fn rows_among_others_are_found() {
    let told = tell(space(3, 0.0));
    let among: Vec<usize> = told
        .among_others
        .iter()
        .filter(|(_, share)| *share > 0.9)
        .map(|(row, _)| *row)
        .collect();
    assert_eq!(among, [0, 1, 2]);
    assert!(told.overlap.unwrap() < 0.05, "{told:?}");
    assert!(
        (0.3..0.7).contains(&told.drift.unwrap()),
        "{:?}",
        told.drift
    );
}

#[test]
fn what_is_far_from_both_labels_is_among_neither() {
    let mut space = space(0, 0.0);
    // A negative nearer to the positives than to its own, and far from all.
    let features: Vec<f32> = (0..16 * SIZE)
        .map(|n| {
            if n % 2 == 0 {
                60.0
            } else {
                (n % SIZE) as f32 / 10.0
            }
        })
        .collect();
    let far = Member {
        positive: false,
        test: false,
        row: 200,
    };
    space.add(far, &features);
    let told = tell(space);
    assert!(told.among_others.iter().all(|(row, _)| *row != 200));
}

#[test]
fn parts_that_lie_apart_drift() {
    assert!(tell(space(0, 2.0)).drift.unwrap() > 0.9);
}

#[test]
fn too_few_rows_say_nothing() {
    assert_eq!(tell(Space::default()), Told::default());
}

//! Tests of joined backgrounds.

use proptest::prelude::*;
use rand::SeedableRng;

use super::super::super::level::energy;
use super::super::super::tests::Shelf;
use super::*;

fn shelf(lengths: &[usize]) -> Shelf {
    let sound = |(n, len): (usize, &usize)| {
        let level = 0.5f32.powi(n as i32);
        (0..*len)
            .map(|k| level * (1.0 + k as f32 * 0.7).sin())
            .collect()
    };
    Shelf(lengths.iter().enumerate().map(sound).collect())
}

proptest! {
    #[test]
    fn pieces_fill_a_clip(
        lengths in prop::collection::vec(1usize..60, 1..4),
        clip in 0u64..200,
        seed: u64,
    ) {
        let mut sounds = shelf(&lengths);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let pieces = draw(clip, &mut sounds, &mut rng).unwrap();
        prop_assert_eq!(pieces.iter().map(|piece| piece.length).sum::<u64>(), clip);
        for (n, piece) in pieces.iter().enumerate() {
            let len = lengths[piece.file.parse::<usize>().unwrap()] as u64;
            prop_assert!(piece.start + piece.length <= len);
            // Only the last may be a part.
            prop_assert!(n + 1 == pieces.len() || piece.length == len);
        }
        let mut noise = vec![9.0];
        read(&pieces, &mut sounds, &mut noise).unwrap();
        prop_assert_eq!(noise.len() as u64, clip);
    }
}

#[test]
fn every_piece_and_the_whole_have_the_same_level() {
    let mut sounds = shelf(&[400, 300]);
    let piece = |file: &str, start, length| Piece {
        file: file.into(),
        start,
        length,
    };
    let pieces = [piece("0", 0, 400), piece("1", 20, 200)];
    let mut noise = Vec::new();
    read(&pieces, &mut sounds, &mut noise).unwrap();
    for part in [&noise[..400], &noise[400..]] {
        assert!((rms(part) - 1.0).abs() < 1e-6);
    }
    let clip: Vec<f32> = (0..600).map(|n| (n as f32 * 0.3).sin() * 0.2).collect();
    let mut mixed = clip.clone();
    mix(&mut mixed, &mut noise, -4.0);
    let added: Vec<f32> = mixed.iter().zip(&clip).map(|(m, c)| m - c).collect();
    let ratio = 10.0 * (energy(&clip) / energy(&added)).log10();
    assert!((ratio + 4.0).abs() < 1e-4, "{ratio} dB");
}

#[test]
fn what_is_not_there_is_an_error() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let error = draw(10, &mut shelf(&[0]), &mut rng).unwrap_err();
    assert_eq!(error.to_string(), "0: the background is empty");
    let late = Piece {
        file: "0".into(),
        start: 5,
        length: 6,
    };
    let error = read(&[late], &mut shelf(&[10]), &mut Vec::new()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "0: the background has 10 samples, and 6 from 5 on are wanted"
    );
}

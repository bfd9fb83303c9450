//! Tests of coloured noise.

use rand::SeedableRng;

use super::super::level::energy;
use super::normals::split_mix;
use super::*;

#[test]
fn the_numbers_are_those_of_split_mix() {
    // The first numbers of the reference implementation (prng.di.unimi.it) for
    // the seed 1234567.
    let first: Vec<u64> = (1..=3).map(|k| split_mix(1_234_567, k)).collect();
    assert_eq!(
        first,
        [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423
        ]
    );
}

#[test]
fn normals_are_standard_and_of_their_seed() {
    let (mut some, mut same, mut other) = (vec![0.0; 16_000], vec![0.0; 16_000], vec![0.0; 16_000]);
    normals(5, &mut some);
    normals(5, &mut same);
    normals(6, &mut other);
    assert_eq!(some, same);
    assert_ne!(some, other);
    // Mean and variance of n normals have standard errors of √(1/n) and √(2/n).
    // Beyond five of them is one normal in 1.7 million.
    let n = some.len() as f64;
    let mean = some.iter().sum::<f64>() / n;
    let variance = some.iter().map(|x| x * x).sum::<f64>() / n;
    assert!(mean.abs() < 5.0 / n.sqrt(), "{mean}");
    assert!(
        (variance - 1.0).abs() < 5.0 * (2.0 / n).sqrt(),
        "{variance}"
    );
}

#[test]
fn noise_has_the_ratio_asked_for_and_repeats_every_second() {
    let clip: Vec<f32> = (0..40_000).map(|n| (n as f32 * 0.05).sin() * 0.1).collect();
    let mut colored = Colored::default();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for f_decay in [-1.0, 0.0, 2.0] {
        let noise = Noise {
            snr_db: 20.0,
            f_decay,
            seed: rng.random_range(0..SEEDS),
        };
        let mut samples = clip.clone();
        colored.add(noise, 16_000, &mut samples).unwrap();
        let added: Vec<f32> = samples.iter().zip(&clip).map(|(a, b)| a - b).collect();
        let ratio = 10.0 * (energy(&clip[..32_000]) / energy(&added[..32_000])).log10();
        assert!((ratio - 20.0).abs() < 0.05, "{ratio} dB");
        for (first, second) in added[..16_000].iter().zip(&added[16_000..]) {
            assert!((first - second).abs() < 1e-6);
        }
        // The more decay, the less one sample differs from the next.
        let steps: Vec<f32> = added.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let roughness = energy(&steps) / energy(&added);
        let expected = match f_decay {
            0.0 => 1.9..2.1,
            decay if decay < 0.0 => 2.1..4.0,
            _ => 0.0..1.9,
        };
        assert!(expected.contains(&roughness), "{f_decay}: {roughness}");
    }
}

#[test]
fn silence_stays_silent() {
    let mut samples = vec![0.0; 100];
    let noise = Noise {
        snr_db: 10.0,
        f_decay: 1.0,
        seed: 1,
    };
    Colored::default().add(noise, 16_000, &mut samples).unwrap();
    assert_eq!(samples, vec![0.0; 100]);
}

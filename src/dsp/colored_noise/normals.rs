//! Normals of a seed: whole numbers of SplitMix64 (Steele, Lea and Flood, 2014),
//! and Box and Muller's method.

// Loops with constant bounds become vector instructions.
#![allow(clippy::needless_range_loop)]

use multiversion::multiversion;

use super::super::rounded;
use super::lanes::{float, logarithm, wave};

/// Pairs that are made side by side.
const PAIRS: usize = 16;

/// Fills with the standard normals of a seed, in single precision.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
pub fn normals(seed: u64, out: &mut [f64]) {
    for (block, out) in (0..).zip(out.chunks_mut(2 * PAIRS)) {
        let first = block * 2 * PAIRS as u64 + 1;
        let (mut radius, mut turns) = ([0.0; PAIRS], [0.0; PAIRS]);
        for n in 0..PAIRS {
            radius[n] = uniform(split_mix(seed, first + 2 * n as u64));
            turns[n] = uniform(split_mix(seed, first + 2 * n as u64 + 1));
        }
        for n in 0..PAIRS {
            radius[n] = (-2.0 * logarithm(radius[n])).sqrt();
        }
        let mut waves = [[0.0; PAIRS]; 2];
        for n in 0..PAIRS {
            let (cos, sin) = wave(turns[n]);
            waves[0][n] = rounded(radius[n] * cos);
            waves[1][n] = rounded(radius[n] * sin);
        }
        for (n, out) in out.iter_mut().enumerate() {
            *out = waves[n % 2][n / 2];
        }
    }
}

/// A number between 0 and 1 of the first 53 of 64 bits.
#[inline(always)]
fn uniform(bits: u64) -> f64 {
    const HALF: u64 = 1 << 26;
    let whole = bits >> 11;
    let (high, low) = (float(whole / HALF), float(whole % HALF));
    (high * HALF as f64 + (low + 0.5)) * (1.0 / (1u64 << 53) as f64)
}

/// The `k`-th number of SplitMix64, counted from 1.
#[inline(always)]
pub fn split_mix(seed: u64, k: u64) -> u64 {
    let z = seed.wrapping_add(k.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

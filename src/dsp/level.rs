//! How loud a clip is, in one pass.

use multiversion::multiversion;

/// Below this magnitude throughout, a sound is silent: −60 dBFS.
pub const SILENCE: f32 = 1e-3;

/// Magnitudes from here on are at full scale: the greatest of 16 bits.
pub const FULL_SCALE: f32 = 32_767.0 / 32_768.0;

/// All bits of a float but its sign.
const MAGNITUDE: u32 = u32::MAX >> 1;

/// Samples in a piece of which the count fits 32 bits.
const PIECE: usize = 1 << 16;

/// How loud samples are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// The greatest magnitude.
    pub peak: f32,
    /// Samples at full scale or beyond.
    pub full: u64,
}

impl Level {
    /// That of two stretches together.
    pub fn with(self, other: Self) -> Self {
        Self {
            peak: self.peak.max(other.peak),
            full: self.full + other.full,
        }
    }

    /// Measures samples, all of them finite.
    pub fn of(samples: &[f32]) -> Self {
        let (mut bits, mut full) = (0, 0);
        for piece in samples.chunks(PIECE) {
            let (greatest, count) = measure(piece);
            bits = greatest.max(bits);
            full += u64::from(count);
        }
        Self {
            peak: f32::from_bits(bits),
            full,
        }
    }
}

/// The bits of the greatest magnitude, and how many are at full scale.
/// Magnitudes have the order of their bits, and whole numbers may be compared
/// in any order, so that this runs in vector registers: as a loop, since a closure
/// would stay behind with the instructions that every processor has.
#[multiversion(targets("x86_64+avx2"))]
fn measure(samples: &[f32]) -> (u32, u32) {
    let full = FULL_SCALE.to_bits();
    let (mut greatest, mut count) = (0, 0);
    for x in samples {
        let bits = x.to_bits() & MAGNITUDE;
        greatest = if bits > greatest { bits } else { greatest };
        count += u32::from(bits >= full);
    }
    (greatest, count)
}

/// Whether three samples in a row have at least that magnitude anywhere.
pub fn has_three_from(samples: &[f32], magnitude: f32) -> bool {
    /// Samples that are looked at more closely where one of them is that great.
    const FEW: usize = 64;
    let mut at = 0;
    while let Some(found) = first_from(&samples[at..], magnitude, FEW) {
        let few = at + found;
        // With two behind them, in which a row may end.
        let near = &samples[few..samples.len().min(few + FEW + 2)];
        let is_great = |row: &[f32]| row.iter().all(|x| x.abs() >= magnitude);
        if near.windows(3).any(is_great) {
            return true;
        }
        at = (few + FEW).min(samples.len());
    }
    false
}

/// Where the first so many samples begin, counted in these, of which one has at least
/// that magnitude.
#[multiversion(targets("x86_64+avx2"))]
fn first_from(samples: &[f32], magnitude: f32, few: usize) -> Option<usize> {
    let least = magnitude.to_bits();
    for (index, samples) in samples.chunks(few).enumerate() {
        let mut greatest = 0;
        for x in samples {
            let bits = x.to_bits() & MAGNITUDE;
            greatest = if bits > greatest { bits } else { greatest };
        }
        if greatest >= least {
            return Some(index * few);
        }
    }
    None
}

/// Root mean square of samples; 0 of none.
pub fn rms(samples: &[f32]) -> f64 {
    (energy(samples) / samples.len().max(1) as f64).sqrt()
}

/// Sum of squares.
#[multiversion(targets("x86_64+avx2"))]
pub fn energy(samples: &[f32]) -> f64 {
    partial_sums(samples, |sample| f64::from(sample).powi(2))
}

/// Mean magnitude; 0 of none.
#[multiversion(targets("x86_64+avx2"))]
pub fn mean_magnitude(samples: &[f32]) -> f64 {
    let sum = partial_sums(samples, |sample| f64::from(sample).abs());
    sum / samples.len().max(1) as f64
}

/// A sum over all samples, in eight partial sums, so that additions do not wait
/// for each other.
#[inline(always)]
fn partial_sums(samples: &[f32], value: impl Fn(f32) -> f64) -> f64 {
    let mut partial = [0f64; 8];
    let (chunks, tail) = samples.as_chunks::<8>();
    for chunk in chunks {
        for (sum, sample) in partial.iter_mut().zip(chunk) {
            *sum += value(*sample);
        }
    }
    let tail: f64 = tail.iter().map(|sample| value(*sample)).sum();
    tail + partial.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peaks_and_full_scale_are_found_anywhere() {
        assert_eq!(Level::of(&[]), Level::default());
        let mut samples = vec![0.25; 3 * PIECE + 17];
        samples[2 * PIECE + 5] = -0.5;
        let level = Level { peak: 0.5, full: 0 };
        assert_eq!(Level::of(&samples), level);
        assert!(!has_three_from(&samples, 0.5) && has_three_from(&samples, 0.25));
        for (at, full) in [(0, 1.0), (PIECE, -1.0), (3 * PIECE + 16, FULL_SCALE)] {
            samples[at] = full;
        }
        assert_eq!(Level::of(&samples), Level { peak: 1.0, full: 3 });
    }

    #[test]
    fn three_in_a_row_are_found_anywhere() {
        for length in [3, 64, 66, 127, 130, 200] {
            for at in 0..length - 2 {
                let mut samples = vec![0.25; length];
                samples[at] = -0.5;
                samples[at + 2] = 0.5;
                assert!(!has_three_from(&samples, 0.5), "{at} of {length}");
                samples[at + 1] = 0.5;
                assert!(has_three_from(&samples, 0.5), "{at} of {length}");
            }
        }
        assert!(!has_three_from(&[0.5; 2], 0.5) && !has_three_from(&[], 0.5));
    }
}

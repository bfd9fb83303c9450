//! The first layer: 3×3 taps from one channel to 24.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use crate::frontend::speech::sizes::BANDS;

use super::dispatch::{Isa, Operation};
use super::lanes::{Lanes, WIDTH};
use super::layer::{Activation, row};
use super::product::{COLUMNS, Row};

/// Channels that it makes.
pub const CHANNELS: usize = COLUMNS * WIDTH;

/// Bands computed together: six sums in registers.
const TOGETHER: usize = 2;

/// The first layer, ready to run. Too few inputs for Winograd's transforms to
/// pay: it multiplies directly, with w the taps and c the input's centre,
///
/// ```text
/// y = b + Σ w x = b + c Σ w + Σ w (x − c)
/// ```
///
/// Neighbours in a spectrogram are alike, so the last sum is of small numbers
/// and keeps its digits. Silence is −8 everywhere: there the plain sum would
/// round alike in every place, and six times as much of it as ONNX Runtime
/// leaves would reach the embedding.
#[derive(Clone, Debug)]
pub struct Stem {
    /// `[time][frequency]`
    taps: [[Row; 3]; 3],
    /// Sum of all taps.
    total: Row,
    bias: Row,
}

impl Stem {
    /// `taps[output][time][frequency]` and a bias per output.
    pub fn new(taps: &[[[f32; 3]; 3]], bias: &[f32]) -> Self {
        let total = |taps: &[[f32; 3]; 3]| taps.iter().flatten().copied().map(f64::from).sum();
        let totals: Vec<f64> = taps.iter().map(total).collect();
        let mut stem = Self {
            taps: [[[Lanes::ZERO; COLUMNS]; 3]; 3],
            total: row(&totals.iter().map(|&sum| sum as f32).collect::<Vec<_>>()),
            bias: row(bias),
        };
        for (output, taps) in taps.iter().enumerate().take(CHANNELS) {
            for time in 0..3 {
                for bin in 0..3 {
                    let row = &mut stem.taps[time][bin];
                    row[output / WIDTH].0[output % WIDTH] = taps[time][bin];
                }
            }
        }
        stem
    }

    /// Reads frames of [`BANDS`] values and writes as many time steps as
    /// `output` holds, two fewer than frames.
    pub fn run(&self, isa: Isa, frames: &[f32], output: &mut [Lanes]) {
        isa.run(Run {
            stem: self,
            frames,
            output,
        });
    }
}

struct Run<'a> {
    stem: &'a Stem,
    frames: &'a [f32],
    output: &'a mut [Lanes],
}

impl Operation for Run<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Stem { taps, total, bias } = self.stem;
        let windows = self.frames.windows(3 * BANDS).step_by(BANDS);
        let steps = self.output.chunks_exact_mut(BANDS * COLUMNS);
        for (frames, step) in windows.zip(steps) {
            // One zero on each side in frequency.
            let mut padded = [[0.0; BANDS + 2]; 3];
            for time in 0..3 {
                padded[time][1..=BANDS].copy_from_slice(&frames[time * BANDS..][..BANDS]);
            }
            for (pair, output) in step.chunks_exact_mut(TOGETHER * COLUMNS).enumerate() {
                let mut sums = [*bias; TOGETHER];
                let mut centres = [0.0; TOGETHER];
                for band in 0..TOGETHER {
                    centres[band] = padded[1][pair * TOGETHER + band + 1];
                    for column in 0..COLUMNS {
                        sums[band][column] =
                            total[column].mul_add::<FUSED>(centres[band], sums[band][column]);
                    }
                }
                for time in 0..3 {
                    for bin in 0..3 {
                        for band in 0..TOGETHER {
                            let x = padded[time][pair * TOGETHER + band + bin] - centres[band];
                            for column in 0..COLUMNS {
                                sums[band][column] =
                                    taps[time][bin][column].mul_add::<FUSED>(x, sums[band][column]);
                            }
                        }
                    }
                }
                for band in 0..TOGETHER {
                    for column in 0..COLUMNS {
                        output[band * COLUMNS + column] = Activation::LEAKY.of(sums[band][column]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frontend::speech::native::reference;
    use crate::frontend::speech::native::reference::{Map, Noise};

    #[test]
    fn a_constant_spectrogram_is_as_exact_as_its_last_rounding() {
        let weights = Noise(7).embedding();
        let stem = Stem::new(&weights.stem, &weights.stem_bias);
        let frames = vec![-8.0; 5 * BANDS];
        let mut output = vec![Lanes::ZERO; 3 * BANDS * COLUMNS];
        stem.run(Isa::detect(), &frames, &mut output);
        let map = Map::new([5, BANDS, 1], |_, _, _| -8.0);
        let expected = reference::stem(&map, &weights.stem, &weights.stem_bias).values;
        // Where no padding is near.
        let inner = |index: &usize| (1..BANDS - 1).contains(&(index / CHANNELS % BANDS));
        let found: Vec<f32> = output.iter().flat_map(|lanes| lanes.0).collect();
        for index in (0..found.len()).filter(inner) {
            let error = (f64::from(found[index]) - expected[index]).abs();
            let rounding = f64::from(f32::EPSILON) * (expected[index].abs() + 0.5);
            assert!(
                error <= rounding,
                "{index}: {} for {}",
                found[index],
                expected[index]
            );
        }
    }
}

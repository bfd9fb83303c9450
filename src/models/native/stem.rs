//! The first layer: 3×3 taps from one channel to 24.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use super::dispatch::{Isa, Operation};
use super::lanes::{Lanes, WIDTH};
use super::layer::{Activation, row};
use super::product::{COLUMNS, Row};

/// Mel bands of a frame.
pub const BANDS: usize = 32;
/// Channels that it makes.
pub const CHANNELS: usize = COLUMNS * WIDTH;

/// Bands computed together: six sums in registers.
const TOGETHER: usize = 2;

/// The first layer, ready to run. Too few inputs for Winograd's transforms to
/// pay: it multiplies directly.
#[derive(Clone, Debug)]
pub struct Stem {
    /// `[time][frequency]`
    taps: [[Row; 3]; 3],
    bias: Row,
}

impl Stem {
    /// `taps[output][time][frequency]` and a bias per output.
    pub fn new(taps: &[[[f32; 3]; 3]], bias: &[f32]) -> Self {
        let mut stem = Self {
            taps: [[[Lanes::ZERO; COLUMNS]; 3]; 3],
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
        let Stem { taps, bias } = self.stem;
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
                for time in 0..3 {
                    for bin in 0..3 {
                        for band in 0..TOGETHER {
                            let x = padded[time][pair * TOGETHER + band + bin];
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

//! The matrix product in the middle of every layer.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use super::lanes::{Lanes, WIDTH};

/// Columns of a block, in lanes: 24 output channels, which divide the number
/// of channels of every layer.
pub const COLUMNS: usize = 3;
/// Rows computed together. Three rows of 24 columns hold 9 sums in registers,
/// enough to hide the latency of the multiply-add; with four rows the 16
/// registers of AVX2 do not suffice.
pub const ROWS: usize = 3;

/// Inputs summed in one go, in lanes. The sums of such stretches are added up
/// after: the rounding error of one running sum grows with its length. Shorter
/// stretches leave a little less error and cost a few per cent of the time.
const STRETCH: usize = 3;

/// One row of a block of columns.
pub type Row = [Lanes; COLUMNS];
/// The weights from eight inputs to a block of columns.
pub type Weights = [Row; WIDTH];

/// `products = inputs × weights`: `inputs` holds rows of `weights.len()` lanes;
/// the number of rows is a multiple of [`ROWS`].
#[inline(always)]
pub fn multiply<const FUSED: bool>(inputs: &[Lanes], weights: &[Weights], products: &mut [Row]) {
    let depth = weights.len();
    let groups = inputs.chunks_exact(ROWS * depth);
    for (rows, sums) in groups.zip(products.chunks_exact_mut(ROWS)) {
        let (first, rest) = rows.split_at(depth);
        let (second, third) = rest.split_at(depth);
        let first = first.chunks(STRETCH);
        let others = second.chunks(STRETCH).zip(third.chunks(STRETCH));
        let mut whole = [[Lanes::ZERO; COLUMNS]; ROWS];
        for ((weights, x0), (x1, x2)) in weights.chunks(STRETCH).zip(first).zip(others) {
            let part = multiply_rows::<FUSED>([x0, x1, x2], weights);
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    whole[row][column] = whole[row][column].add(part[row][column]);
                }
            }
        }
        sums.copy_from_slice(&whole);
    }
}

#[inline(always)]
fn multiply_rows<const FUSED: bool>(
    [first, second, third]: [&[Lanes]; ROWS],
    weights: &[Weights],
) -> [Row; ROWS] {
    let mut sums = [[Lanes::ZERO; COLUMNS]; ROWS];
    // Zipped, so that no index is checked.
    for (((weights, x0), x1), x2) in weights.iter().zip(first).zip(second).zip(third) {
        for i in 0..WIDTH {
            let x = [x0.0[i], x1.0[i], x2.0[i]];
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    sums[row][column] =
                        weights[i][column].mul_add::<FUSED>(x[row], sums[row][column]);
                }
            }
        }
    }
    sums
}

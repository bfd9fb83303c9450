//! Functions of one lane in double precision, for loops over many: no branch and
//! no call, so that they become vector instructions, and no fused multiply-add, so
//! that those give the same bits everywhere.

// Loops with constant bounds unroll completely.
#![allow(clippy::needless_range_loop)]

/// 2^52, whose last bit is one: what is added to it keeps its whole part.
const WHOLE: f64 = 4_503_599_627_370_496.0;

/// A whole number below 2^52.
#[inline(always)]
pub fn float(whole: u64) -> f64 {
    f64::from_bits(whole | WHOLE.to_bits()) - WHOLE
}

/// The natural logarithm of a normal number above 0, within 1e-15 of itself or
/// absolutely: that of its fraction `m` from √½ to √2 is the series of 2 artanh of
/// (m − 1) / (m + 1).
#[inline(always)]
pub fn logarithm(x: f64) -> f64 {
    const FRACTION: u64 = (1 << 52) - 1;
    const ROOT_OF_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const TERMS: usize = 12;
    // The exponent that leaves a fraction from √½ on.
    let above = x.to_bits().wrapping_sub(ROOT_OF_HALF);
    let exponent = float((above.wrapping_add(1024 << 52)) >> 52) - 1024.0;
    let fraction = f64::from_bits((above & FRACTION).wrapping_add(ROOT_OF_HALF));
    let slope = (fraction - 1.0) / (fraction + 1.0);
    let square = slope * slope;
    let mut sum = 1.0 / (2 * TERMS - 1) as f64;
    for n in 1..TERMS {
        sum = sum * square + 1.0 / (2 * (TERMS - n) - 1) as f64;
    }
    exponent * std::f64::consts::LN_2 + 2.0 * slope * sum
}

/// e to a power from −700 to 700, within 1e-14 of itself: a power of two and the
/// Taylor series of what is left.
#[inline(always)]
pub fn exponential(x: f64) -> f64 {
    /// ln 2, of which this many bits are exact products with small whole numbers, and the rest.
    const HIGH: f64 = 0.693_147_180_369_123_8;
    const LOW: f64 = 1.908_214_929_270_587_7e-10;
    const TERMS: usize = 14;
    const ROUND: f64 = 1.5 * WHOLE;
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = (x - whole * HIGH) - whole * LOW;
    let mut sum = 1.0;
    for n in 1..TERMS {
        sum = sum * rest * (1.0 / (TERMS - n) as f64) + 1.0;
    }
    let power = shifted.to_bits().wrapping_add(1023) << 52;
    sum * f64::from_bits(power)
}

/// Cosine and sine of an angle from 0 to 1 turns, within 1e-15.
#[inline(always)]
pub fn wave(turns: f64) -> (f64, f64) {
    // From −½ to ½, where both are the sine of an angle within a quarter turn.
    let turns = if turns > 0.5 { turns - 1.0 } else { turns };
    let turned = turns.abs();
    let cos = sine(0.25 - turned);
    let sin = sine(0.25 - (turned - 0.25).abs());
    (cos, sin.copysign(turns))
}

/// The sine of an angle within a quarter turn: its Taylor series.
#[inline(always)]
fn sine(turns: f64) -> f64 {
    const TERMS: usize = 12;
    let angle = turns * std::f64::consts::TAU;
    let square = angle * angle;
    let mut sum = 1.0;
    for n in 1..TERMS {
        let k = 2 * (TERMS - n);
        sum = 1.0 - sum * square * (1.0 / (k * (k + 1)) as f64);
    }
    sum * angle
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn logarithms_are_those_of_the_standard_library(x in 1e-17f64..4.0) {
            let (found, expected) = (logarithm(x), x.ln());
            prop_assert!((found - expected).abs() <= 1e-15 * expected.abs().max(1.0), "{x}: {found}");
        }

        #[test]
        fn exponentials_are_those_of_the_standard_library(x in -700f64..700.0) {
            let (found, expected) = (exponential(x), x.exp());
            prop_assert!((found - expected).abs() <= 1e-14 * expected, "{x}: {found}");
        }

        #[test]
        fn waves_are_those_of_the_standard_library(turns in 0f64..=1.0) {
            let (sin, cos) = (std::f64::consts::TAU * turns).sin_cos();
            let wave = wave(turns);
            let error = (wave.0 - cos).abs().max((wave.1 - sin).abs());
            prop_assert!(error < 1e-15, "{turns}: {error}");
        }

        #[test]
        fn whole_numbers_are_exact(whole in 0u64..1 << 52) {
            prop_assert_eq!(float(whole), whole as f64);
        }
    }
}

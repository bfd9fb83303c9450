//! Functions of one lane, for loops over many: no branch and no call, so that they
//! become vector instructions, and no fused multiply-add, so that those give the
//! same bits everywhere.

// Loops with constant bounds unroll completely.
#![allow(clippy::needless_range_loop)]

/// To the nearest whole number, a half to the even one; below 2^22.
#[inline(always)]
pub fn round(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    (x + ROUND) - ROUND
}

/// To the nearest whole number; below 2^51.
#[inline(always)]
pub fn round_f64(x: f64) -> f64 {
    const ROUND: f64 = 6_755_399_441_055_744.0;
    (x + ROUND) - ROUND
}

/// The angle of a point, within 3 units in the last place: the arctangent of the
/// first eighth of a turn by the polynomial of SLEEF's `atan2f`, and the others by
/// symmetry. That of the origin is 0.
#[inline(always)]
pub fn angle(x: f32, y: f32) -> f32 {
    use std::f32::consts::{FRAC_PI_2, PI};
    const SERIES: [f32; 8] = [
        0.002_823_638_6,
        -0.015_956_903,
        0.042_504_99,
        -0.074_890_09,
        0.106_347_93,
        -0.142_027_36,
        0.199_926_96,
        -0.333_331_02,
    ];
    let (width, height) = (x.abs(), y.abs());
    let steep = height > width;
    let (less, more) = if steep {
        (width, height)
    } else {
        (height, width)
    };
    let slope = less / if more > f32::MIN_POSITIVE { more } else { 1.0 };
    let square = slope * slope;
    let mut sum = SERIES[0];
    for n in 1..SERIES.len() {
        sum = sum * square + SERIES[n];
    }
    let angle = slope + slope * (square * sum);
    let angle = if steep { FRAC_PI_2 - angle } else { angle };
    let angle = if x < 0.0 { PI - angle } else { angle };
    angle.copysign(y)
}

/// Cosine and sine of an angle from −1/2 to 1/2 turns, each the sine of an angle
/// within a quarter turn.
#[inline(always)]
pub fn wave_of(turns: f32) -> (f32, f32) {
    let turned = turns.abs();
    let cos = sine(0.25 - turned);
    let sin = sine(0.25 - (turned - 0.25).abs());
    (cos, sin.copysign(turns))
}

/// The sine of an angle within a quarter turn: its Taylor series, within 6e-8.
#[inline(always)]
fn sine(turns: f32) -> f32 {
    /// (2π)^n / n! for n from 11 to 1, with alternating signs.
    const SERIES: [f32; 6] = [
        -15.094_642,
        42.058_693,
        -76.705_86,
        81.605_25,
        -41.341_7,
        6.283_185_5,
    ];
    let square = turns * turns;
    let mut sum = SERIES[0];
    for n in 1..SERIES.len() {
        sum = sum * square + SERIES[n];
    }
    sum * turns
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn angles_are_those_of_the_standard_library(x in -2f32..2.0, y in -2f32..2.0, small: bool) {
            let scale = if small { 1e-9 } else { 1.0 };
            let expected = f64::from(y * scale).atan2(f64::from(x * scale));
            let error = (f64::from(angle(x * scale, y * scale)) - expected).abs();
            prop_assert!(error < 4e-7, "{x}, {y}: {error}");
        }

        #[test]
        fn waves_are_those_of_the_standard_library(turns in -0.5f32..=0.5) {
            let (sin, cos) = (std::f64::consts::TAU * f64::from(turns)).sin_cos();
            let wave = wave_of(turns);
            let error = (f64::from(wave.0) - cos).abs().max((f64::from(wave.1) - sin).abs());
            prop_assert!(error < 3e-7, "{turns}: {error}");
        }

        #[test]
        fn rounding_is_to_the_nearest_even(x in -1e5f64..1e5) {
            prop_assert_eq!(round_f64(x), x.round_ties_even());
            prop_assert_eq!(round(x as f32), (x as f32).round_ties_even());
        }
    }

    #[test]
    fn angles_of_the_axes_are_exact() {
        use std::f32::consts::{FRAC_PI_2, PI};
        assert_eq!(angle(0.0, 0.0), 0.0);
        assert_eq!(angle(3.0, 0.0), 0.0);
        assert_eq!(angle(-3.0, 0.0), PI);
        assert_eq!(angle(0.0, 3.0), FRAC_PI_2);
        assert_eq!(angle(0.0, -3.0), -FRAC_PI_2);
    }
}

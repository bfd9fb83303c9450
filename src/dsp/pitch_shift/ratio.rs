//! Quotients of whole numbers that a pitch is multiplied by.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::super::Range;

/// Greatest whole number of a quotient that is drawn from all of them: two
/// neighbours are at most 14 cents apart.
const FINEST: u32 = 128;

/// Greatest whole number of any quotient: a filter of the resampler for each.
const MOST: u32 = 1 << 14;

/// What a pitch is multiplied by; as text `125/128`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ratio {
    /// Above the line.
    pub over: u32,
    /// Below it.
    pub under: u32,
}

/// A text that is no [`Ratio`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a ratio is two whole numbers from 1 to {MOST}, such as 125/128, from 1/4 to 4")]
pub struct RatioError;

impl Ratio {
    /// Its value.
    pub fn value(self) -> f64 {
        f64::from(self.over) / f64::from(self.under)
    }

    /// In semitones.
    pub fn semitones(self) -> f64 {
        12.0 * libm::log2(self.value())
    }

    /// The one nearest to a change of pitch, of numbers up to 128; never 1.
    pub fn nearest(semitones: f64) -> Self {
        let value = libm::pow(2.0, semitones / 12.0);
        let mut best = Self {
            over: FINEST,
            under: FINEST - 1,
        };
        let distance = |ratio: Self| (ratio.value() - value).abs();
        let candidates = (1..=FINEST).map(|under| Self {
            over: (f64::from(under) * value).round() as u32,
            under,
        });
        let below = Self {
            over: FINEST - 1,
            under: FINEST,
        };
        // The first of equals: the one of the smallest numbers.
        for ratio in candidates.chain([below]) {
            let allowed = (1..=FINEST).contains(&ratio.over) && ratio.over != ratio.under;
            if allowed && distance(ratio) < distance(best) {
                best = ratio;
            }
        }
        best
    }

    /// Every quotient of divisors of a sample rate, above 1, within a range of
    /// semitones, but 1 itself; ascending. torch-pitch-shift's `get_fast_shifts`.
    pub fn of_divisors(sample_rate: u32, semitones: Range) -> Vec<Self> {
        let small = (1..=sample_rate.isqrt()).filter(|n| sample_rate.is_multiple_of(*n));
        let divisors = small.flat_map(|divisor| [divisor, sample_rate / divisor]);
        let divisors: Vec<u32> = divisors.filter(|divisor| *divisor > 1).collect();
        let [low, high] = [semitones.min, semitones.max].map(|x| libm::pow(2.0, x / 12.0));
        let reduced = |over: u32, under: u32| {
            let common = greatest_common_divisor(over, under);
            Self {
                over: over / common,
                under: under / common,
            }
        };
        let overs = divisors.iter();
        let all = overs.flat_map(|over| divisors.iter().map(|under| reduced(*over, *under)));
        let mut ratios: Vec<Self> = all
            .filter(|ratio| (low..=high).contains(&ratio.value()) && ratio.over != ratio.under)
            .collect();
        ratios.sort_by(|a, b| a.value().total_cmp(&b.value()));
        ratios.dedup();
        ratios
    }
}

fn greatest_common_divisor(a: u32, b: u32) -> u32 {
    match b {
        0 => a,
        _ => greatest_common_divisor(b, a % b),
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.over, self.under)
    }
}

impl From<Ratio> for String {
    fn from(ratio: Ratio) -> Self {
        ratio.to_string()
    }
}

impl FromStr for Ratio {
    type Err = RatioError;

    fn from_str(text: &str) -> Result<Self, RatioError> {
        let number = |text: &str| text.parse().ok().filter(|n| (1..=MOST).contains(n));
        let (over, under) = text.split_once('/').ok_or(RatioError)?;
        let ratio = Self {
            over: number(over).ok_or(RatioError)?,
            under: number(under).ok_or(RatioError)?,
        };
        match (0.25..=4.0).contains(&ratio.value()) {
            true => Ok(ratio),
            false => Err(RatioError),
        }
    }
}

impl TryFrom<String> for Ratio {
    type Error = RatioError;

    fn try_from(text: String) -> Result<Self, RatioError> {
        text.parse()
    }
}

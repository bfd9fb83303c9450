//! Confidence intervals, at 95 %.

use serde::Serialize;

/// The standard normal distribution's quantile at 97.5 %.
const Z: f64 = 1.959_963_984_540_054;

/// What is left out at each end.
const TAIL: f64 = 0.025;

/// A figure and the interval that holds the true one with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

/// A share, `hits` of `total`, with Wilson's score interval (Wilson 1927,
/// "Probable inference, the law of succession, and statistical inference").
/// `total` is at least 1.
pub fn wilson(hits: u64, total: u64) -> Estimate {
    let n = total as f64;
    let share = hits as f64 / n;
    let z2 = Z * Z;
    let center = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    Estimate {
        value: share,
        // At the ends the formula gives 0 and 1 but for rounding.
        low: if hits == 0 { 0.0 } else { center - half },
        high: if hits == total { 1.0 } else { center + half },
    }
}

/// A rate, `events` in `hours`, with Garwood's exact interval for a Poisson
/// count (Garwood 1936, "Fiducial limits for the Poisson distribution"): its
/// ends are the means under which so few, or so many, events have a probability
/// of 2.5 %. `hours` is above 0.
pub fn poisson(events: u64, hours: f64) -> Estimate {
    let k = events as f64;
    // Six standard deviations and more: enough for 2.5 %.
    let reach = 6.0 * k.sqrt() + 8.0;
    let low = match events {
        0 => 0.0,
        _ => solve((k - reach).max(0.0), k, |mean| at_least(k, mean) < TAIL),
    };
    let high = solve(k, k + reach, |mean| at_most(k, mean) > TAIL);
    Estimate {
        value: k / hours,
        low: low / hours,
        high: high / hours,
    }
}

/// Where a condition that holds at the lower end ceases to hold, by bisection.
fn solve(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// The probability of at most `k` events where `mean`, not less, are expected.
fn at_most(k: f64, mean: f64) -> f64 {
    // Each term from the one above it.
    tail(k, mean, |i, term| (i - 1.0, term * i / mean))
}

/// The probability of at least `k` events where `mean`, not more, are expected.
fn at_least(k: f64, mean: f64) -> f64 {
    tail(k, mean, |i, term| (i + 1.0, term * mean / (i + 1.0)))
}

/// Sums the Poisson distribution from `k` outwards, where its terms shrink.
fn tail(k: f64, mean: f64, next: impl Fn(f64, f64) -> (f64, f64)) -> f64 {
    let (mut i, mut term) = (k, (k * mean.ln() - mean - ln_factorial(k)).exp());
    let mut sum = 0.0;
    while term > 1e-17 {
        sum += term;
        (i, term) = next(i, term);
    }
    sum
}

/// ln(k!), by Stirling's series where its error is under 1e-12.
fn ln_factorial(k: f64) -> f64 {
    if k < 20.0 {
        return (1..=k as u32).map(|i| f64::from(i).ln()).sum();
    }
    let series = (1.0 / 12.0 - (1.0 / 360.0 - 1.0 / (1260.0 * k * k)) / (k * k)) / k;
    k * k.ln() - k + 0.5 * (std::f64::consts::TAU * k).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_interval(found: Estimate, expected: [f64; 3]) {
        for (found, expected) in [found.value, found.low, found.high].iter().zip(expected) {
            let tolerance = 1e-6 * expected.abs().max(1e-3);
            assert!((found - expected).abs() <= tolerance, "{found} {expected}");
        }
    }

    // From scipy 1.17: scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    // and scipy.stats.chi2.ppf([0.025, 0.975], [2k, 2k + 2]) / 2.

    #[test]
    fn shares_have_wilsons_interval() {
        assert_interval(wilson(0, 10), [0.0, 0.0, 0.27753279986288926]);
        assert_interval(wilson(7, 10), [0.7, 0.39677814746114526, 0.892208732593699]);
        assert_interval(wilson(80, 80), [1.0, 0.9541818704644729, 1.0]);
        assert_interval(
            wilson(1234, 2000),
            [0.617, 0.5954902722303789, 0.638061138705808],
        );
    }

    #[test]
    fn rates_have_garwoods_interval() {
        assert_interval(poisson(0, 2.0), [0.0, 0.0, 1.8444397270569677]);
        assert_interval(
            poisson(1, 2.0),
            [0.5, 0.012658903992144938, 2.785821695469449],
        );
        assert_interval(
            poisson(3, 2.0),
            [1.5, 0.3093360614478007, 4.383636534871162],
        );
        assert_interval(
            poisson(50, 2.0),
            [25.0, 18.555481868730933, 32.95938333216841],
        );
        assert_interval(
            poisson(1000, 2.0),
            [500.0, 469.4865092038476, 531.976068008151],
        );
        assert_interval(
            poisson(250000, 2.0),
            [125000.0, 124510.48275216062, 125490.96538048856],
        );
    }
}

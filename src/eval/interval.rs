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
/// count (Garwood 1936, "Fiducial limits for the Poisson distribution"):
/// quantiles of the gamma distributions of shape k and k + 1. `hours` is above 0.
pub fn poisson(events: u64, hours: f64) -> Estimate {
    let k = events as f64;
    let low = match events {
        0 => 0.0,
        _ => puruspe::invgammp(TAIL, k),
    };
    Estimate {
        value: k / hours,
        low: low / hours,
        high: puruspe::invgammp(1.0 - TAIL, k + 1.0) / hours,
    }
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

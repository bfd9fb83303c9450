//! Tests of samples with an error rate that holds for any number of them.

/// How often each check may fail though what it checks is right.
const ERROR_RATE: f64 = 1e-6;

/// Checks that `hits` of `draws` go with a probability: by the Chernoff bound,
/// P(hits as far off as that) ≤ 2 exp(−draws · D(hits / draws ‖ probability)),
/// where D is the relative entropy.
#[track_caller]
pub fn assert_rate(what: &str, hits: usize, draws: usize, probability: f64) {
    assert!(
        rate_holds(hits, draws, probability),
        "{what}: {hits} of {draws}, where {probability} is the rate"
    );
}

/// Checks that values are uniform from `min` to `max`: by the Dvoretzky,
/// Kiefer and Wolfowitz inequality with Massart's constant, P(the distribution
/// is off by more than e) ≤ 2 exp(−2 n e²).
#[track_caller]
pub fn assert_uniform(what: &str, values: Vec<f64>, min: f64, max: f64) {
    let in_range = values.iter().all(|value| (min..=max).contains(value));
    assert!(in_range, "{what}: not all in {min} to {max}");
    let distance = distance_from_uniform(values.clone(), min, max);
    let allowed = ((2.0 / ERROR_RATE).ln() / (2.0 * values.len() as f64)).sqrt();
    assert!(
        distance < allowed,
        "{what}: {distance} from uniform in {} values, {allowed} is allowed",
        values.len()
    );
}

fn rate_holds(hits: usize, draws: usize, probability: f64) -> bool {
    let rate = hits as f64 / draws as f64;
    let term = |part: f64, whole: f64| {
        if part == 0.0 {
            0.0
        } else {
            part * (part / whole).ln()
        }
    };
    let entropy = term(rate, probability) + term(1.0 - rate, 1.0 - probability);
    2.0 * (-(draws as f64) * entropy).exp() > ERROR_RATE
}

fn distance_from_uniform(mut values: Vec<f64>, min: f64, max: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let count = values.len() as f64;
    let distances = values.iter().enumerate().map(|(index, value)| {
        let expected = (value - min) / (max - min);
        let (below, upto) = (index as f64 / count, (index + 1) as f64 / count);
        (expected - below).abs().max((upto - expected).abs())
    });
    distances.fold(0.0, f64::max)
}

#[test]
fn what_is_off_is_noticed() {
    assert!(rate_holds(1_500, 6_000, 0.25));
    assert!(rate_holds(1_560, 6_000, 0.25));
    assert!(!rate_holds(1_740, 6_000, 0.25));
    assert!(!rate_holds(0, 6_000, 0.25));
    assert!(rate_holds(6_000, 6_000, 1.0) && !rate_holds(5_999, 6_000, 1.0));

    let even = |power: i32| {
        (0..3_000)
            .map(|n| (f64::from(n) / 3_000.0).powi(power))
            .collect()
    };
    assert!(distance_from_uniform(even(1), 0.0, 1.0) < 0.001);
    // Far more than the 0.05 allowed of as many values.
    assert!(distance_from_uniform(even(2), 0.0, 1.0) > 0.2);
}

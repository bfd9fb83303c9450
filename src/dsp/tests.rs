//! Tests of the effects as a whole.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

#[test]
fn things_happen_at_their_probability() {
    // 20,000 draws leave 4.5 standard errors of the mean but once in 150,000
    // times.
    const DRAWS: u32 = 20_000;
    for probability in [0.25, 0.5, 0.9] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let count = (0..DRAWS)
            .filter(|_| happens(probability, &mut rng))
            .count();
        let rate = count as f64 / f64::from(DRAWS);
        let standard_error = (probability * (1.0 - probability) / f64::from(DRAWS)).sqrt();
        assert!(
            (rate - probability).abs() < 4.5 * standard_error,
            "{rate} for {probability}"
        );
    }
}

#[test]
fn certainty_is_certain() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    assert!((0..1000).all(|_| happens(1.0, &mut rng)));
    assert!((0..1000).all(|_| !happens(0.0, &mut rng)));
}

#[test]
fn a_range_of_one_value_draws_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    assert_eq!(Range::new(2.5, 2.5).draw(&mut rng), 2.5);
}

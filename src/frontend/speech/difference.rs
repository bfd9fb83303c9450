//! How far two results are apart.

/// The largest difference; infinite where lengths differ or a value is no
/// number.
pub fn largest_difference(found: &[f32], expected: &[f32]) -> f32 {
    if found.len() != expected.len() {
        return f32::INFINITY;
    }
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, |largest, difference| {
        if difference.is_nan() {
            f32::INFINITY
        } else {
            largest.max(difference)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_no_agreement() {
        assert_eq!(largest_difference(&[1.0, 2.0], &[1.5, 1.0]), 1.0);
        for other in [&[f32::NAN, 2.0][..], &[1.0], &[f32::INFINITY, 2.0]] {
            assert_eq!(largest_difference(&[1.0, 2.0], other), f32::INFINITY);
            assert_eq!(largest_difference(other, &[1.0, 2.0]), f32::INFINITY);
        }
    }
}

//! What a front end takes of a row, and what it makes of it.

use super::spec::{Floor, FrontEndSpec};
use crate::records::EMBEDDING;

/// What a front end takes of a row, and what it makes of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureSpec {
    /// What a sample of full scale is to its first network: 1 or 32768.
    pub full_scale: f32,
    /// Shape of a row of features, float32 in C order: timesteps and values of
    /// one. `None` of timesteps keeps as many as there are.
    pub timesteps: Option<usize>,
    /// What the floor of its levels is taken of.
    pub floor: Floor,
}

impl FeatureSpec {
    /// That of a wanted front end.
    pub(super) fn of(spec: &FrontEndSpec) -> Self {
        Self {
            full_scale: spec.full_scale,
            timesteps: spec.windows.last,
            floor: spec.floor,
        }
    }

    /// Keeps the last timesteps of a row, or puts zeros in front of fewer.
    pub fn fit(&self, row: &mut Vec<f32>) {
        if let Some(timesteps) = self.timesteps {
            last(row, timesteps * EMBEDDING);
        }
    }
}

/// Keeps the last `len` values, or puts zeros in front of fewer.
fn last(row: &mut Vec<f32>, len: usize) {
    match row.len().checked_sub(len) {
        Some(surplus) => drop(row.drain(..surplus)),
        None => {
            let missing = len - row.len();
            row.resize(len, 0.0);
            row.rotate_right(missing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn a_row_is_the_last_values_or_padded_in_front() {
        for (values, row) in [
            (vec![1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0]),
            (vec![1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
            (vec![1.0], [0.0, 0.0, 1.0]),
            (vec![], [0.0, 0.0, 0.0]),
        ] {
            let mut kept = values;
            last(&mut kept, 3);
            assert_eq!(kept, row);
        }
    }
}

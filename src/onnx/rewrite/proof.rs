//! Proofs: two networks' results on the same probe inputs.

use std::error::Error;

use super::Refusal;

/// The largest difference between two results, if it is within the tolerance.
pub fn agree(
    expected: &[Vec<f32>],
    found: Result<Vec<Vec<f32>>, impl Error>,
    tolerance: f32,
) -> Result<f32, Refusal> {
    let found = found.map_err(|error| Refusal::new(error.to_string()))?;
    let mut largest = 0.0_f32;
    for (expected, found) in expected.iter().zip(&found) {
        if expected.len() != found.len() {
            return Err(Refusal::new(format!(
                "on a probe it yields {} values instead of {}",
                found.len(),
                expected.len()
            )));
        }
        for (a, b) in expected.iter().zip(found) {
            let difference = (a - b).abs();
            if difference > tolerance || difference.is_nan() {
                return Err(Refusal::new(format!(
                    "on a probe it differs by {difference:e}, more than {tolerance:e}"
                )));
            }
            largest = largest.max(difference);
        }
    }
    Ok(largest)
}

/// Uniform noise in [-1, 1]: Knuth's MMIX congruential generator.
pub struct Noise(u64);

impl Default for Noise {
    fn default() -> Self {
        Self(0x5eed)
    }
}

impl Noise {
    /// The next value.
    pub fn value(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

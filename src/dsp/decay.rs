//! Whether a sound decays as the response of a room does, by Schroeder's backward
//! integration ("New Method of Measuring Reverberation Time", JASA 37, 1965).

use super::level::{Level, energy};

/// Where a response begins: the first sample within so much of the loudest.
const ONSET: f32 = 0.1;
/// How far the energy that is left has fallen at the end of the decay, in dB.
const DEPTH: f64 = 30.0;

/// How a sound decays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Decay {
    /// Samples before it begins.
    pub onset: usize,
    /// Samples until the energy that is left has fallen by 30 dB.
    pub length: usize,
    /// How far that energy has fallen at half of the time from the onset to there,
    /// in dB below 0. Of an exponential decay that is −15, of a double slope
    /// less, and of a sound that goes on and stops about −3.
    pub half_way_db: f64,
}

impl Decay {
    /// That of samples; `None` of silence.
    pub fn of(samples: &[f32]) -> Option<Self> {
        let peak = Level::of(samples).peak;
        if peak <= 0.0 {
            return None;
        }
        let onset = samples.iter().position(|x| x.abs() >= ONSET * peak)?;
        let total = energy(&samples[onset..]);
        let floor = total * libm::pow(10.0, -DEPTH / 10.0);
        let mut left = total;
        let after = samples[onset..].iter().position(|x| {
            left -= f64::from(*x).powi(2);
            left <= floor
        });
        let after = after.map_or(samples.len() - onset, |index| index + 1);
        let half = energy(&samples[onset + after.div_ceil(2)..]);
        Some(Self {
            onset,
            length: onset + after,
            half_way_db: 10.0 * libm::log10((half / total).max(1e-12)),
        })
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn noise(samples: usize, seconds_to_60_db: f32) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let decay = |n: usize| 10f32.powf(-3.0 * n as f32 / 16_000.0 / seconds_to_60_db);
        (0..samples)
            .map(|n| rng.random_range(-1.0..1.0) * decay(n))
            .collect()
    }

    #[test]
    fn a_response_falls_evenly_and_a_sound_at_its_end() {
        for seconds in [0.2, 0.6, 1.5] {
            let response = Decay::of(&noise(32_000, seconds)).unwrap();
            assert!(response.half_way_db < -12.0, "{response:?}");
            assert!(response.onset < 20);
        }
        let sound = Decay::of(&noise(32_000, 1e6)).unwrap();
        assert!(sound.half_way_db > -4.0, "{sound:?}");
        let mut late = vec![0.0; 4_800];
        late.extend(noise(16_000, 0.5));
        assert!((4_800..4_830).contains(&Decay::of(&late).unwrap().onset));
        assert_eq!(Decay::of(&[0.0; 100]), None);
    }

    #[test]
    fn a_single_impulse_is_a_response() {
        let mut impulse = vec![0.0; 1_000];
        impulse[0] = 1.0;
        let decay = Decay::of(&impulse).unwrap();
        assert_eq!((decay.onset, decay.length), (0, 1));
    }
}

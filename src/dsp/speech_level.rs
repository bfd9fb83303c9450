//! Active speech level after ITU-T Recommendation P.56 (2011), method B: how loud
//! speech is while there is speech.
//!
//! The envelope is two exponential averages of the magnitude, 0.03 s each. For
//! thresholds 6 dB apart the time is counted that it is above, with 0.2 s of
//! hangover after; the level is that where the level over the active time lies
//! 15.9 dB above the threshold. The envelope runs on steps of a millisecond, as
//! the Recommendation allows (at least 600 values a second), the energy on every
//! sample.

use multiversion::multiversion;

use super::envelope::Envelope;

/// Time constant of the envelope, in seconds.
const TIME_CONSTANT: f64 = 0.03;
/// Hangover, in seconds.
pub const HANGOVER: f64 = 0.2;
/// Margin between the threshold and the active level, in dB.
pub const MARGIN: f64 = 15.9;
/// Thresholds: 2⁻¹ to 2⁻¹⁶ of full scale.
const THRESHOLDS: usize = 16;

/// How loud speech is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeechLevel {
    /// Active speech level, in dB below an amplitude of 1.
    pub active_db: f64,
    /// Share of the time that is active, from 0 to 1.
    pub activity: f64,
}

impl SpeechLevel {
    /// That of an envelope; `None` of silence, where no threshold is passed.
    pub fn of(envelope: &Envelope) -> Option<Self> {
        if envelope.samples() == 0 || envelope.squares() <= 0.0 {
            return None;
        }
        let per_second = envelope.steps_per_second();
        let decay = libm::exp(-1.0 / (TIME_CONSTANT * per_second)) as f32;
        let hangover = envelope.steps_in(HANGOVER) as u32;
        let active = count(envelope.means(), decay, hangover);
        interpolate(&active, envelope)
    }
}

/// Amplitude of a threshold.
fn threshold(index: usize) -> f32 {
    1.0 / (2 << index) as f32
}

/// Steps for which the envelope is above each threshold, the hangover counted in.
fn count(means: &[f32], decay: f32, hangover: u32) -> [u32; THRESHOLDS] {
    let passed = passed(means, decay);
    let (mut active, mut left) = ([0; THRESHOLDS], [0; THRESHOLDS]);
    let mut rest = passed.as_slice();
    while let Some(&now) = rest.first() {
        let (run, behind) = rest.split_at(run(rest));
        let steps = run.len() as u32;
        for index in 0..THRESHOLDS {
            let above = index + usize::from(now) >= THRESHOLDS;
            let counted = if above { steps } else { steps.min(left[index]) };
            active[index] += counted;
            left[index] = if above {
                hangover
            } else {
                left[index] - counted
            };
        }
        rest = behind;
    }
    active
}

/// How many steps from the first on pass as many thresholds as it.
fn run(passed: &[u8]) -> usize {
    const ABREAST: usize = 8;
    let same = [passed[0]; ABREAST];
    let eights = passed.as_chunks::<ABREAST>().0.iter();
    let sure = ABREAST * eights.take_while(|eight| **eight == same).count();
    let more = passed[sure..].iter();
    sure + more.take_while(|now| **now == same[0]).count()
}

/// How many thresholds, from the lowest, the envelope is above in each step.
#[multiversion(targets("x86_64+avx2"))]
fn passed(means: &[f32], decay: f32) -> Vec<u8> {
    /// Bits of a float behind its exponent, and what a magnitude from 1/2 on has there.
    const FRACTION: u32 = 23;
    const HALF: u32 = 126;
    let mut envelope = vec![0f32; means.len()];
    let (pairs, tail) = means.as_chunks::<2>();
    let (mut first, mut second) = ([0f32; 2], [0f32; 2]);
    for (pair, envelope) in pairs.iter().zip(envelope.as_chunks_mut::<2>().0) {
        first = average(first[1], *pair, decay);
        second = average(second[1], first, decay);
        *envelope = second;
    }
    if let ([last], Some(envelope)) = (tail, envelope.last_mut()) {
        first = average(first[1], [*last; 2], decay);
        *envelope = average(second[1], first, decay)[0];
    }
    let mut passed = vec![0; means.len()];
    for (passed, value) in passed.iter_mut().zip(&envelope) {
        // Thresholds are powers of two, none of the values below 0.
        let above = (value.to_bits() >> FRACTION).saturating_sub(HALF - THRESHOLDS as u32);
        *passed = above.min(THRESHOLDS as u32) as u8;
    }
    passed
}

/// An exponential average after two more values: the second does not wait for the first.
#[inline(always)]
fn average(before: f32, values: [f32; 2], decay: f32) -> [f32; 2] {
    let [a, b] = values.map(|value| (1.0 - decay) * value);
    [
        decay * before + a,
        (decay * decay) * before + (decay * a + b),
    ]
}

/// The level at which it lies the margin above its threshold, between two of
/// them on a straight line.
fn interpolate(active: &[u32; THRESHOLDS], envelope: &Envelope) -> Option<SpeechLevel> {
    let steps = envelope.means().len() as f64;
    let long_term = 10.0 * libm::log10(envelope.squares() / envelope.samples() as f64);
    let level = |active_steps: u32| long_term - 10.0 * libm::log10(f64::from(active_steps) / steps);
    let mut before: Option<(f64, f64)> = None;
    for (index, &active_steps) in active.iter().enumerate() {
        if active_steps == 0 {
            continue;
        }
        let at = level(active_steps);
        let above = at - 20.0 * libm::log10(f64::from(threshold(index)));
        if above >= MARGIN {
            let active_db = match before {
                Some((lower, below)) => {
                    let share = (MARGIN - below) / (above - below).max(f64::MIN_POSITIVE);
                    lower + share * (at - lower)
                }
                None => at,
            };
            let activity = libm::pow(10.0, (long_term - active_db) / 10.0);
            return Some(SpeechLevel {
                active_db,
                activity: activity.min(1.0),
            });
        }
        before = Some((at, above));
    }
    None
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn level(samples: &[f32]) -> Option<SpeechLevel> {
        let mut envelope = Envelope::default();
        envelope.measure(samples, 16_000);
        SpeechLevel::of(&envelope)
    }

    fn tone(seconds: f64, amplitude: f32) -> Vec<f32> {
        let samples = (seconds * 16_000.0) as usize;
        let at = |n: usize| (n as f32 * 0.4).sin() * amplitude;
        (0..samples).map(at).collect()
    }

    #[test]
    fn silence_around_a_tone_does_not_change_its_active_level() {
        let alone = level(&tone(3.0, 0.25)).unwrap();
        assert!((alone.active_db - -15.05).abs() < 0.3, "{alone:?}");
        assert!(alone.activity > 0.95);
        let mut padded = vec![0.0; 48_000];
        padded.extend(tone(3.0, 0.25));
        padded.extend(vec![0.0; 48_000]);
        let padded = level(&padded).unwrap();
        // The hangover and the envelope's decay count as active: a tenth of the tone.
        assert!(
            (padded.active_db - alone.active_db).abs() < 0.5,
            "{padded:?}"
        );
        assert!((padded.activity - 0.35).abs() < 0.03, "{padded:?}");
    }

    /// As the Recommendation puts it, step after step.
    fn plain(means: &[f32], decay: f32, hangover: u32) -> [u32; THRESHOLDS] {
        let (mut active, mut since) = ([0; THRESHOLDS], [hangover; THRESHOLDS]);
        let (mut first, mut second) = (0f64, 0f64);
        let decay = f64::from(decay);
        for &mean in means {
            first = decay * first + (1.0 - decay) * f64::from(mean);
            second = decay * second + (1.0 - decay) * first;
            for index in 0..THRESHOLDS {
                let above = second >= f64::from(threshold(index));
                since[index] = if above { 0 } else { since[index] + 1 };
                active[index] += u32::from(since[index] <= hangover);
            }
        }
        active
    }

    #[test]
    fn steps_are_counted_as_one_after_the_other() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for length in [0, 1, 2, 3, 15, 16, 17, 1_000, 4_001] {
            let mut loud = 0.0;
            let mut means = Vec::new();
            for n in 0..length {
                if n % 97 == 0 {
                    loud = 0.5f32.powi(rng.random_range(0..18));
                }
                means.push(loud * rng.random_range(0.0..2.0f32));
            }
            let (fast, plain) = (count(&means, 0.967, 50), plain(&means, 0.967, 50));
            // A value at a threshold may be rounded to either side of it.
            let off = fast.iter().zip(plain).map(|(a, b)| a.abs_diff(b));
            assert!(off.max() <= Some(1), "{length}: {fast:?} {plain:?}");
        }
    }

    #[test]
    fn the_level_follows_the_gain() {
        let loud = level(&tone(2.0, 0.5)).unwrap();
        let quiet = level(&tone(2.0, 0.005)).unwrap();
        let gain = loud.active_db - quiet.active_db;
        assert!((gain - 40.0).abs() < 0.3, "{gain}");
    }

    #[test]
    fn silence_has_no_level() {
        assert_eq!(level(&[]), None);
        assert_eq!(level(&[0.0; 16_000]), None);
        assert_eq!(level(&[1e-7; 16_000]), None);
    }
}

//! Where the sound of a clip lies, and how far it is spread in time, so that noise,
//! silence around it and another codec leave both alone: frames laid out by them are
//! the same ones in a copy, and the spread tells clips apart whose frames are alike, as
//! the same words said faster are.

use std::ops::Range;

use multiversion::multiversion;

/// Below this share of the loudest step, a step is none of the sound but noise: 24 dB.
const HEARD: f32 = 1.0 / 16.0;
/// Share of its energy that lies before the sound, and behind it.
const REST: f64 = 0.02;
const LANES: usize = 8;
/// Steps whose sums are added up before they are made doubles.
const PIECE: usize = 16 * LANES;

/// Where a sound lies, in steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Extent {
    /// From where to where all but a little of its energy is.
    pub sound: Range<usize>,
    /// The standard deviation of its energy in time.
    pub spread: f64,
    /// The least mean of all steps.
    pub quietest: f32,
}

impl Extent {
    /// That of the mean magnitudes of a clip's steps; nothing of silence.
    pub fn of(means: &[f32]) -> Self {
        let (quietest, loudest) = limits(means);
        let floor = loudest * HEARD;
        let [energy, first, second] = moments(means, floor);
        if energy <= 0.0 {
            return Self {
                quietest,
                ..Self::default()
            };
        }
        let reaches = |so_far: &mut f64, mean: f32| {
            *so_far += f64::from(weight(mean, floor));
            *so_far >= REST * energy
        };
        let (mut before, mut behind) = (0.0, 0.0);
        let start = means.iter().position(|mean| reaches(&mut before, *mean));
        let last = means.iter().rposition(|mean| reaches(&mut behind, *mean));
        let centre = first / energy;
        Self {
            sound: start.unwrap_or(0)..last.map_or(means.len(), |last| last + 1),
            spread: (second / energy - centre * centre).max(0.0).sqrt(),
            quietest,
        }
    }
}

/// The energy of a step that is heard.
#[inline(always)]
fn weight(mean: f32, floor: f32) -> f32 {
    let heard = if mean > floor { mean } else { 0.0 };
    heard * heard
}

/// The least and the greatest of some numbers, none of them below 0; 0 of none.
#[multiversion(targets("x86_64+avx2"))]
fn limits(means: &[f32]) -> (f32, f32) {
    let first = means.first().copied().unwrap_or_default();
    let (eights, tail) = means.as_chunks::<LANES>();
    // The last few, filled up with one that is there.
    let mut last = [first; LANES];
    last[..tail.len()].copy_from_slice(tail);
    let (mut least, mut greatest) = ([first; LANES], [first; LANES]);
    for eight in eights.iter().chain([&last]) {
        for lane in 0..LANES {
            let mean = eight[lane];
            least[lane] = if mean < least[lane] {
                mean
            } else {
                least[lane]
            };
            greatest[lane] = if mean > greatest[lane] {
                mean
            } else {
                greatest[lane]
            };
        }
    }
    let greatest = greatest.into_iter().fold(first, f32::max);
    (least.into_iter().fold(first, f32::min), greatest)
}

/// Sums of the energies, and of these times the first and second power of their place:
/// of pieces short enough for single precision, in lanes whose sums are added in one
/// order.
#[multiversion(targets("x86_64+avx2"))]
fn moments(means: &[f32], floor: f32) -> [f64; 3] {
    let mut all = [0f64; 3];
    for (index, piece) in means.chunks(PIECE).enumerate() {
        let (eights, tail) = piece.as_chunks::<LANES>();
        // The last few, filled up with silence.
        let mut last = [0f32; LANES];
        last[..tail.len()].copy_from_slice(tail);
        let [mut energy, mut first, mut second] = [[0f32; LANES]; 3];
        let mut place = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        for eight in eights.iter().chain([&last]) {
            for lane in 0..LANES {
                let weight = weight(eight[lane], floor);
                energy[lane] += weight;
                first[lane] += weight * place[lane];
                second[lane] += weight * (place[lane] * place[lane]);
                place[lane] += LANES as f32;
            }
        }
        let sum = |lanes: [f32; LANES]| f64::from(lanes.iter().sum::<f32>());
        let [energy, first, second] = [energy, first, second].map(sum);
        let from = (index * PIECE) as f64;
        all[0] += energy;
        all[1] += first + from * energy;
        all[2] += second + from * (2.0 * first + from * energy);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_and_silence_around_a_sound_leave_its_extent_alone() {
        let sound: Vec<f32> = (0..1000)
            .map(|n| 0.3 + 0.2 * (n as f32 / 40.0).sin())
            .collect();
        let alone = Extent::of(&sound);
        assert!(alone.sound.start > 5 && alone.sound.end < 995, "{alone:?}");
        // Of an even one it is the root of a twelfth of its length.
        assert!((alone.spread - 288.7).abs() < 10.0, "{alone:?}");
        let mut padded = vec![0.002; 700];
        padded.extend(&sound);
        padded.extend([0.004; 300]);
        let padded = Extent::of(&padded);
        let moved = alone.sound.start + 700..alone.sound.end + 700;
        assert_eq!(padded.sound, moved);
        assert!((padded.spread - alone.spread).abs() < 1e-3);
    }

    #[test]
    fn silence_has_none() {
        assert_eq!(Extent::of(&[]), Extent::default());
        assert_eq!(Extent::of(&[0.0; 100]), Extent::default());
        assert_eq!(Extent::of(&[0.5]).sound, 0..1);
        assert_eq!(Extent::of(&[0.5, 0.25, 0.75]).quietest, 0.25);
    }
}

//! A clip in 256 bits, and how far its spectrum reaches.
//!
//! The bits are those of Haitsma and Kalker, "A Highly Robust Audio Fingerprinting
//! System" (ISMIR 2002): of neighbouring bands and frames, whether the difference
//! of energies grows: here by more than a decibel, and of energies within 20 dB of the
//! loudest. Frames are spread over the sound, so that a gain, another codec, a
//! little noise and silence around it leave nearly all bits alone; two clips that
//! have nothing to do with each other differ in nearly half of them.

use std::ops::Range;
use std::sync::Arc;

use multiversion::multiversion;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Samples of a frame.
const FRAME: usize = 512;
/// Frames, and bands: one more than there are differences.
const SIDE: usize = 17;
/// Lowest and highest frequency of the bands, in Hz.
const LOWEST: f64 = 250.0;
const HIGHEST: f64 = 3_600.0;
/// Bins that are looked at together for how far the spectrum reaches.
const GROUP: usize = 4;
const GROUPS: usize = FRAME / 2 / GROUP;

/// How far below the loudest energy others are heard, as a share: 20 dB.
const FLOOR: f32 = 1e-2;
/// How much a difference grows at least, as a ratio of energies: 1.5 dB.
const GROWTH: f32 = std::f32::consts::SQRT_2;

/// Words of a print.
pub const WORDS: usize = 8;

/// What a clip is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sketch {
    /// The bits.
    pub print: [u32; WORDS],
    /// Energy of the loudest frame in each group of frequencies, as a share of the
    /// loudest group's; evenly from 0 to half the sample rate.
    pub reach: [f32; GROUPS],
}

/// Makes sketches, with working memory.
pub struct Sketcher {
    transform: Arc<dyn Fft<f32>>,
    shape: Vec<f32>,
    /// First bin of each band, and the end of the last.
    bands: [usize; SIDE + 1],
    /// Two frames, and their spectrum.
    frames: Vec<Complex<f32>>,
    powers: [Vec<f32>; 2],
    scratch: Vec<Complex<f32>>,
    sample_rate: u32,
}

impl Sketcher {
    /// For clips of that sample rate in Hz.
    pub fn new(sample_rate: u32) -> Self {
        let transform = FftPlanner::new().plan_fft_forward(FRAME);
        let angle = |n: usize| std::f64::consts::TAU * (n as f64 + 0.5) / FRAME as f64;
        let bin = |hz: f64| hz * FRAME as f64 / f64::from(sample_rate);
        let ratio = (HIGHEST / LOWEST).powf(1.0 / SIDE as f64);
        let mut bands = [0; SIDE + 1];
        for (index, first) in bands.iter_mut().enumerate() {
            *first = (bin(LOWEST * ratio.powi(index as i32)).round() as usize).min(FRAME / 2);
        }
        // Each has a bin of its own.
        for index in 1..=SIDE {
            bands[index] = bands[index].max(bands[index - 1] + 1).min(FRAME / 2 + 1);
        }
        Self {
            shape: (0..FRAME)
                .map(|n| (0.5 - 0.5 * libm::cos(angle(n))) as f32)
                .collect(),
            bands,
            frames: vec![Complex::default(); FRAME],
            powers: [(); 2].map(|()| vec![0.0; FRAME / 2 + 1]),
            scratch: vec![Complex::default(); transform.get_inplace_scratch_len()],
            transform,
            sample_rate,
        }
    }

    /// The sketch of a clip whose sound lies there; `None` of a clip shorter than
    /// a frame.
    pub fn sketch(&mut self, samples: &[f32], sound: Range<usize>) -> Option<Sketch> {
        let last = samples.len().checked_sub(FRAME)?;
        let from = sound.start.min(last);
        let to = sound.end.saturating_sub(FRAME).clamp(from, last);
        let (mut energies, mut loudest) = ([[0f32; SIDE]; SIDE], [0f32; GROUPS]);
        let frame = |index: usize| {
            let at = from + (to - from) * index.min(SIDE - 1) / (SIDE - 1);
            &samples[at..at + FRAME]
        };
        for (pair, rows) in energies.chunks_mut(2).enumerate() {
            let both = [frame(2 * pair), frame(2 * pair + 1)];
            shaped(both, &self.shape, &mut self.frames);
            self.transform
                .process_with_scratch(&mut self.frames, &mut self.scratch);
            let [first, second] = &mut self.powers;
            powers(&self.frames, first, second);
            for (row, powers) in rows.iter_mut().zip(&self.powers) {
                raise(&mut loudest, powers);
                for (band, energy) in row.iter_mut().enumerate() {
                    let bins = self.bands[band]..self.bands[band + 1].max(self.bands[band]);
                    let bins = powers.get(bins).unwrap_or_default();
                    *energy = sum(bins);
                }
            }
        }
        Some(Sketch {
            print: print(&energies),
            reach: reach(&loudest),
        })
    }

    /// The frequency in Hz below which all is that is louder than so many dB below
    /// the loudest.
    pub fn bandwidth(&self, sketch: &Sketch, depth_db: f32) -> f64 {
        let least = libm::powf(10.0, -depth_db / 10.0);
        let heard = sketch.reach.iter().rposition(|share| *share > least);
        let groups = heard.map_or(0, |index| index + 1) as f64;
        groups / GROUPS as f64 * f64::from(self.sample_rate) / 2.0
    }
}

/// How many bits of two prints differ.
pub fn distance(a: &[u32; WORDS], b: &[u32; WORDS]) -> u32 {
    a.iter().zip(b).map(|(a, b)| (a ^ b).count_ones()).sum()
}

#[multiversion(targets("x86_64+avx2"))]
fn shaped([first, second]: [&[f32]; 2], shape: &[f32], out: &mut [Complex<f32>]) {
    for (((out, first), second), shape) in out.iter_mut().zip(first).zip(second).zip(shape) {
        *out = Complex::new(first * shape, second * shape);
    }
}

/// The powers of two real signals, of the spectrum of the one and `i` times the other:
/// the one's is what is alike at a frequency and its negative, the other's what differs.
#[multiversion(targets("x86_64+avx2"))]
fn powers(spectrum: &[Complex<f32>], first: &mut [f32], second: &mut [f32]) {
    [first[0], second[0]] = divided(spectrum[0], spectrum[0]);
    // Of one length that is known, and by their places: as a chain of iterators they
    // would be taken one after the other.
    let half = first.len() - 1;
    let (positive, negative) = (&spectrum[1..][..half], &spectrum[half..][..half]);
    let (first, second) = (&mut first[1..][..half], &mut second[1..][..half]);
    for bin in 0..half {
        [first[bin], second[bin]] = divided(positive[bin], negative[half - 1 - bin]);
    }
}

/// The powers of both at a frequency, of the spectrum there and at its negative.
#[inline(always)]
fn divided(a: Complex<f32>, b: Complex<f32>) -> [f32; 2] {
    let [plus, minus] = [[a.re + b.re, a.im - b.im], [a.re - b.re, a.im + b.im]];
    [plus, minus].map(|[re, im]| 0.25 * (re * re + im * im))
}

/// A sum in four, so that additions do not wait for each other.
fn sum(powers: &[f32]) -> f32 {
    let (fours, tail) = powers.as_chunks::<4>();
    let mut sums = [0f32; 4];
    for four in fours {
        for lane in 0..4 {
            sums[lane] += four[lane];
        }
    }
    let tail: f32 = tail.iter().sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + tail
}

/// Of each group of powers the greatest sum.
#[multiversion(targets("x86_64+avx2"))]
fn raise(loudest: &mut [f32; GROUPS], powers: &[f32]) {
    for (group, loudest) in powers.as_chunks::<GROUP>().0.iter().zip(loudest) {
        let [a, b, c, d] = *group;
        let sum = (a + b) + (c + d);
        *loudest = if sum > *loudest { sum } else { *loudest };
    }
}

fn print(energies: &[[f32; SIDE]; SIDE]) -> [u32; WORDS] {
    // As ratios: a clip with a few loud frames is all of its frames.
    let loudest = energies.iter().flatten().copied().fold(1e-9, f32::max);
    let levels = energies.map(|frame| frame.map(|energy| energy / loudest + FLOOR));
    let mut print = [0; WORDS];
    for frame in 1..SIDE {
        let (before, now) = (&levels[frame - 1], &levels[frame]);
        for band in 0..SIDE - 1 {
            let bit = (frame - 1) * (SIDE - 1) + band;
            let grows = now[band] * before[band + 1] > GROWTH * now[band + 1] * before[band];
            print[bit / 32] |= u32::from(grows) << (bit % 32);
        }
    }
    print
}

fn reach(loudest: &[f32; GROUPS]) -> [f32; GROUPS] {
    let most = loudest.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    loudest.map(|energy| energy / most)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Noise whose colour changes every 50 ms.
    fn clip(seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (mut low, mut share) = (0f32, 0.5f32);
        (0..16_000)
            .map(|n| {
                if n % 800 == 0 {
                    share = rng.random_range(0.05..1.0);
                }
                low += share * (rng.random_range(-0.5..0.5) - low);
                low
            })
            .collect()
    }

    fn sketch(samples: &[f32]) -> Sketch {
        Sketcher::new(16_000)
            .sketch(samples, 0..samples.len())
            .unwrap()
    }

    #[test]
    fn a_louder_or_noisier_copy_is_near_and_another_clip_is_far() {
        let (one, other) = (clip(1), clip(2));
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let copy: Vec<f32> = one
            .iter()
            .map(|x| 0.5 * x + rng.random_range(-0.002..0.002))
            .collect();
        let near = distance(&sketch(&one).print, &sketch(&copy).print);
        let far = distance(&sketch(&one).print, &sketch(&other).print);
        assert!(near < 20, "{near}");
        assert!(far > 60, "{far}");
    }

    #[test]
    fn the_bandwidth_of_a_tone_is_its_frequency() {
        let tone: Vec<f32> = (0..16_000)
            .map(|n| (n as f32 * std::f32::consts::FRAC_PI_4).sin())
            .collect();
        let sketcher = Sketcher::new(16_000);
        let bandwidth = sketcher.bandwidth(&sketch(&tone), 50.0);
        assert!((2_000.0..=2_300.0).contains(&bandwidth), "{bandwidth}");
    }

    #[test]
    fn a_clip_shorter_than_a_frame_has_none() {
        assert!(Sketcher::new(16_000).sketch(&[0.1; 511], 0..511).is_none());
        assert!(Sketcher::new(8_000).sketch(&[0.1; 512], 512..512).is_some());
    }
}

//! A clip in steps of about a millisecond: what its level, its edges and its gaps
//! are judged by, in one pass over its samples.

use multiversion::multiversion;

/// Steps a second, about: more than the 600 values a second that P.56 asks for.
const STEPS: u32 = 1000;

/// Mean magnitudes of a clip's steps, and sums over all of it.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// Samples in a step; the last may have fewer.
    step: usize,
    rate: f64,
    means: Vec<f32>,
    /// Means of the samples themselves, of pieces of about 64 ms.
    offsets: Vec<f32>,
    squares: f64,
    samples: usize,
}

impl Envelope {
    /// Measures samples at a rate in Hz, in place of what was measured before.
    pub fn measure(&mut self, samples: &[f32], sample_rate: u32) {
        self.step = (sample_rate / STEPS).max(1) as usize;
        self.rate = f64::from(sample_rate);
        self.samples = samples.len();
        self.means.clear();
        self.offsets.clear();
        self.squares = steps(samples, self.step, &mut self.means, &mut self.offsets);
    }

    /// Mean magnitude of each step.
    pub fn means(&self) -> &[f32] {
        &self.means
    }

    /// Samples in a step.
    pub fn step(&self) -> usize {
        self.step
    }

    /// Steps a second.
    pub fn steps_per_second(&self) -> f64 {
        self.rate / self.step.max(1) as f64
    }

    /// Steps in so many seconds, at least one.
    pub fn steps_in(&self, seconds: f64) -> usize {
        ((seconds * self.steps_per_second()).round() as usize).max(1)
    }

    /// How far off zero the samples are all the time: their mean, less half of what it
    /// varies by from one eighth to another. A rumble, whose mean is seldom 0 either, has
    /// none.
    pub fn offset(&self) -> f64 {
        let eighth = self.offsets.len().div_ceil(8).max(1);
        let mean = |of: &[f32]| {
            let sum: f64 = of.iter().copied().map(f64::from).sum();
            sum / of.len().max(1) as f64
        };
        let parts = self.offsets.chunks(eighth).map(mean);
        let least = parts.clone().fold(f64::INFINITY, f64::min);
        let most = parts.fold(f64::NEG_INFINITY, f64::max);
        (mean(&self.offsets).abs() - (most - least).max(0.0) / 2.0).max(0.0)
    }

    /// Sum of the squares of the samples.
    pub fn squares(&self) -> f64 {
        self.squares
    }

    /// Samples measured.
    pub fn samples(&self) -> usize {
        self.samples
    }
}

/// Steps whose sums are added up before they are made doubles.
const TOGETHER: usize = 64;

/// Partial sums: two vector registers each, so that one addition need not wait for the
/// one before.
const LANES: usize = 16;

/// Samples of a step at 16 kHz, known beforehand.
const USUAL: usize = 16;

/// Steps at 16 kHz whose lanes are folded side by side.
const ABREAST: usize = 8;

/// Appends the mean magnitude of each step and the mean of each piece, and gives the sum
/// of all squares. In lanes, whose sums are added in one order, so that every
/// processor gives the same bits.
#[multiversion(targets("x86_64+avx2"))]
fn steps(samples: &[f32], step: usize, means: &mut Vec<f32>, offsets: &mut Vec<f32>) -> f64 {
    means.reserve(samples.len() / step + 1);
    let mut squares = 0f64;
    for piece in samples.chunks(TOGETHER * step) {
        let (mut sums, mut energies) = ([0f32; LANES], [0f32; LANES]);
        let mut rest = piece;
        if step == USUAL {
            let (usual, tail) = piece.as_chunks::<{ ABREAST * USUAL }>();
            for steps in usual {
                means.extend(
                    magnitudes(steps, &mut sums, &mut energies).map(|sum| sum / USUAL as f32),
                );
            }
            rest = tail;
        }
        for step in rest.chunks(step) {
            let mut magnitude = 0f32;
            for (n, &x) in step.iter().enumerate() {
                magnitude += x.abs();
                sums[n % LANES] += x;
                energies[n % LANES] += x * x;
            }
            means.push(magnitude / step.len() as f32);
        }
        offsets.push(folded(sums) / piece.len() as f32);
        squares += f64::from(folded(energies));
    }
    squares
}

/// The sums of the magnitudes of steps; adds their samples and squares to others.
#[inline(always)]
fn magnitudes(
    steps: &[f32; ABREAST * USUAL],
    sums: &mut [f32; LANES],
    energies: &mut [f32; LANES],
) -> [f32; ABREAST] {
    let mut fours = [[0f32; 4]; ABREAST];
    for (step, four) in steps.as_chunks::<USUAL>().0.iter().zip(&mut fours) {
        let mut eight = [0f32; USUAL / 2];
        for lane in 0..USUAL / 2 {
            eight[lane] = step[lane].abs() + step[lane + USUAL / 2].abs();
        }
        for lane in 0..USUAL {
            sums[lane] += step[lane];
            energies[lane] += step[lane] * step[lane];
        }
        for lane in 0..4 {
            four[lane] = eight[lane] + eight[lane + 4];
        }
    }
    // Four steps side by side, lane after lane.
    let mut folded = [0f32; ABREAST];
    for (fours, folded) in fours
        .as_chunks::<4>()
        .0
        .iter()
        .zip(folded.chunks_exact_mut(4))
    {
        let lane = |lane: usize| std::array::from_fn::<f32, 4, _>(|step| fours[step][lane]);
        let [a, b, c, d] = [lane(0), lane(1), lane(2), lane(3)];
        for step in 0..4 {
            folded[step] = (a[step] + b[step]) + (c[step] + d[step]);
        }
    }
    folded
}

#[inline(always)]
fn folded(lanes: [f32; LANES]) -> f32 {
    let mut lanes = lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_what_the_samples_do() {
        let samples: Vec<f32> = (0..1003).map(|n| ((n % 7) as f32 - 3.0) / 4.0).collect();
        let mut envelope = Envelope::default();
        envelope.measure(&[1.0; 5], 16_000);
        envelope.measure(&samples, 16_000);
        assert_eq!((envelope.step(), envelope.means().len()), (16, 63));
        let squares: f64 = samples.iter().map(|x| f64::from(x * x)).sum();
        assert!((envelope.squares() - squares).abs() < 1e-3);
        let last = samples[992..].iter().map(|x| x.abs()).sum::<f32>() / 11.0;
        assert!((envelope.means()[62] - last).abs() < 1e-6);
        assert_eq!(envelope.steps_in(0.2), 200);
    }

    #[test]
    fn an_offset_is_there_all_the_time() {
        let wave = |n: usize, hz: f32| (n as f32 / 16_000.0 * hz * std::f32::consts::TAU).sin();
        let offset = |sample: &dyn Fn(usize) -> f32| {
            let samples: Vec<f32> = (0..24_000).map(sample).collect();
            let mut envelope = Envelope::default();
            envelope.measure(&samples, 16_000);
            envelope.offset()
        };
        let found = offset(&|n| 0.02 + 0.3 * wave(n, 180.0));
        assert!((found - 0.02).abs() < 0.004, "{found}");
        // Three quarters of a slow wave: its mean is 0.06.
        assert_eq!(offset(&|n| 0.3 * wave(n, 0.5)), 0.0);
        assert_eq!(offset(&|n| 0.3 * wave(n, 180.0)).max(1e-4), 1e-4);
    }
}

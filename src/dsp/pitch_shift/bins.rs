//! The 126 frequency bins of a frame, all at once.
//!
//! Bins are held in two halves of 64: bin k, from 0 to 62, and bin 125 − k, whose
//! cosines and sines are the same but for signs; the last lane of each is idle.
//! Every loop here is over lanes with constant bounds, which the compiler turns
//! into vector instructions where the function around it has the features for
//! them; what is in single precision has loops of its own, for twice the lanes.
//! There is no fused multiply-add and no call, so all versions give the
//! same bits.

// Closures would not inherit the target features of the function around them.
#![allow(clippy::needless_range_loop)]

use std::f64::consts::TAU;

use super::lanes::{angle, round, round_f64, wave_of};

/// Samples in a frame.
pub const FRAME: usize = 250;
/// Samples between frames.
pub const HOP: usize = 7;
/// Bins in a half.
pub const HALF: usize = 64;
/// Bins in both.
pub const BINS: usize = 2 * HALF;
/// Frames over a sample, at most.
pub const OVERLAP: usize = FRAME.div_ceil(HOP);

/// The sample of a hop that time is counted from in spectra: from the middle of a
/// hop, cosines and sines of samples before and after are the same but for signs.
const MIDDLE: usize = HOP / 2;

/// A value for each bin.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Bins<T>(pub [T; BINS]);

/// A complex value for each bin.
#[derive(Clone, Copy)]
pub struct Spectrum<T> {
    pub re: Bins<T>,
    pub im: Bins<T>,
}

impl<T: Copy + Default> Default for Bins<T> {
    fn default() -> Self {
        Self([T::default(); BINS])
    }
}

impl<T: Copy + Default> Default for Spectrum<T> {
    fn default() -> Self {
        Self {
            re: Bins::default(),
            im: Bins::default(),
        }
    }
}

/// Cosines and sines of 1, 2 and 3 samples, for the bins of the first half.
struct Waves<T> {
    cos: [[T; HALF]; MIDDLE],
    sin: [[T; HALF]; MIDDLE],
}

/// What does not depend on the clip.
pub struct Tables {
    /// A hop later, the phase of each bin is as much further.
    hop: Spectrum<f64>,
    /// The phase of a frame that ends, as many hops after its start.
    end: Spectrum<f64>,
    waves: Waves<f64>,
    /// Those, times a bin's weight in a sample.
    weighted: Waves<f32>,
    weight: [f32; HALF],
    /// Phase of a frame's middle of a hop against its start, in turns and rounded
    /// in radians from −π to π.
    middle_turns: Bins<f64>,
    middle: Bins<f32>,
    /// The phase that each bin gains in a hop, as torch rounds it.
    advance: Bins<f32>,
}

/// The bin in a lane; `None` in the idle ones.
fn bin(lane: usize) -> Option<usize> {
    match (lane / HALF, lane % HALF) {
        (_, 63) => None,
        (0, k) => Some(k),
        (_, k) => Some(FRAME / 2 - k),
    }
}

/// Cosine and sine of a bin's wave after some samples; exact at quarter turns.
fn wave(bin: usize, samples: usize) -> (f64, f64) {
    let step = bin * samples % FRAME;
    match (step, 2 * step == FRAME) {
        (0, _) => (1.0, 0.0),
        (_, true) => (-1.0, 0.0),
        _ => {
            let (sin, cos) = libm::sincos(TAU * step as f64 / FRAME as f64);
            (cos, sin)
        }
    }
}

impl Tables {
    pub fn new() -> Self {
        let mut tables = Self {
            hop: Spectrum::default(),
            end: Spectrum::default(),
            waves: Waves {
                cos: [[0.0; HALF]; MIDDLE],
                sin: [[0.0; HALF]; MIDDLE],
            },
            weighted: Waves {
                cos: [[0.0; HALF]; MIDDLE],
                sin: [[0.0; HALF]; MIDDLE],
            },
            weight: [0.0; HALF],
            middle_turns: Bins::default(),
            middle: Bins::default(),
            advance: Bins::default(),
        };
        // torch.linspace(0, 7π, 126) in single precision, from both ends.
        let most = (std::f64::consts::PI * HOP as f64) as f32;
        let step = most / (FRAME / 2) as f32;
        for lane in 0..BINS {
            let Some(bin) = bin(lane) else { continue };
            (tables.hop.re.0[lane], tables.hop.im.0[lane]) = wave(bin, HOP);
            (tables.end.re.0[lane], tables.end.im.0[lane]) = wave(bin, OVERLAP * HOP);
            let turns = (bin * MIDDLE % FRAME) as f64 / FRAME as f64;
            let turns = if turns > 0.5 { turns - 1.0 } else { turns };
            tables.middle_turns.0[lane] = turns;
            tables.middle.0[lane] = (TAU * turns) as f32;
            tables.advance.0[lane] = match lane < HALF {
                true => step * bin as f32,
                false => most - step * (FRAME / 2 - bin) as f32,
            };
            if lane < HALF {
                // All but the first and the last bin stand for two.
                let weight = if bin == 0 { 1.0 } else { 2.0 } / FRAME as f64;
                tables.weight[lane] = weight as f32;
                for m in 0..MIDDLE {
                    let (cos, sin) = wave(bin, m + 1);
                    tables.waves.cos[m][lane] = cos;
                    tables.waves.sin[m][lane] = sin;
                    tables.weighted.cos[m][lane] = (weight * cos) as f32;
                    tables.weighted.sin[m][lane] = (weight * sin) as f32;
                }
            }
        }
        tables
    }
}

impl Spectrum<f64> {
    /// Moves the frame that this is the spectrum of on by a hop; `change` is what
    /// comes in less what goes out, sample by sample.
    #[inline(always)]
    pub fn slide(&mut self, change: [f64; HOP], tables: &Tables) {
        let [a, b, c, d, e, f, g] = change;
        let (even1, odd1) = (e + c, e - c);
        let (even2, odd2) = (f + b, f - b);
        let (even3, odd3) = (g + a, g - a);
        let Waves { cos, sin } = &tables.waves;
        for k in 0..HALF {
            let even = d + even2 * cos[1][k];
            let odd = even1 * cos[0][k] + even3 * cos[2][k];
            self.re.0[k] += even + odd;
            self.re.0[HALF + k] += even - odd;
            let odd = odd1 * sin[0][k] + odd3 * sin[2][k];
            let even = odd2 * sin[1][k];
            self.im.0[k] -= odd + even;
            self.im.0[HALF + k] -= odd - even;
        }
        self.turn(&tables.hop);
    }

    #[inline(always)]
    fn turn(&mut self, by: &Spectrum<f64>) {
        for k in 0..BINS {
            let (re, im) = (self.re.0[k], self.im.0[k]);
            self.re.0[k] = re * by.re.0[k] - im * by.im.0[k];
            self.im.0[k] = re * by.im.0[k] + im * by.re.0[k];
        }
    }

    /// A hop later, with a frame that begins and without the one that ended.
    #[inline(always)]
    pub fn overlap(&mut self, begins: &Spectrum<f32>, ended: &Spectrum<f32>, tables: &Tables) {
        let (hop, end) = (&tables.hop, &tables.end);
        for k in 0..BINS {
            let (re, im) = (self.re.0[k], self.im.0[k]);
            let (old_re, old_im) = (f64::from(ended.re.0[k]), f64::from(ended.im.0[k]));
            self.re.0[k] = (re * hop.re.0[k] - im * hop.im.0[k])
                + (f64::from(begins.re.0[k]) - (old_re * end.re.0[k] - old_im * end.im.0[k]));
            self.im.0[k] = (re * hop.im.0[k] + im * hop.re.0[k])
                + (f64::from(begins.im.0[k]) - (old_re * end.im.0[k] + old_im * end.re.0[k]));
        }
    }

    /// The samples of a hop.
    #[inline(always)]
    pub fn samples(&self, tables: &Tables) -> [f32; HOP] {
        let Waves { cos, sin } = &tables.weighted;
        let mut sums = [[0f32; 16]; HOP];
        for k in (0..HALF).step_by(16) {
            for lane in 0..16 {
                let at = k + lane;
                let (re, high_re) = (self.re.0[at] as f32, self.re.0[HALF + at] as f32);
                let (im, high_im) = (self.im.0[at] as f32, self.im.0[HALF + at] as f32);
                let (even, odd) = (re + high_re, re - high_re);
                let (odd_im, even_im) = (im + high_im, im - high_im);
                sums[0][lane] += even * tables.weight[at];
                sums[1][lane] += odd * cos[0][at];
                sums[2][lane] += odd_im * sin[0][at];
                sums[3][lane] += even * cos[1][at];
                sums[4][lane] += even_im * sin[1][at];
                sums[5][lane] += odd * cos[2][at];
                sums[6][lane] += odd_im * sin[2][at];
            }
        }
        let [middle, c1, s1, c2, s2, c3, s3] = totals(sums);
        [c3 + s3, c2 + s2, c1 + s1, middle, c1 - s1, c2 - s2, c3 - s3]
    }
}

impl Spectrum<f32> {
    /// The first two samples of this frame alone.
    #[inline(always)]
    pub fn first_samples(&self, tables: &Tables) -> [f32; 2] {
        let Waves { cos, sin } = &tables.weighted;
        let mut sums = [[0f32; 16]; 2];
        for k in (0..HALF).step_by(16) {
            for lane in 0..16 {
                let at = k + lane;
                let (re, high_re) = (self.re.0[at], self.re.0[HALF + at]);
                let (im, high_im) = (self.im.0[at], self.im.0[HALF + at]);
                sums[0][lane] += (re - high_re) * cos[2][at] + (im + high_im) * sin[2][at];
                sums[1][lane] += (re + high_re) * cos[1][at] + (im - high_im) * sin[1][at];
            }
        }
        totals(sums)
    }
}

/// Sums of lanes, in an order that does not depend on the processor.
#[inline(always)]
fn totals<const N: usize>(mut sums: [[f32; 16]; N]) -> [f32; N] {
    for half in [8, 4, 2, 1] {
        for sums in &mut sums {
            for lane in 0..half {
                sums[lane] += sums[lane + half];
            }
        }
    }
    let mut totals = [0.0; N];
    for n in 0..N {
        totals[n] = sums[n][0];
    }
    totals
}

/// Magnitude and angle of the bins of a frame.
#[derive(Clone, Copy, Default)]
pub struct Polar {
    pub magnitude: Bins<f32>,
    /// From the middle of the frame's first hop; that of nothing is the one that
    /// is 0 at its start.
    pub angle: Bins<f32>,
    /// Whether there is nothing.
    pub is_silent: bool,
}

impl Polar {
    #[inline(always)]
    pub fn of(spectrum: &Spectrum<f64>, tables: &Tables, out: &mut Self) {
        let mut point = Spectrum::<f32>::default();
        for k in 0..BINS {
            // A zero of either sign is one without.
            point.re.0[k] = spectrum.re.0[k] as f32 + 0.0;
            point.im.0[k] = spectrum.im.0[k] as f32 + 0.0;
        }
        for k in 0..BINS {
            let (x, y) = (point.re.0[k], point.im.0[k]);
            out.magnitude.0[k] = (x * x + y * y).sqrt();
            let angle = angle(x, y);
            let nothing = x == 0.0 && y == 0.0;
            out.angle.0[k] = if nothing { tables.middle.0[k] } else { angle };
        }
        out.is_silent = false;
    }

    /// That of silence.
    pub fn silence(tables: &Tables) -> Self {
        Self {
            magnitude: Bins::default(),
            angle: tables.middle,
            is_silent: true,
        }
    }
}

/// Running phases, of a frame's start.
#[derive(Clone, Copy, Default)]
pub struct Phases(Bins<f64>);

impl Phases {
    /// Those of the first frame.
    #[inline(always)]
    pub fn start(frame: &Polar, tables: &Tables) -> Self {
        let mut phases = Bins::default();
        for k in 0..BINS {
            let angle = frame.angle.0[k] - tables.middle.0[k];
            phases.0[k] = f64::from(angle - TAU as f32 * round(angle / TAU as f32));
        }
        Self(phases)
    }

    /// Adds what a hop between two frames adds; in single precision and in this
    /// order, as torchaudio's `phase_vocoder` does.
    #[inline(always)]
    pub fn advance(&mut self, from: &Polar, to: &Polar, tables: &Tables) {
        let mut step = Bins::<f32>::default();
        for k in 0..BINS {
            let advance = tables.advance.0[k];
            let phase = to.angle.0[k] - from.angle.0[k] - advance;
            let phase = phase - TAU as f32 * round(phase / TAU as f32);
            step.0[k] = phase + advance;
        }
        for k in 0..BINS {
            self.0.0[k] += f64::from(step.0[k]);
        }
    }

    /// The spectrum of a frame between two, `share` of the way.
    #[inline(always)]
    pub fn between(
        &self,
        from: &Polar,
        to: &Polar,
        share: f32,
        tables: &Tables,
        out: &mut Spectrum<f32>,
    ) {
        let mut angle = Bins::<f32>::default();
        for k in 0..BINS {
            // The sum is rounded before it is wrapped, as in the original.
            let turns = f64::from(self.0.0[k] as f32) * (1.0 / TAU) + tables.middle_turns.0[k];
            angle.0[k] = (turns - round_f64(turns)) as f32;
        }
        for k in 0..BINS {
            let magnitude = share * to.magnitude.0[k] + (1.0 - share) * from.magnitude.0[k];
            let (cos, sin) = wave_of(angle.0[k]);
            out.re.0[k] = magnitude * cos;
            out.im.0[k] = magnitude * sin;
        }
    }
}

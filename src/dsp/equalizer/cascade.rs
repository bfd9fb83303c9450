//! The sections one after the other, run side by side.
//!
//! A section's recurrence is a chain of four dependent operations a sample, so
//! one section alone leaves most of a core idle. Here section `s` works on
//! sample `t - s` while section 0 works on sample `t`: within a step no section
//! waits for another, and the loop over sections becomes vector instructions.
//! The arithmetic of each section, and so the result, is that of running them
//! one by one over the whole clip.

use super::BANDS;
use super::section::Section;

/// Lanes of the step: one a section, and idle ones to fill the vectors.
const LANES: usize = 8;

type Lanes = [f64; LANES];

/// All sections' coefficients and state, one lane a section.
pub(super) struct Cascade {
    b: [Lanes; 3],
    a: [Lanes; 2],
    steady: [Lanes; 2],
    state: [Lanes; 2],
    /// Each section's next input.
    input: Lanes,
}

impl Cascade {
    /// A cascade that has seen no sample.
    pub fn new(sections: &[Section; BANDS]) -> Self {
        let lanes = |pick: fn(&Section) -> f64| {
            let mut lanes = [0.0; LANES];
            for (lane, section) in lanes.iter_mut().zip(sections) {
                *lane = pick(section);
            }
            lanes
        };
        Self {
            b: [lanes(|s| s.b[0]), lanes(|s| s.b[1]), lanes(|s| s.b[2])],
            a: [lanes(|s| s.a[0]), lanes(|s| s.a[1])],
            steady: [lanes(|s| s.steady[0]), lanes(|s| s.steady[1])],
            state: [[0.0; LANES]; 2],
            input: [0.0; LANES],
        }
    }

    /// Filters a whole clip in place.
    pub fn run(mut self, samples: &mut [f32]) {
        const LATENCY: usize = BANDS - 1;
        for step in 0..samples.len() + LATENCY {
            let next = samples.get(step).copied().unwrap_or(0.0);
            if step < BANDS {
                self.start(step, next);
            }
            let output = self.step(next);
            if step >= LATENCY {
                samples[step - LATENCY] = output;
            }
        }
    }

    /// Puts a section into its steady state for its first sample, which
    /// arrives in this step; what its lane computed before is void.
    fn start(&mut self, section: usize, next: f32) {
        let first = if section == 0 {
            f64::from(next)
        } else {
            self.input[section]
        };
        for (state, steady) in self.state.iter_mut().zip(&self.steady) {
            state[section] = steady[section] * first;
        }
    }

    /// Moves every section on by one sample, in transposed direct form II.
    #[inline(always)]
    fn step(&mut self, next: f32) -> f32 {
        self.input[0] = f64::from(next);
        let mut output = [0.0f32; LANES];
        for lane in 0..LANES {
            let x = self.input[lane];
            let y = self.b[0][lane] * x + self.state[0][lane];
            self.state[0][lane] = self.b[1][lane] * x - self.a[0][lane] * y + self.state[1][lane];
            self.state[1][lane] = self.b[2][lane] * x - self.a[1][lane] * y;
            output[lane] = y as f32;
        }
        for lane in 1..LANES {
            self.input[lane] = f64::from(output[lane - 1]);
        }
        output[BANDS - 1]
    }
}

//! The sections one after the other, run side by side.
//!
//! A section's recurrence is a chain of dependent operations, so one section
//! alone leaves most of a core idle. Here section `s` works on sample `t - s`
//! while section 0 works on sample `t`: within a step no section waits for
//! another, and the loop over sections becomes vector instructions. The
//! arithmetic of each section, and so the result, is that of running them one
//! by one over the whole clip.

use multiversion::multiversion;

use super::BANDS;
use super::section::Section;

/// One lane a section, and an idle one that fills the vectors.
const LANES: usize = 8;

/// Steps from a sample's entry to its exit.
const LATENCY: usize = BANDS - 1;

type Lanes = [f64; LANES];

/// Coefficients and steady states of all sections.
pub(super) struct Cascade {
    b: [Lanes; 3],
    a: [Lanes; 2],
    steady: [Lanes; 2],
}

impl Cascade {
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
        }
    }

    /// Moves every section on by a sample, in transposed direct form II.
    #[inline(always)]
    fn step(&self, input: &Lanes, state: &mut [Lanes; 2]) -> [f32; LANES] {
        let mut output = [0.0; LANES];
        for lane in 0..LANES {
            let x = input[lane];
            let y = self.b[0][lane] * x + state[0][lane];
            state[0][lane] = self.b[1][lane] * x - self.a[0][lane] * y + state[1][lane];
            state[1][lane] = self.b[2][lane] * x - self.a[1][lane] * y;
            output[lane] = y as f32;
        }
        output
    }
}

/// Filters a whole clip in place.
#[multiversion(targets("x86_64+avx2"))]
pub(super) fn run(cascade: &Cascade, samples: &mut [f32]) {
    // Local, so that they stay in registers.
    let mut state = [[0.0; LANES]; 2];
    let mut input = [0.0; LANES];
    for step in 0..samples.len() + LATENCY {
        input[0] = f64::from(samples.get(step).copied().unwrap_or(0.0));
        // A section's first sample arrives in the step of its own number;
        // what its lane computed before is void.
        if step < BANDS {
            state[0][step] = cascade.steady[0][step] * input[step];
            state[1][step] = cascade.steady[1][step] * input[step];
        }
        let output = cascade.step(&input, &mut state);
        if step >= LATENCY {
            samples[step - LATENCY] = output[BANDS - 1];
        }
        for lane in 1..LANES {
            input[lane] = f64::from(output[lane - 1]);
        }
    }
}

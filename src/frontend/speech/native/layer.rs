//! One convolution of three taps, along time or along frequency, with its
//! activation and pooling.

use super::lanes::{Lanes, WIDTH};
use super::product::{COLUMNS, Row, Weights};
use super::winograd::{Bilinear, F43, Pair};

/// Slope of the activation below zero, and the least value it takes.
pub const SLOPE: f32 = 0.2;
/// The least value of the activation.
pub const FLOOR: f32 = -0.4;

/// The taps of a convolution, `[output][input][tap]`, and a bias per output.
#[derive(Clone, Debug, PartialEq)]
pub struct Taps {
    /// Channels read.
    pub inputs: usize,
    /// Channels written.
    pub outputs: usize,
    /// Three taps for each output and input.
    pub taps: Vec<[f32; 3]>,
    /// Added to each output.
    pub bias: Vec<f32>,
}

/// How a layer walks over a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// 1×3, zero-padded, over a multiple of four bins.
    Frequency,
    /// 1×3, zero-padded, over two bins.
    FrequencyPair,
    /// 3×1, not padded: two time steps fewer.
    Time,
    /// 3×1, then the maximum over 1×2 (time × frequency).
    TimePool1x2,
    /// 3×1, then the maximum over 2×2.
    TimePool2x2,
}

/// Extent of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Time steps.
    pub times: usize,
    /// Frequency bins.
    pub bins: usize,
    /// Channels, in lanes.
    pub lanes: usize,
}

impl Shape {
    /// Lanes in the whole map.
    pub fn len(self) -> usize {
        self.times * self.step()
    }

    /// Lanes in one time step.
    pub fn step(self) -> usize {
        self.bins * self.lanes
    }
}

/// A convolution, ready to run.
#[derive(Clone, Debug)]
pub struct Convolution {
    pub(super) scheme: Scheme,
    pub(super) lanes_in: usize,
    pub(super) activation: Activation,
    /// `[block of outputs][point][lane of inputs]`
    pub(super) weights: Vec<Weights>,
    pub(super) bias: Vec<Row>,
}

impl Convolution {
    /// Transforms the taps. Inputs are a multiple of 8 channels, outputs of 24.
    pub fn new(scheme: Scheme, taps: &Taps) -> Self {
        let weights = match scheme {
            Scheme::FrequencyPair => transform(Pair, taps),
            _ => transform(F43, taps),
        };
        Self {
            scheme,
            lanes_in: taps.inputs / WIDTH,
            activation: Activation::LEAKY,
            weights,
            bias: taps.bias.chunks_exact(COLUMNS * WIDTH).map(row).collect(),
        }
    }

    /// Leaves the activation out.
    pub fn make_linear(&mut self) {
        self.activation = Activation::LINEAR;
    }

    /// The map that it makes of one of this shape.
    pub fn output(&self, input: Shape) -> Shape {
        let lanes = self.bias.len() * COLUMNS;
        let times = input.times.saturating_sub(2);
        let (times, bins) = match self.scheme {
            Scheme::Frequency | Scheme::FrequencyPair => (input.times, input.bins),
            Scheme::Time => (times, input.bins),
            Scheme::TimePool1x2 => (times, input.bins / 2),
            Scheme::TimePool2x2 => (times / 2, input.bins / 2),
        };
        Shape { times, bins, lanes }
    }
}

/// max(x, slope x), no less than the floor.
#[derive(Clone, Copy, Debug)]
pub struct Activation {
    slope: f32,
    floor: f32,
}

impl Activation {
    /// What follows every convolution but the last.
    pub const LEAKY: Self = Self {
        slope: SLOPE,
        floor: FLOOR,
    };
    /// Nothing.
    const LINEAR: Self = Self {
        slope: 1.0,
        floor: f32::NEG_INFINITY,
    };

    #[inline(always)]
    pub fn of(self, x: Lanes) -> Lanes {
        x.max(x.scale(self.slope)).max(Lanes::splat(self.floor))
    }
}

/// The weights of an algorithm, in double precision until the last step.
fn transform<B, const I: usize, const P: usize, const O: usize>(
    algorithm: B,
    taps: &Taps,
) -> Vec<Weights>
where
    B: Bilinear<I, P, O>,
{
    let (lanes_in, block) = (taps.inputs / WIDTH, COLUMNS * WIDTH);
    let mut weights = vec![[[Lanes::ZERO; COLUMNS]; WIDTH]; taps.outputs / block * P * lanes_in];
    for (index, &g) in taps.taps.iter().enumerate() {
        let (output, input) = (index / taps.inputs, index % taps.inputs);
        let column = output % block;
        for (point, value) in algorithm.taps(g.map(f64::from)).into_iter().enumerate() {
            let at = (output / block * P + point) * lanes_in + input / WIDTH;
            weights[at][input % WIDTH][column / WIDTH].0[column % WIDTH] = value as f32;
        }
    }
    weights
}

/// 24 floats as a row.
pub fn row(values: &[f32]) -> Row {
    let mut row = [Lanes::ZERO; COLUMNS];
    for (lanes, values) in row.iter_mut().zip(values.chunks_exact(WIDTH)) {
        lanes.0.copy_from_slice(values);
    }
    row
}

#[cfg(test)]
mod tests;

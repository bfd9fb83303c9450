//! One convolution of three taps, along time or along frequency, with its
//! activation and pooling.
//!
//! A map is channels-last: `[time][bin][lane]`. A layer cuts it into chunks
//! of a few dozen tiles, and carries each through the three steps of
//! [`winograd`](super::winograd) while it is in the cache.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use super::dispatch::{Isa, Operation};
use super::lanes::{Lanes, WIDTH};
use super::product::{self, COLUMNS, Row, Weights};
use super::winograd::{Bilinear, F43, F63, Pair};

/// Tiles that go through the steps together.
const CHUNK: usize = 96;
/// Most points of an algorithm, channels of a layer, and lanes of one time
/// step of a map.
const MAX_POINTS: usize = 8;
const MAX_CHANNELS: usize = 96;
const MAX_STEP: usize = 96;

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

/// Room for what a layer computes on the way; one for all layers of a network.
pub struct Workspace {
    points: Vec<Lanes>,
    products: Vec<Row>,
    zeros: Vec<Lanes>,
}

impl Workspace {
    /// Room for any layer of the network.
    pub fn new() -> Self {
        Self {
            points: vec![Lanes::ZERO; MAX_POINTS * CHUNK * MAX_CHANNELS / WIDTH],
            products: vec![[Lanes::ZERO; COLUMNS]; MAX_POINTS * CHUNK],
            zeros: vec![Lanes::ZERO; MAX_STEP],
        }
    }
}

/// A convolution, ready to run.
#[derive(Clone, Debug)]
pub struct Convolution {
    scheme: Scheme,
    lanes_in: usize,
    activation: Activation,
    /// `[block of outputs][point][lane of inputs]`
    weights: Vec<Weights>,
    bias: Vec<Row>,
}

impl Convolution {
    /// Transforms the taps. Inputs are a multiple of 8 channels, outputs of 24.
    pub fn new(scheme: Scheme, taps: &Taps) -> Self {
        let weights = match scheme {
            Scheme::FrequencyPair => transform(&Pair, taps),
            Scheme::Frequency => transform(&F43, taps),
            _ => transform(&F63, taps),
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

    /// Reads a map from the head of `input` and writes one to the head of
    /// `output`; returns its shape.
    pub fn run(
        &self,
        isa: Isa,
        shape: Shape,
        input: &[Lanes],
        output: &mut [Lanes],
        workspace: &mut Workspace,
    ) -> Shape {
        debug_assert_eq!(shape.lanes, self.lanes_in);
        let written = self.output(shape);
        let maps = Maps {
            shape,
            written,
            input: &input[..shape.len()],
            output: &mut output[..written.len()],
        };
        let (layer, algorithm) = (self, F43);
        match self.scheme {
            Scheme::Frequency => isa.run(AlongFrequency {
                layer,
                algorithm,
                maps,
                workspace,
            }),
            Scheme::FrequencyPair => isa.run(AlongFrequency {
                layer,
                algorithm: Pair,
                maps,
                workspace,
            }),
            Scheme::Time => isa.run(AlongTime::<_, 1, 1, 8, 8, 6> {
                layer,
                algorithm: F63,
                maps,
                workspace,
            }),
            Scheme::TimePool1x2 => isa.run(AlongTime::<_, 1, 2, 8, 8, 6> {
                layer,
                algorithm: F63,
                maps,
                workspace,
            }),
            Scheme::TimePool2x2 => isa.run(AlongTime::<_, 2, 2, 8, 8, 6> {
                layer,
                algorithm: F63,
                maps,
                workspace,
            }),
        }
        written
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
fn transform<B, const I: usize, const P: usize, const O: usize>(_: &B, taps: &Taps) -> Vec<Weights>
where
    B: Bilinear<I, P, O>,
{
    let (lanes_in, block) = (taps.inputs / WIDTH, COLUMNS * WIDTH);
    let mut weights = vec![[[Lanes::ZERO; COLUMNS]; WIDTH]; taps.outputs / block * P * lanes_in];
    for (index, &g) in taps.taps.iter().enumerate() {
        let (output, input) = (index / taps.inputs, index % taps.inputs);
        let column = output % block;
        for (point, value) in B::taps(g.map(f64::from)).into_iter().enumerate() {
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

struct Maps<'a> {
    shape: Shape,
    written: Shape,
    input: &'a [Lanes],
    output: &'a mut [Lanes],
}

struct AlongFrequency<'a, B, const I: usize, const P: usize, const O: usize> {
    layer: &'a Convolution,
    algorithm: B,
    maps: Maps<'a>,
    workspace: &'a mut Workspace,
}

impl<B, const I: usize, const P: usize, const O: usize> Operation for AlongFrequency<'_, B, I, P, O>
where
    B: Bilinear<I, P, O>,
{
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self {
            layer,
            algorithm,
            maps,
            workspace,
        } = self;
        let Maps { shape, written, .. } = maps;
        let tiles = shape.bins / O;
        let times = (CHUNK / tiles).max(1);
        let inputs = maps.input.chunks(times * shape.step());
        let outputs = maps.output.chunks_mut(times * written.step());
        for (input, output) in inputs.zip(outputs) {
            let rows = input.len() / shape.step() * tiles;
            let mut panels = panels(&mut workspace.points, rows, shape.lanes);
            for (time, step) in input.chunks_exact(shape.step()).enumerate() {
                for tile in 0..tiles {
                    let first = (tile * O).wrapping_sub(B::LEFT);
                    let lines = lines(step, first, shape.lanes, &workspace.zeros);
                    forward::<B, FUSED, I, P, O>(lines, &mut panels, time * tiles + tile);
                }
            }
            for (block, bias) in layer.bias.iter().enumerate() {
                let products = &mut workspace.products;
                multiply::<FUSED, P>(layer, block, &workspace.points, rows, products);
                let products = products_of::<P>(products, rows);
                for (time, step) in output.chunks_exact_mut(written.step()).enumerate() {
                    for tile in 0..tiles {
                        let rows = rows_at(&products, time * tiles + tile);
                        let target = &mut step[tile * O * written.lanes..];
                        for column in 0..COLUMNS {
                            let y = inverse::<B, FUSED, I, P, O>(&rows, column);
                            for o in 0..O {
                                let at = o * written.lanes + block * COLUMNS + column;
                                target[at] = layer.activation.of(y[o].add(bias[column]));
                            }
                        }
                    }
                }
            }
        }
        let _ = algorithm;
    }
}

struct AlongTime<
    'a,
    B,
    const POOL_TIMES: usize,
    const POOL_BINS: usize,
    const I: usize,
    const P: usize,
    const O: usize,
> {
    layer: &'a Convolution,
    algorithm: B,
    maps: Maps<'a>,
    workspace: &'a mut Workspace,
}

impl<
    B,
    const POOL_TIMES: usize,
    const POOL_BINS: usize,
    const I: usize,
    const P: usize,
    const O: usize,
> Operation for AlongTime<'_, B, POOL_TIMES, POOL_BINS, I, P, O>
where
    B: Bilinear<I, P, O>,
{
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self {
            layer,
            algorithm,
            maps,
            workspace,
        } = self;
        let Maps { shape, written, .. } = maps;
        let (step, bins) = (shape.step(), shape.bins);
        // Outputs of a tile after pooling, and tiles of a chunk.
        let pooled = O / POOL_TIMES;
        let tiles = (CHUNK / bins).max(1);
        let outputs = maps.output.chunks_mut(tiles * pooled * written.step());
        for (chunk, output) in outputs.enumerate() {
            let times = output.len() / written.step();
            let count = times.div_ceil(pooled);
            let rows = count * bins;
            let mut panels = panels(&mut workspace.points, rows, shape.lanes);
            for tile in 0..count {
                let first = (chunk * tiles + tile) * O;
                let lines = lines(maps.input, first, step, &workspace.zeros);
                forward::<B, FUSED, I, P, O>(lines, &mut panels, tile);
            }
            for (block, bias) in layer.bias.iter().enumerate() {
                let products = &mut workspace.products;
                multiply::<FUSED, P>(layer, block, &workspace.points, rows, products);
                let products = products_of::<P>(products, rows);
                for tile in 0..count {
                    let kept = pooled.min(times - tile * pooled);
                    for bin in 0..written.bins {
                        let at = tile * bins + bin * POOL_BINS;
                        let rows = rows_at(&products, at);
                        let other = rows_at(&products, at + POOL_BINS - 1);
                        let first = tile * pooled * written.step() + bin * written.lanes;
                        let target = &mut output[first..];
                        for column in 0..COLUMNS {
                            let mut y = inverse::<B, FUSED, I, P, O>(&rows, column);
                            if POOL_BINS == 2 {
                                let other = inverse::<B, FUSED, I, P, O>(&other, column);
                                for o in 0..O {
                                    y[o] = y[o].max(other[o]);
                                }
                            }
                            if POOL_TIMES == 2 {
                                for o in 0..pooled {
                                    y[o] = y[2 * o].max(y[2 * o + 1]);
                                }
                            }
                            // Bias and activation never decrease: after the
                            // maximum they give the same bits.
                            for o in 0..kept {
                                let at = o * written.step() + block * COLUMNS + column;
                                target[at] = layer.activation.of(y[o].add(bias[column]));
                            }
                        }
                    }
                }
            }
        }
        let _ = algorithm;
    }
}

/// Where the rows of each point go: `[point][row][lane]`, the rows of a point
/// rounded up to what the product takes at once.
#[inline(always)]
fn panels<const P: usize>(points: &mut [Lanes], rows: usize, lanes: usize) -> [&mut [Lanes]; P] {
    let length = rows.next_multiple_of(product::ROWS) * lanes;
    let mut panels: [&mut [Lanes]; P] = std::array::from_fn(|_| Default::default());
    for (panel, points) in panels.iter_mut().zip(points.chunks_exact_mut(length)) {
        *panel = points;
    }
    panels
}

/// The products of one block, likewise.
#[inline(always)]
fn products_of<const P: usize>(products: &[Row], rows: usize) -> [&[Row]; P] {
    let length = rows.next_multiple_of(product::ROWS);
    let mut panels = [&[] as &[Row]; P];
    for (panel, products) in panels.iter_mut().zip(products.chunks_exact(length)) {
        *panel = products;
    }
    panels
}

/// `I` neighbouring lines from `first` on, zeros where there is none.
#[inline(always)]
fn lines<'a, const I: usize>(
    map: &'a [Lanes],
    first: usize,
    length: usize,
    zeros: &'a [Lanes],
) -> [&'a [Lanes]; I] {
    let mut lines = [&zeros[..length]; I];
    for i in 0..I {
        let start = first.wrapping_add(i).wrapping_mul(length);
        if let Some(line) = map.get(start..start.wrapping_add(length)) {
            lines[i] = line;
        }
    }
    lines
}

#[inline(always)]
fn forward<B, const FUSED: bool, const I: usize, const P: usize, const O: usize>(
    lines: [&[Lanes]; I],
    panels: &mut [&mut [Lanes]; P],
    index: usize,
) where
    B: Bilinear<I, P, O>,
{
    let length = lines[0].len();
    let mut targets: [&mut [Lanes]; P] = std::array::from_fn(|_| Default::default());
    for (target, panel) in targets.iter_mut().zip(panels.iter_mut()) {
        *target = &mut panel[index * length..][..length];
    }
    for lane in 0..length {
        let mut x = [Lanes::ZERO; I];
        for i in 0..I {
            x[i] = lines[i][lane];
        }
        let v = B::forward::<FUSED>(x);
        for p in 0..P {
            targets[p][lane] = v[p];
        }
    }
}

#[inline(always)]
fn multiply<const FUSED: bool, const P: usize>(
    layer: &Convolution,
    block: usize,
    points: &[Lanes],
    rows: usize,
    products: &mut [Row],
) {
    let rows = rows.next_multiple_of(product::ROWS);
    let depth = layer.lanes_in;
    let weights = layer.weights[block * P * depth..].chunks_exact(depth);
    let inputs = points.chunks_exact(rows * depth);
    let outputs = products.chunks_exact_mut(rows);
    for ((weights, inputs), outputs) in weights.zip(inputs).zip(outputs).take(P) {
        product::multiply::<FUSED>(inputs, weights, outputs);
    }
}

/// The products of one row at all points.
#[inline(always)]
fn rows_at<'a, const P: usize>(products: &[&'a [Row]; P], index: usize) -> [&'a Row; P] {
    let mut rows = [&[Lanes::ZERO; COLUMNS]; P];
    for p in 0..P {
        rows[p] = &products[p][index];
    }
    rows
}

#[inline(always)]
fn inverse<B, const FUSED: bool, const I: usize, const P: usize, const O: usize>(
    rows: &[&Row; P],
    column: usize,
) -> [Lanes; O]
where
    B: Bilinear<I, P, O>,
{
    let mut m = [Lanes::ZERO; P];
    for p in 0..P {
        m[p] = rows[p][column];
    }
    B::inverse::<FUSED>(m)
}

//! How a layer walks over a map.
//!
//! A map is channels-last: `[time][bin][lane]`. The walk cuts it into chunks
//! of a few dozen tiles, and carries each through the three steps of
//! [`winograd`](super::winograd) while it is in the cache: transform the
//! inputs, one matrix product a point, transform back. Bias, activation and
//! pooling are part of the last.

// See `lanes`.
#![allow(clippy::needless_range_loop)]

use super::dispatch::{Isa, Operation};
use super::lanes::{Lanes, WIDTH};
use super::layer::{Convolution, Scheme, Shape};
use super::product::{self, COLUMNS, Row};
use super::repeats::Units;
use super::winograd::{Bilinear, F43, Pair};

/// Tiles that go through the steps together.
const CHUNK: usize = 96;
/// Most points of an algorithm, channels of a layer, and lanes of one time
/// step of a map.
const MAX_POINTS: usize = 6;
const MAX_CHANNELS: usize = 96;
const MAX_STEP: usize = 96;

/// Room for what a layer computes on the way; one for all layers of a network.
pub struct Workspace {
    points: Vec<Lanes>,
    products: Vec<Row>,
    zeros: Vec<Lanes>,
    /// Time steps, or tiles, to compute.
    fresh: Vec<usize>,
}

impl Workspace {
    /// Room for any layer of the network.
    pub fn new() -> Self {
        Self {
            points: vec![Lanes::ZERO; MAX_POINTS * CHUNK * MAX_CHANNELS / WIDTH],
            products: vec![[Lanes::ZERO; COLUMNS]; MAX_POINTS * CHUNK],
            zeros: vec![Lanes::ZERO; MAX_STEP],
            fresh: Vec::new(),
        }
    }
}

impl Convolution {
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
        match self.scheme {
            Scheme::Frequency => isa.run(AlongFrequency::new(self, F43, maps, workspace)),
            Scheme::FrequencyPair => isa.run(AlongFrequency::new(self, Pair, maps, workspace)),
            Scheme::Time => isa.run(AlongTime::<1, 1>::new(self, maps, workspace)),
            Scheme::TimePool1x2 => isa.run(AlongTime::<1, 2>::new(self, maps, workspace)),
            Scheme::TimePool2x2 => isa.run(AlongTime::<2, 2>::new(self, maps, workspace)),
        }
        written
    }
}

/// What a layer reads and writes.
pub struct Maps<'a> {
    /// Extent of the input.
    pub shape: Shape,
    /// Extent of the output.
    pub written: Shape,
    /// The input.
    pub input: &'a [Lanes],
    /// The output.
    pub output: &'a mut [Lanes],
}

/// 1×3 over every time step.
pub struct AlongFrequency<'a, B, const I: usize, const P: usize, const O: usize> {
    layer: &'a Convolution,
    algorithm: B,
    maps: Maps<'a>,
    workspace: &'a mut Workspace,
}

impl<'a, B, const I: usize, const P: usize, const O: usize> AlongFrequency<'a, B, I, P, O>
where
    B: Bilinear<I, P, O>,
{
    pub fn new(
        layer: &'a Convolution,
        algorithm: B,
        maps: Maps<'a>,
        workspace: &'a mut Workspace,
    ) -> Self {
        Self {
            layer,
            algorithm,
            maps,
            workspace,
        }
    }
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
        let Workspace {
            points,
            products,
            zeros,
            fresh,
        } = workspace;
        let steps = Units {
            count: shape.times,
            stride: shape.step(),
            length: shape.step(),
            back: PERIOD,
        };
        steps.list_fresh(maps.input, fresh);
        let tiles = shape.bins / O;
        for times in fresh.chunks((CHUNK / tiles).max(1)) {
            let rows = times.len() * tiles;
            let mut panels = panels(points, rows, shape.lanes);
            for (index, time) in times.iter().enumerate() {
                let step = &maps.input[time * shape.step()..][..shape.step()];
                for tile in 0..tiles {
                    let first = (tile * O).wrapping_sub(B::LEFT);
                    let lines = lines(step, first, shape.lanes, zeros);
                    let row = index * tiles + tile;
                    forward::<FUSED, _, I, P, O>(algorithm, lines, &mut panels, row);
                }
            }
            for (block, bias) in layer.bias.iter().enumerate() {
                multiply::<FUSED, P>(layer, block, points, rows, products);
                let products = products_of::<P>(products, rows);
                for (index, time) in times.iter().enumerate() {
                    let step = &mut maps.output[time * written.step()..][..written.step()];
                    for tile in 0..tiles {
                        let rows = rows_at(&products, index * tiles + tile);
                        let target = &mut step[tile * O * written.lanes..];
                        for column in 0..COLUMNS {
                            let y = inverse::<FUSED, _, I, P, O>(algorithm, &rows, column);
                            for o in 0..O {
                                let at = o * written.lanes + block * COLUMNS + column;
                                target[at] = layer.activation.of(y[o].add(bias[column]));
                            }
                        }
                    }
                }
            }
        }
        steps.fill(fresh, maps.output, written.step());
    }
}

/// 3×1 over every bin, then the maximum over a rectangle.
pub struct AlongTime<'a, const POOL_TIMES: usize, const POOL_BINS: usize> {
    layer: &'a Convolution,
    maps: Maps<'a>,
    workspace: &'a mut Workspace,
}

/// Points and outputs of [`F43`].
const POINTS: usize = 6;
const OUTPUTS: usize = 4;
/// Where a map does not change, its time steps repeat after so many: each of
/// a tile's outputs is rounded in its own way.
const PERIOD: usize = OUTPUTS;

impl<'a, const POOL_TIMES: usize, const POOL_BINS: usize> AlongTime<'a, POOL_TIMES, POOL_BINS> {
    pub fn new(layer: &'a Convolution, maps: Maps<'a>, workspace: &'a mut Workspace) -> Self {
        Self {
            layer,
            maps,
            workspace,
        }
    }
}

impl<const POOL_TIMES: usize, const POOL_BINS: usize> Operation
    for AlongTime<'_, POOL_TIMES, POOL_BINS>
{
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let Self {
            layer,
            maps,
            workspace,
        } = self;
        let Maps { shape, written, .. } = maps;
        let Workspace {
            points,
            products,
            zeros,
            fresh,
        } = workspace;
        let (step, bins) = (shape.step(), shape.bins);
        // Outputs of a tile after pooling.
        let pooled = OUTPUTS / POOL_TIMES;
        let tiles = Units {
            count: written.times.div_ceil(pooled),
            stride: OUTPUTS * step,
            length: POINTS * step,
            back: 1,
        };
        tiles.list_fresh(maps.input, fresh);
        for tiles in fresh.chunks((CHUNK / bins).max(1)) {
            let rows = tiles.len() * bins;
            let mut panels = panels(points, rows, shape.lanes);
            for (index, tile) in tiles.iter().enumerate() {
                let lines = lines(maps.input, tile * OUTPUTS, step, zeros);
                forward::<FUSED, _, _, _, _>(F43, lines, &mut panels, index);
            }
            for (block, bias) in layer.bias.iter().enumerate() {
                multiply::<FUSED, POINTS>(layer, block, points, rows, products);
                let products = products_of::<POINTS>(products, rows);
                for (index, tile) in tiles.iter().enumerate() {
                    let first = tile * pooled;
                    let kept = pooled.min(written.times - first);
                    for bin in 0..written.bins {
                        let at = index * bins + bin * POOL_BINS;
                        let rows = rows_at(&products, at);
                        let other = rows_at(&products, at + POOL_BINS - 1);
                        let first = first * written.step() + bin * written.lanes;
                        let target = &mut maps.output[first..];
                        for column in 0..COLUMNS {
                            let mut y = inverse::<FUSED, _, _, _, _>(F43, &rows, column);
                            if POOL_BINS == 2 {
                                let other = inverse::<FUSED, _, _, _, _>(F43, &other, column);
                                for o in 0..OUTPUTS {
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
        tiles.fill(fresh, maps.output, pooled * written.step());
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
fn forward<const FUSED: bool, B, const I: usize, const P: usize, const O: usize>(
    algorithm: B,
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
        let v = algorithm.forward::<FUSED>(x);
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
fn inverse<const FUSED: bool, B, const I: usize, const P: usize, const O: usize>(
    algorithm: B,
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
    algorithm.inverse::<FUSED>(m)
}

//! A sample of rows among each other, by their features.
//!
//! A row is the means of the embeddings of its two halves, less the mean of all, at
//! unit length: of one mean alone, rows that are mostly noise have neighbours of either
//! label. What is asked is which rows are nearest: whether positives and negatives lie apart
//! (the error of the nearest neighbour is at most twice the least possible: Cover
//! and Hart, 1967), and whether training and test rows are mixed (Schilling's and
//! Henze's test of nearest neighbours, 1986 and 1988).

use std::ops::Range;

use multiversion::multiversion;

/// Rows of each label and part that are looked at, at most.
pub const MOST: usize = 300;
/// Neighbours that a row is judged by.
const NEIGHBOURS: usize = 20;
/// So many of a label are near where one is among them.
const FEW: usize = 5;
/// Share of a label's rows that lie further from the others than what belongs to them.
const OUTERMOST: f64 = 0.075;
/// Values of one embedding, and of a row's two halves.
const SIZE: usize = crate::records::EMBEDDING;
const POINT: usize = 2 * SIZE;
/// Rows whose products with one are sums in registers, and rows that these are taken of
/// one after the other.
const TILE: usize = 32;
const TOGETHER: usize = 4;
/// Fewer rows say nothing.
const ENOUGH: usize = 20;

/// Rows in the space of their features.
#[derive(Clone, Debug, Default)]
pub struct Space {
    rows: Vec<Member>,
    points: Vec<[f32; POINT]>,
}

/// What a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Whether it is of a wake word.
    pub positive: bool,
    /// Whether it is for a test.
    pub test: bool,
    /// Which row it is, for the caller.
    pub row: usize,
}

/// What is to be told of a space.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// Rows with the share of their neighbours that have the other label: those that are
    /// as near to that label's rows as these are to each other.
    pub among_others: Vec<(usize, f64)>,
    /// Share of rows whose nearest neighbour has the other label, both labels
    /// counted alike; `None` of too few.
    pub overlap: Option<f64>,
    /// Of the label where that is most: how often the nearest neighbour is of the
    /// same part; half by chance.
    pub drift: Option<f64>,
}

/// Rows that can be compared.
pub struct Comparable {
    rows: Vec<Member>,
    points: Vec<[f32; POINT]>,
    tiles: Vec<[f32; TILE]>,
    /// Whether there are enough of both labels.
    both: bool,
    /// The rows of each label that drift is told by.
    picked: [Option<Vec<usize>>; 2],
}

/// What is near a row.
pub struct Looked {
    positive: bool,
    /// Where there are enough of both labels.
    near: Option<Near>,
    /// Whether the nearest of those that drift is told by is of the same part, of one of
    /// them.
    same_part: Option<bool>,
}

/// Of which label the neighbours of a row are.
struct Near {
    /// Whether the nearest has the other.
    wrong: bool,
    /// Share of them that have.
    share: f64,
    /// How alike a few rows of its label are at least, and of the other.
    own: f32,
    other: f32,
}

impl Space {
    /// Adds a row, `(timesteps, 96)`.
    pub fn add(&mut self, member: Member, features: &[f32]) {
        let mut point = [0f32; POINT];
        let steps = features.len() / SIZE;
        for (index, step) in features.chunks_exact(SIZE).enumerate() {
            // Of a row of one step, the first half is empty.
            let half = &mut point[SIZE * usize::from(index >= steps / 2)..];
            for (sum, value) in half.iter_mut().zip(step) {
                *sum += value;
            }
        }
        self.rows.push(member);
        self.points.push(point);
    }

    /// All of them, to be compared.
    pub fn into_comparable(mut self) -> Comparable {
        self.center();
        let positive = self.rows.iter().filter(|row| row.positive).count();
        Comparable {
            tiles: self.tiles(),
            both: positive.min(self.rows.len() - positive) >= ENOUGH,
            picked: [false, true].map(|positive| self.picked(positive)),
            rows: self.rows,
            points: self.points,
        }
    }

    /// Subtracts the mean and scales to unit length.
    fn center(&mut self) {
        let mut mean = [0f64; POINT];
        for point in &self.points {
            for (sum, value) in mean.iter_mut().zip(point) {
                *sum += f64::from(*value) / self.points.len() as f64;
            }
        }
        for point in &mut self.points {
            for (value, mean) in point.iter_mut().zip(&mean) {
                *value -= *mean as f32;
            }
            let norm = point.iter().map(|value| value * value).sum::<f32>();
            let norm = norm.sqrt().max(f32::MIN_POSITIVE);
            point.iter_mut().for_each(|value| *value /= norm);
        }
    }

    /// The rows of a label that drift is told by: as many of training as of test, spread
    /// evenly; `None` of too few.
    fn picked(&self, positive: bool) -> Option<Vec<usize>> {
        let part = |test: bool| {
            let rows = self.rows.iter().enumerate();
            rows.filter(move |(_, row)| row.positive == positive && row.test == test)
                .map(|(index, _)| index)
        };
        let parts = [false, true].map(|test| part(test).collect::<Vec<_>>());
        let count = parts[0].len().min(parts[1].len());
        if count < ENOUGH {
            return None;
        }
        let spread = |part: &Vec<usize>| {
            let at = |n: usize| part[n * part.len() / count];
            (0..count).map(at).collect::<Vec<_>>()
        };
        let mut picked = parts.each_ref().map(spread).concat();
        picked.sort_unstable();
        Some(picked)
    }

    /// Points in tiles: the first value of all of a tile, then the second.
    fn tiles(&self) -> Vec<[f32; TILE]> {
        let tile = |points: &[[f32; POINT]]| {
            let mut tile = vec![[0f32; TILE]; POINT];
            for (lane, point) in points.iter().enumerate() {
                for (column, value) in tile.iter_mut().zip(point) {
                    column[lane] = *value;
                }
            }
            tile
        };
        self.points.chunks(TILE).flat_map(tile).collect()
    }
}

impl Comparable {
    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// What is near each row of a range; the same whatever ranges all are looked at in.
    pub fn look(&self, range: Range<usize>) -> Vec<Looked> {
        let mut looked = Vec::with_capacity(range.len());
        let mut together = vec![0f32; TOGETHER * self.rows.len()];
        for first in range.clone().step_by(TOGETHER) {
            let few = first..range.end.min(first + TOGETHER);
            likenesses(&self.points[few.clone()], &self.tiles, &mut together);
            for (row, likeness) in few.zip(together.chunks_exact_mut(self.rows.len())) {
                // None is nearer than itself.
                likeness[row] = f32::NEG_INFINITY;
                looked.push(Looked {
                    positive: self.rows[row].positive,
                    near: self.both.then(|| self.near(row, likeness)),
                    same_part: self.same_part(row, likeness),
                });
            }
        }
        looked
    }

    /// What is to be told, of what is near each row.
    pub fn tell(&self, looked: &[Looked]) -> Told {
        let of = |positive: bool| looked.iter().filter(move |of| of.positive == positive);
        let wrong = |positive| share(of(positive).filter_map(|of| Some(of.near.as_ref()?.wrong)));
        let same_part = |positive| share(of(positive).filter_map(|of| of.same_part));
        let overlap = wrong(false).zip(wrong(true));
        let drift = [false, true].into_iter().filter_map(same_part);
        Told {
            among_others: self.among_others(looked),
            overlap: overlap.map(|(negative, positive)| (negative + positive) / 2.0),
            drift: drift.reduce(f64::max),
        }
    }

    /// Of which label the neighbours of a row are.
    fn near(&self, row: usize, likeness: &[f32]) -> Near {
        let near = nearest(likeness);
        let label = self.rows[row].positive;
        let is_own = |other: &&usize| self.rows[**other].positive == label;
        let reached = |few: Option<&usize>| {
            let few = few.or(near.last());
            few.map_or(0.0, |other| likeness[*other])
        };
        let others = near.iter().filter(|other| !is_own(other));
        Near {
            wrong: near.first().is_some_and(|nearest| !is_own(&nearest)),
            share: others.clone().count() as f64 / near.len().max(1) as f64,
            own: reached(near.iter().filter(is_own).nth(FEW - 1)),
            other: reached(others.clone().nth(FEW - 1)),
        }
    }

    /// Whether the nearest of those that drift is told by is of the same part.
    fn same_part(&self, row: usize, likeness: &[f32]) -> Option<bool> {
        let picked = self.picked[usize::from(self.rows[row].positive)].as_ref()?;
        picked.binary_search(&row).ok()?;
        let closer = |near: usize, other: &usize| {
            let is_closer = likeness[*other] > likeness[near];
            if is_closer { *other } else { near }
        };
        let nearest = picked.iter().fold(row, closer);
        Some(self.rows[nearest].test == self.rows[row].test)
    }

    /// Rows that are as near to the other label's as these are to each other, all but
    /// the outermost: what is far from its own label is not yet of the other.
    fn among_others(&self, looked: &[Looked]) -> Vec<(usize, f64)> {
        let near = || {
            looked
                .iter()
                .filter_map(|of| Some((of.positive, of.near.as_ref()?)))
        };
        let usual = [false, true].map(|positive| {
            let own = near().filter(|(label, _)| *label == positive);
            let mut own: Vec<f32> = own.map(|(_, near)| near.own).collect();
            own.sort_unstable_by(f32::total_cmp);
            let least = (OUTERMOST * own.len() as f64) as usize;
            own.get(least).copied().unwrap_or(f32::INFINITY)
        });
        let rows = self.rows.iter().zip(near());
        rows.filter(|(_, (label, near))| near.other >= usual[usize::from(!label)])
            .map(|(row, (_, near))| (row.row, near.share))
            .collect()
    }
}

/// Share of those that are true; `None` of none.
fn share(those: impl Iterator<Item = bool>) -> Option<f64> {
    let (mut count, mut of) = (0u32, 0u32);
    for is in those {
        count += u32::from(is);
        of += 1;
    }
    (of > 0).then(|| f64::from(count) / f64::from(of))
}

/// The rows that are most alike, the nearest first.
fn nearest(likeness: &[f32]) -> Vec<usize> {
    // That many parts have one from here on, so that the nearest all are.
    let part = (likeness.len() / NEIGHBOURS).clamp(1, TILE);
    let greatest = |part: &[f32]| part.iter().copied().fold(f32::NEG_INFINITY, greater);
    let mut parts: Vec<f32> = likeness.chunks(part).map(greatest).collect();
    let least = match parts.len() {
        NEIGHBOURS.. => {
            *parts
                .select_nth_unstable_by(NEIGHBOURS - 1, |a, b| b.total_cmp(a))
                .1
        }
        _ => f32::NEG_INFINITY,
    };
    // Sorted as whole numbers, the likeness before the row: of rows that are as alike, the
    // first goes first.
    let mut near: Vec<u64> = Vec::with_capacity(2 * NEIGHBOURS);
    for (other, likeness) in (0u32..).zip(likeness) {
        if *likeness >= least {
            near.push(u64::from(in_order(*likeness)) << 32 | u64::from(!other));
        }
    }
    near.sort_unstable_by(|a, b| b.cmp(a));
    near.truncate(NEIGHBOURS);
    near.iter().map(|of| !(*of as u32) as usize).collect()
}

/// A whole number for each float, in their order.
fn in_order(value: f32) -> u32 {
    let bits = value.to_bits();
    let is_below = bits >> 31 == 1;
    if is_below { !bits } else { bits | 1 << 31 }
}

fn greater(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

/// The products of a few points with all, each point's behind another's: value after
/// value, so that every sum is added in one order, and tile after tile, which stays in the
/// nearest cache.
#[multiversion(targets("x86_64+avx2"))]
fn likenesses(points: &[[f32; POINT]], tiles: &[[f32; TILE]], together: &mut [f32]) {
    let each = together.len() / TOGETHER;
    for (index, tile) in tiles.chunks_exact(POINT).enumerate() {
        for (point, likeness) in points.iter().zip(together.chunks_exact_mut(each)) {
            let mut sums = [0f32; TILE];
            for (value, column) in point.iter().zip(tile) {
                for lane in 0..TILE {
                    sums[lane] += value * column[lane];
                }
            }
            let likeness = &mut likeness[index * TILE..];
            let count = likeness.len().min(TILE);
            likeness[..count].copy_from_slice(&sums[..count]);
        }
    }
}

#[cfg(test)]
mod tests;

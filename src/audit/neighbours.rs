//! A sample of rows among each other, by their features.
//!
//! A row is the means of the embeddings of its two halves, less the mean of all, at
//! unit length: of one mean alone, rows that are mostly noise have neighbours of either
//! label. What
//! is asked is which rows are nearest: whether positives and negatives lie apart
//! (the error of the nearest neighbour is at most twice the least possible: Cover
//! and Hart, 1967), and whether training and test rows are mixed (Schilling's and
//! Henze's test of nearest neighbours, 1986 and 1988).

use multiversion::multiversion;

/// Rows of each label and part that are looked at, at most.
pub const MOST: usize = 300;
/// Neighbours that a row is judged by.
const NEIGHBOURS: usize = 20;
/// Values of one embedding, and of a row's two halves.
const SIZE: usize = crate::records::EMBEDDING;
const POINT: usize = 2 * SIZE;
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
    /// Rows with the share of their neighbours that have the other label.
    pub among_others: Vec<(usize, f64)>,
    /// Share of rows whose nearest neighbour has the other label, both labels
    /// counted alike; `None` of too few.
    pub overlap: Option<f64>,
    /// Of the label where that is most: how often the nearest neighbour is of the
    /// same part; half by chance.
    pub drift: Option<f64>,
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

    /// What is nearest to what.
    pub fn tell(mut self) -> Told {
        self.center();
        let positive = self.rows.iter().filter(|row| row.positive).count();
        if positive.min(self.rows.len() - positive) < ENOUGH {
            return Told {
                drift: self.drift(),
                ..Told::default()
            };
        }
        let (mut among_others, mut wrong) = (Vec::new(), [0usize; 2]);
        let mut near = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            self.nearest(index, |_| true, &mut near);
            let others = near
                .iter()
                .filter(|other| self.rows[**other].positive != row.positive);
            let share = others.count() as f64 / near.len().max(1) as f64;
            among_others.push((row.row, share));
            let first = near
                .first()
                .is_some_and(|first| self.rows[*first].positive != row.positive);
            wrong[usize::from(row.positive)] += usize::from(first);
        }
        let share = |wrong: usize, of: usize| wrong as f64 / of as f64;
        let overlap = share(wrong[0], self.rows.len() - positive) + share(wrong[1], positive);
        Told {
            among_others,
            overlap: Some(overlap / 2.0),
            drift: self.drift(),
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
            let norm = dot(point, point).sqrt().max(f32::MIN_POSITIVE);
            point.iter_mut().for_each(|value| *value /= norm);
        }
    }

    /// The rows nearest to one, of those that count, the nearest first.
    fn nearest(&self, index: usize, counts: impl Fn(usize) -> bool, near: &mut Vec<usize>) {
        let mut best: Vec<(f32, usize)> = Vec::with_capacity(NEIGHBOURS + 1);
        for (other, point) in self.points.iter().enumerate() {
            if other == index || !counts(other) {
                continue;
            }
            let likeness = dot(&self.points[index], point);
            if best.len() == NEIGHBOURS && best.last().is_some_and(|last| likeness <= last.0) {
                continue;
            }
            let place = best.partition_point(|(known, _)| *known >= likeness);
            best.insert(place, (likeness, other));
            best.truncate(NEIGHBOURS);
        }
        near.clear();
        near.extend(best.into_iter().map(|(_, other)| other));
    }

    /// How often the nearest neighbour of a row, among as many of its part as of
    /// the other, is of its part; the greatest of both labels.
    fn drift(&self) -> Option<f64> {
        let of = |positive: bool| {
            let part = |test: bool| {
                let rows = self.rows.iter().enumerate();
                rows.filter(move |(_, row)| row.positive == positive && row.test == test)
                    .map(|(index, _)| index)
            };
            let (train, test) = (part(false).count(), part(true).count());
            let count = train.min(test);
            if count < ENOUGH {
                return None;
            }
            let spread = |of: usize| move |n: usize| n * of / count;
            let pick = |test: bool, of: usize| -> Vec<usize> {
                let all: Vec<usize> = part(test).collect();
                (0..count).map(spread(of)).map(|n| all[n]).collect()
            };
            let mut counts = vec![false; self.rows.len()];
            let picked: Vec<usize> = [pick(false, train), pick(true, test)].concat();
            picked.iter().for_each(|index| counts[*index] = true);
            let (mut own, mut near) = (0, Vec::new());
            for &index in &picked {
                self.nearest(index, |other| counts[other], &mut near);
                let test = self.rows[index].test;
                own += usize::from(
                    near.first()
                        .is_some_and(|first| self.rows[*first].test == test),
                );
            }
            Some(own as f64 / picked.len() as f64)
        };
        of(false).into_iter().chain(of(true)).reduce(f64::max)
    }
}

/// In lanes, whose sums are added in one order.
#[multiversion(targets("x86_64+avx2"))]
fn dot(a: &[f32; POINT], b: &[f32; POINT]) -> f32 {
    let mut lanes = [0f32; 16];
    for (a, b) in a.as_chunks::<16>().0.iter().zip(b.as_chunks::<16>().0) {
        for lane in 0..16 {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Rows around one of two points, of which `strays` lie around the wrong one.
    fn space(strays: usize, shift: f32) -> Space {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let mut space = Space::default();
        for row in 0..200 {
            let (positive, test) = (row % 2 == 0, row % 4 < 2);
            let there = positive != (row < strays);
            let features: Vec<f32> = (0..16 * SIZE)
                .map(|n| {
                    let at = if there { (n % SIZE) as f32 / 10.0 } else { 0.0 };
                    let moved = if test { shift * (n % 5) as f32 } else { 0.0 };
                    at + moved + rng.random_range(-3.0..3.0)
                })
                .collect();
            space.add(
                Member {
                    positive,
                    test,
                    row,
                },
                &features,
            );
        }
        space
    }

    #[test]
    fn rows_among_others_are_found() {
        let told = space(3, 0.0).tell();
        let among: Vec<usize> = told
            .among_others
            .iter()
            .filter(|(_, share)| *share > 0.9)
            .map(|(row, _)| *row)
            .collect();
        assert_eq!(among, [0, 1, 2]);
        assert!(told.overlap.unwrap() < 0.05, "{told:?}");
        assert!(
            (0.3..0.7).contains(&told.drift.unwrap()),
            "{:?}",
            told.drift
        );
    }

    #[test]
    fn parts_that_lie_apart_drift() {
        assert!(space(0, 2.0).tell().drift.unwrap() > 0.9);
    }

    #[test]
    fn too_few_rows_say_nothing() {
        assert_eq!(Space::default().tell(), Told::default());
    }
}

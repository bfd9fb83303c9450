//! How loud recordings are over time, in memory that does not grow with them.

use std::collections::BTreeMap;

use crate::records::{Ended, Met};
pub use crate::records::{LevelPoint, RecordingLevels};

/// Most points of a recording: of two beside each other one is made when there are
/// more.
const MOST_POINTS: usize = 64;

/// Recordings that are remembered, the longest.
const MOST: usize = 24;

/// The levels of all recordings.
#[derive(Debug, Default)]
pub(super) struct Levels {
    open: BTreeMap<(usize, u32), Curve>,
    ended: Vec<RecordingLevels>,
}

/// The points of a recording so far.
#[derive(Debug)]
struct Curve {
    points: Vec<LevelPoint>,
    /// Pieces that a point is of, and that the last one is of so far.
    pieces: u32,
    last: u32,
}

impl Levels {
    /// Takes what a visit of a split came to.
    pub(super) fn take(&mut self, split: usize, met: &Met) {
        for ended in &met.ended {
            let curve = self.open.remove(&(split, ended.index));
            self.end(split, ended, curve.map_or_else(Vec::new, Curve::finished));
        }
        let (Some(part), Some(power)) = (&met.piece, met.power) else {
            return;
        };
        let curve = self.open.entry((split, part.recording)).or_default();
        curve.add(LevelPoint {
            sample: part.sample,
            power,
        });
    }

    /// Those of the longest recordings, the longest first.
    pub(super) fn into_longest(self) -> Vec<RecordingLevels> {
        self.ended
    }

    fn end(&mut self, split: usize, ended: &Ended, points: Vec<LevelPoint>) {
        if !points.is_empty() {
            let ended = ended.clone();
            let levels = RecordingLevels {
                split,
                ended,
                points,
            };
            remember(&mut self.ended, levels);
        }
    }
}

/// Adds a recording to the longest, the longest first, if it is one of them.
pub(super) fn remember(longest: &mut Vec<RecordingLevels>, levels: RecordingLevels) {
    let longer = |other: &RecordingLevels| other.ended.seconds >= levels.ended.seconds;
    let at = longest.partition_point(longer);
    longest.insert(at, levels);
    longest.truncate(MOST);
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            pieces: 1,
            last: 0,
        }
    }
}

impl Curve {
    fn add(&mut self, piece: LevelPoint) {
        match self.points.last_mut().filter(|_| self.last < self.pieces) {
            Some(point) => {
                point.power += (piece.power - point.power) / f64::from(self.last + 1);
                self.last += 1;
            }
            None => {
                self.points.push(piece);
                self.last = 1;
            }
        }
        if self.points.len() > MOST_POINTS && self.last == self.pieces {
            self.halve();
        }
    }

    /// Its points, as many as there may be.
    fn finished(mut self) -> Vec<LevelPoint> {
        if self.points.len() > MOST_POINTS {
            self.halve();
        }
        self.points
    }

    /// Makes one of each two points; the last stays alone where they are odd.
    fn halve(&mut self) {
        let is_odd = self.points.len() % 2 == 1;
        let joined = self.points.chunks(2).map(|pair| LevelPoint {
            sample: pair[0].sample,
            power: pair.iter().map(|point| point.power).sum::<f64>() / pair.len() as f64,
        });
        self.points = joined.collect();
        self.pieces *= 2;
        self.last = if is_odd { self.pieces / 2 } else { self.pieces };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::records::Part;

    fn heard(recording: u32, piece: u64, power: f64) -> Met {
        let piece = Part {
            recording,
            row: 8 * piece,
            sample: 160 * piece,
            hop: 20,
            lead: 0,
            kept: vec![true; 8],
        };
        Met {
            power: Some(power),
            piece: Some(piece),
            ..Met::default()
        }
    }

    fn ended(index: u32, seconds: f64) -> Met {
        let ended = Ended {
            index,
            recording: index.to_string(),
            seconds,
            ..Ended::default()
        };
        Met {
            ended: vec![ended],
            ..Met::default()
        }
    }

    proptest! {
        #[test]
        fn points_are_means_of_what_was_heard(pieces in 1_u64..1000) {
            let mut levels = Levels::default();
            for piece in 0..pieces {
                levels.take(1, &heard(3, piece, piece as f64));
            }
            levels.take(1, &ended(3, 5.0));
            let all = levels.into_longest();
            prop_assert_eq!(all.len(), 1);
            let found = &all[0];
            prop_assert!(found.points.len() <= MOST_POINTS);
            let ends = found.points.iter().skip(1).map(|point| point.sample / 160);
            for (point, end) in found.points.iter().zip(ends.chain([pieces])) {
                let first = point.sample / 160;
                let mean = (first + end - 1) as f64 / 2.0;
                prop_assert!((point.power - mean).abs() < 1e-6, "{first}..{end}: {}", point.power);
            }
        }
    }

    #[test]
    fn the_longest_are_remembered() {
        let mut levels = Levels::default();
        for index in 0..100 {
            levels.take(0, &heard(index, 0, 0.5));
            levels.take(0, &ended(index, f64::from(index * 37 % 100)));
        }
        let seconds: Vec<f64> = levels
            .into_longest()
            .iter()
            .map(|of| of.ended.seconds)
            .collect();
        let expected: Vec<f64> = (76..100).rev().map(f64::from).collect();
        assert_eq!(seconds, expected);
    }
}

//! The order of rows that a caller takes batch by batch, epoch by epoch.
//!
//! A batch has so many rows of each *lane*. A lane is the spans of one split, or
//! of several taken together; a *pass* of a lane is all of its clips once, in the
//! order of the splits and names, or shuffled. An epoch ends with the longest
//! lane; the others go round in it.
//!
//! Nothing here depends on what becomes of a clip: one that is left out leaves
//! its place in its batch empty. So where a row is follows from the order alone,
//! and a batch can be found without those before it.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// What a second pass of a lane within an epoch adds to the epoch that keys its
/// random streams.
const PASS: u64 = 1 << 32;

/// The most epochs there are: those of `PASS` lie above.
pub const EPOCHS: u64 = PASS;

/// The order of rows.
#[derive(Clone, Debug)]
pub struct Order {
    /// Keys the shuffling, with the epoch.
    pub seed: u64,
    /// Whether each pass is in an order of its own.
    pub shuffle: bool,
    /// Which part of each pass is taken.
    pub shard: Shard,
    /// What a batch is made of.
    pub lanes: Vec<Lane>,
    /// Whether a lane that has come to its end goes round, so that every batch is
    /// full; otherwise an epoch's last batch has what is left.
    pub go_round: bool,
    /// Rows a span.
    pub rows_per_span: usize,
    /// Most spans of a split that are computed at once.
    pub spans_at_once: usize,
}

/// Part `index` of `count` equal ones, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which.
    pub index: usize,
    /// Of how many; at least 1.
    pub count: usize,
}

impl Shard {
    /// Everything.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The part's place in a sequence of so many spans: from ⌊i·C/N⌋ to
    /// ⌊(i+1)·C/N⌋.
    pub fn range(self, spans: usize) -> std::ops::Range<usize> {
        let at = |index: usize| (index as u128 * spans as u128 / self.count as u128) as usize;
        at(self.index)..at(self.index + 1)
    }
}

/// Some splits of which a batch has rows.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The splits: index, name, number of spans.
    pub splits: Vec<(usize, String, usize)>,
    /// Rows a batch; at least 1.
    pub rows: usize,
}

/// One span in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index of the split.
    pub split: usize,
    /// The span's index in its split, counted through all passes over its clips.
    pub span: usize,
}

/// Consecutive spans of a lane that are computed before the next: of one split
/// each step.
#[derive(Clone, Debug)]
pub struct Window {
    /// The lane.
    pub lane: usize,
    /// What keys the random streams.
    pub epoch: u64,
    /// The spans, in the order of their rows.
    pub places: Vec<Place>,
    /// Rows of the first span that belong to a batch before.
    pub skip: usize,
}

impl Window {
    /// What is computed at once: places in the window, of one split.
    pub fn steps(&self, spans_at_once: usize) -> Vec<Vec<usize>> {
        let mut splits: Vec<(usize, Vec<usize>)> = Vec::new();
        for (index, place) in self.places.iter().enumerate() {
            match splits.iter_mut().find(|(split, _)| *split == place.split) {
                Some((_, indices)) => indices.push(index),
                None => splits.push((place.split, vec![index])),
            }
        }
        let chunks = splits
            .iter()
            .flat_map(|(_, of)| of.chunks(spans_at_once.max(1)));
        chunks.map(<[usize]>::to_vec).collect()
    }
}

impl Order {
    /// Rows of a lane's pass in this shard.
    fn rows(&self, lane: &Lane) -> usize {
        self.shard.range(lane.spans()).len() * self.rows_per_span
    }

    /// Batches an epoch. Where lanes go round it is the same for every shard.
    pub fn batches(&self) -> u64 {
        let of = |lane: &Lane| {
            let rows = match self.go_round {
                true => lane.spans().div_ceil(self.shard.count) * self.rows_per_span,
                false => self.rows(lane),
            };
            rows.div_ceil(lane.rows) as u64
        };
        self.lanes.iter().map(of).max().unwrap_or(0)
    }

    /// Rows of a lane that this batch of an epoch has, and all before.
    pub fn rows_until(&self, lane: usize, batch: u64) -> usize {
        let lane = &self.lanes[lane];
        let rows = (batch as usize + 1).saturating_mul(lane.rows);
        match self.go_round {
            true => rows,
            false => rows.min(self.rows(lane)),
        }
    }

    /// A lane whose part in this shard has no span.
    pub fn empty_lane(&self) -> Option<&Lane> {
        self.lanes.iter().find(|lane| self.rows(lane) == 0)
    }

    /// Everything from a batch of an epoch on, without an end.
    pub fn walk(self: &Arc<Self>, epoch: u64, batch: u64) -> Walk {
        Walk {
            order: Arc::clone(self),
            epoch,
            batch,
            lanes: self.begin(epoch, batch),
        }
    }

    fn begin(&self, epoch: u64, batch: u64) -> Vec<Walking> {
        let lanes = self.lanes.iter().enumerate();
        let begin = |(index, lane): (usize, &Lane)| {
            let before = batch.checked_sub(1);
            let skipped = before.map_or(0, |batch| self.rows_until(index, batch));
            let (pass, at) = match self.shard.range(lane.spans()).len() {
                0 => (0, 0),
                spans => {
                    let skipped = skipped / self.rows_per_span;
                    (skipped / spans, skipped % spans)
                }
            };
            Walking {
                pass: pass as u64,
                places: self.pass(lane, epoch + PASS * pass as u64),
                at,
                skip: skipped % self.rows_per_span,
                rows: skipped,
            }
        };
        lanes.map(begin).collect()
    }

    /// A lane's spans in the order of one pass.
    fn pass(&self, lane: &Lane, epoch: u64) -> Vec<Place> {
        let splits = lane.splits.iter();
        let all = splits.flat_map(|(split, _, spans)| {
            let split = *split;
            (0..*spans).map(move |span| Place { split, span })
        });
        let range = self.shard.range(lane.spans());
        if !self.shuffle {
            return all.skip(range.start).take(range.len()).collect();
        }
        let mut places: Vec<Place> = all.collect();
        permute(&mut places, &mut self.stream(lane, epoch));
        places.truncate(range.end);
        places.drain(..range.start);
        places
    }

    /// The random stream of one pass of a lane. Its key is the SHA-256 of all
    /// parts, as that of an effect is.
    fn stream(&self, lane: &Lane, epoch: u64) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        hash.update(b"wakemill order 1");
        hash.update(self.seed.to_le_bytes());
        hash.update(epoch.to_le_bytes());
        for (_, name, _) in &lane.splits {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
        }
        ChaCha8Rng::from_seed(hash.finalize().into())
    }
}

impl Lane {
    fn spans(&self) -> usize {
        self.splits.iter().map(|(_, _, spans)| spans).sum()
    }
}

/// Every window from some batch on: for each batch in turn those that it lacks,
/// lane by lane.
#[derive(Debug)]
pub struct Walk {
    order: Arc<Order>,
    epoch: u64,
    batch: u64,
    lanes: Vec<Walking>,
}

/// How far a lane is.
#[derive(Debug)]
struct Walking {
    /// Counted from 0 in each epoch.
    pass: u64,
    places: Vec<Place>,
    /// The next span of the pass.
    at: usize,
    /// Rows of that span that belong to a batch before.
    skip: usize,
    /// Rows given in this epoch.
    rows: usize,
}

impl Iterator for Walk {
    type Item = Window;

    fn next(&mut self) -> Option<Window> {
        let batches = self.order.batches();
        if batches == 0 {
            return None;
        }
        loop {
            let wants =
                |lane: &usize| self.lanes[*lane].rows < self.order.rows_until(*lane, self.batch);
            if let Some(lane) = (0..self.lanes.len()).find(wants) {
                return Some(self.window(lane));
            }
            self.batch += 1;
            if self.batch == batches {
                (self.epoch, self.batch) = (self.epoch + 1, 0);
                self.lanes = self.order.begin(self.epoch, 0);
            }
        }
    }
}

impl Walk {
    fn window(&mut self, index: usize) -> Window {
        let order = &self.order;
        let lane = &order.lanes[index];
        let walking = &mut self.lanes[index];
        if walking.at == walking.places.len() {
            walking.pass += 1;
            walking.places = order.pass(lane, self.epoch + PASS * walking.pass);
            walking.at = 0;
        }
        let lacking = order.rows_until(index, self.batch) - walking.rows + walking.skip;
        let spans = match (order.go_round, order.shuffle) {
            // No further than this batch: other lanes wait.
            (true, _) => lacking.div_ceil(order.rows_per_span),
            // Enough of each split to be computed together.
            (false, true) => order.spans_at_once * lane.splits.len(),
            (false, false) => order.spans_at_once,
        };
        let end = (walking.at + spans).min(walking.places.len());
        let window = Window {
            lane: index,
            epoch: self.epoch + PASS * walking.pass,
            places: walking.places[walking.at..end].to_vec(),
            skip: std::mem::take(&mut walking.skip),
        };
        walking.rows += window.places.len() * order.rows_per_span - window.skip;
        walking.at = end;
        window
    }
}

/// Fisher and Yates's shuffle. Written out, so that no other version of a
/// library makes another order.
fn permute<T>(items: &mut [T], rng: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(last as u64 + 1, rng) as usize);
    }
}

/// A whole number below `bound`, all equally probable (Lemire 2019, "Fast random
/// integer generation in an interval").
fn below(bound: u64, rng: &mut ChaCha8Rng) -> u64 {
    let threshold = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(rng.next_u64()) * u128::from(bound);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests;

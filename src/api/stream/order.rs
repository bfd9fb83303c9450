//! What a caller wants of a build, as an order of its rows.

use std::sync::Arc;

use super::turns::Turns;
use crate::build::{BuildError, Ready, Split};
use crate::source::order::{EPOCHS, Lane, Order, Shard};

/// Which rows a caller wants, and in which order.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What a batch is made of.
    pub draw: Draw,
    /// Whether each epoch is in an order of its own, keyed by seed and epoch.
    pub shuffle: bool,
    /// Which part of each epoch.
    pub shard: Shard,
}

/// What a batch is made of.
#[derive(Clone, Debug)]
pub enum Draw {
    /// So many rows of these splits, one after the other, or shuffled together;
    /// an epoch's last batch has what is left.
    Together {
        /// Rows a batch.
        rows: usize,
        /// Names of splits; all where there are none.
        splits: Vec<String>,
    },
    /// So many rows of each split in every batch. An epoch ends with the split
    /// that lasts longest; the others go round, with fresh draws.
    Shares(Vec<(String, usize)>),
}

impl Wanted {
    /// The order of rows that it comes to.
    ///
    /// # Errors
    /// [`BuildError::Stream`]: a split that is not there, a batch of no rows, a
    /// shard that is none, or without a clip of a split; recordings shuffled, or
    /// so many of their rows in each batch.
    pub(super) fn taking(&self, ready: &Ready) -> Result<Taking, BuildError> {
        let Shard { index, count } = self.shard;
        if index >= count {
            return Err(wrong(format!(
                "there is no shard {index} of {count}: shards are counted from 0"
            )));
        }
        let lanes = match &self.draw {
            Draw::Together { rows, splits } => vec![together(ready, *rows, splits)?],
            Draw::Shares(shares) => shared(ready, shares)?,
        };
        let splits = lanes.iter().flat_map(|lane| &lane.splits);
        let splits: Vec<usize> = splits.map(|(split, ..)| *split).collect();
        let all = &ready.inputs().splits;
        let mut chosen = splits.iter().map(|split| &all[*split]);
        if let Some(split) = chosen.find(|split| split.plan.recordings.is_some()) {
            return self.turns(ready, split, &splits);
        }
        let order = Order {
            seed: ready.plan().seed,
            shuffle: self.shuffle,
            shard: self.shard,
            lanes,
            go_round: matches!(self.draw, Draw::Shares(_)),
            rows_per_span: ready.inputs().passes.rows() as usize,
            spans_at_once: ready.sizing().spans_per_batch,
        };
        match order.empty_lane().and_then(|lane| lane.splits.first()) {
            Some((_, name, clips)) if order.go_round => Err(wrong(format!(
                "shard {index} of {count} has no clip of split '{name}', which has {clips}: take fewer shards"
            ))),
            _ => Ok(Taking::Order(Arc::new(order))),
        }
    }

    /// The order of a build, where a split has recordings.
    fn turns(&self, ready: &Ready, split: &Split, splits: &[usize]) -> Result<Taking, BuildError> {
        let name = split.name();
        let rows = match &self.draw {
            _ if self.shuffle => {
                return Err(wrong(format!(
                    "split '{name}' has recordings, whose rows come in turns: take it without shuffle"
                )));
            }
            Draw::Shares(_) => {
                return Err(wrong(format!(
                    "split '{name}' has recordings, and how many rows those have nobody knows before: take it in a stream of its own (splits), with so many rows a batch"
                )));
            }
            Draw::Together { rows, .. } => *rows,
        };
        Ok(Taking::Turns(Arc::new(Turns {
            runs: ready.inputs().runs_of(splits, self.shard),
            rows,
            rows_per_span: ready.inputs().passes.rows() as usize,
            stops: ready.tolerated().is_none(),
        })))
    }
}

/// Which rows come when.
#[derive(Clone)]
pub(super) enum Taking {
    /// In an order of the caller's.
    Order(Arc<Order>),
    /// As the build makes them.
    Turns(Arc<Turns>),
}

fn together(ready: &Ready, rows: usize, names: &[String]) -> Result<Lane, BuildError> {
    if rows == 0 {
        return Err(wrong("a batch has at least one row".to_owned()));
    }
    let splits = match names {
        [] => (0..ready.inputs().splits.len()).collect(),
        names => indices(ready, names.iter())?,
    };
    Ok(Lane {
        splits: splits.into_iter().map(|index| of(ready, index)).collect(),
        rows,
    })
}

fn shared(ready: &Ready, shares: &[(String, usize)]) -> Result<Vec<Lane>, BuildError> {
    let indices = indices(ready, shares.iter().map(|(name, _)| name))?;
    let lane = |(index, (name, rows)): (usize, &(String, usize))| match rows {
        0 => Err(wrong(format!(
            "a batch has 0 rows of split '{name}': leave it out instead"
        ))),
        &rows => Ok(Lane {
            splits: vec![of(ready, index)],
            rows,
        }),
    };
    if shares.is_empty() {
        return Err(wrong("a batch has at least one row".to_owned()));
    }
    indices.into_iter().zip(shares).map(lane).collect()
}

/// A split as part of a lane.
fn of(ready: &Ready, index: usize) -> (usize, String, usize) {
    let split = &ready.inputs().splits[index];
    let spans = split.clips.len() * ready.inputs().passes.spans() as usize;
    (index, split.name().to_owned(), spans)
}

/// The splits of these names, each once.
fn indices<'a>(
    ready: &Ready,
    names: impl Iterator<Item = &'a String>,
) -> Result<Vec<usize>, BuildError> {
    let splits = &ready.inputs().splits;
    let mut found = Vec::new();
    for name in names {
        let index = splits.iter().position(|split| split.name() == name);
        let index = index.ok_or_else(|| {
            let known: Vec<_> = splits.iter().map(Split::name).collect();
            wrong(format!(
                "there is no split '{name}'; there are: {}",
                known.join(", ")
            ))
        })?;
        if found.contains(&index) {
            return Err(wrong(format!("split '{name}' is named twice")));
        }
        found.push(index);
    }
    Ok(found)
}

/// Refuses an epoch that has no random streams of its own.
pub(super) fn check_epoch(epoch: u64) -> Result<(), BuildError> {
    match epoch < EPOCHS {
        true => Ok(()),
        false => Err(wrong(format!("epochs go from 0 to {}", EPOCHS - 1))),
    }
}

pub(super) fn wrong(text: String) -> BuildError {
    BuildError::Stream(text)
}

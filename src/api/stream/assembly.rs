//! Batches in the caller's order, out of the blocks in which rows are made.

use std::collections::VecDeque;
use std::sync::Arc;

use ndarray::{Array3, Axis};

use crate::dataset::RowBlock;
use crate::records::{Provenance, Rejection};
use crate::source::order::{Order, Walk, Window};

/// A batch of rows.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The epoch, counted from 0.
    pub epoch: u64,
    /// The batch's number in the epoch, counted from 0.
    pub batch: u64,
    /// Whether it is the epoch's last.
    pub is_last: bool,
    /// The features, `(rows, timesteps, 96)`.
    pub values: Array3<f32>,
    /// What each row is.
    pub rows: Vec<RowOf>,
    /// Clips whose rows are missing here or in the next batch.
    pub left_out: Vec<LeftOut>,
}

/// What a row is.
#[derive(Clone, Debug)]
pub struct RowOf {
    /// Index of its split.
    pub split: usize,
    /// The clip, named as in `rows.jsonl`.
    pub clip: Arc<str>,
    /// The round.
    pub round: u32,
    /// What was drawn for it.
    pub drawn: Arc<Provenance>,
}

/// A clip that has no rows.
#[derive(Clone, Debug)]
pub struct LeftOut {
    /// Index of its split.
    pub split: usize,
    /// The clip, named as in `rows.jsonl`.
    pub clip: Arc<str>,
    /// Why.
    pub rejection: Rejection,
}

/// Deals the rows of blocks to batches. It walks in step with the source, so it
/// knows of each block where its clips belong.
pub(super) struct Assembly {
    order: Arc<Order>,
    walk: Walk,
    epoch: u64,
    batch: u64,
    /// What is there of each lane, in order.
    lanes: Vec<VecDeque<Slot>>,
    window: Option<Open>,
    left_out: Vec<LeftOut>,
}

/// The window whose blocks are coming.
struct Open {
    window: Window,
    steps: VecDeque<Vec<usize>>,
    /// Of each span, once its block is there.
    spans: Vec<Vec<Slot>>,
}

/// The place of one row.
pub(super) type Slot = Option<Made>;

pub(super) struct Made {
    block: Arc<RowBlock>,
    span: usize,
    row: usize,
    /// Its index in the block's values.
    value: usize,
}

impl Assembly {
    pub(super) fn new(order: Arc<Order>, epoch: u64, batch: u64) -> Self {
        Self {
            walk: order.walk(epoch, batch),
            lanes: order.lanes.iter().map(|_| VecDeque::new()).collect(),
            order,
            epoch,
            batch,
            window: None,
            left_out: Vec::new(),
        }
    }

    /// Whether the next batch is there.
    pub(super) fn is_full(&self) -> bool {
        (0..self.lanes.len()).all(|lane| self.lanes[lane].len() >= self.wants(lane))
    }

    /// Rows of a lane in the next batch.
    fn wants(&self, lane: usize) -> usize {
        let until = |batch| self.order.rows_until(lane, batch);
        let before = self.batch.checked_sub(1);
        until(self.batch) - before.map_or(0, until)
    }

    /// Takes the next block.
    pub(super) fn take(&mut self, block: RowBlock) {
        let Some(mut open) = self.window.take().or_else(|| self.open()) else {
            return;
        };
        if let Some(step) = open.steps.pop_front() {
            let rows = self.order.rows_per_span;
            let block = Arc::new(block);
            let mut value = 0;
            for (span, place) in step.into_iter().enumerate() {
                open.spans[place] = slots(&block, span, rows, &mut value);
                self.left_out.extend(left_out(&block, span));
            }
        }
        if open.steps.is_empty() {
            let slots = open.spans.into_iter().flatten().skip(open.window.skip);
            self.lanes[open.window.lane].extend(slots);
        } else {
            self.window = Some(open);
        }
    }

    fn open(&mut self) -> Option<Open> {
        let window = self.walk.next()?;
        Some(Open {
            steps: window.steps(self.order.spans_at_once).into(),
            spans: window.places.iter().map(|_| Vec::new()).collect(),
            window,
        })
    }

    /// The next batch, which [`Self::is_full`].
    pub(super) fn batch(&mut self) -> Rows {
        let counts: Vec<usize> = (0..self.lanes.len()).map(|lane| self.wants(lane)).collect();
        let lanes = self.lanes.iter_mut().zip(counts);
        let made: Vec<Made> = lanes
            .flat_map(|(lane, count)| lane.drain(..count.min(lane.len())))
            .flatten()
            .collect();
        let rows = Rows {
            epoch: self.epoch,
            batch: self.batch,
            is_last: self.batch + 1 == self.order.batches(),
            values: values(&made),
            rows: made.iter().map(Made::describe).collect(),
            left_out: std::mem::take(&mut self.left_out),
        };
        self.batch += 1;
        if self.batch == self.order.batches() {
            (self.epoch, self.batch) = (self.epoch + 1, 0);
            self.lanes.iter_mut().for_each(VecDeque::clear);
        }
        rows
    }
}

/// The rows of a block's span, one empty for each that is missing.
pub(super) fn slots(
    block: &Arc<RowBlock>,
    span: usize,
    rows: usize,
    value: &mut usize,
) -> Vec<Slot> {
    let made = block.batch.spans.get(span);
    let made = made
        .and_then(|span| span.state.as_ref().ok())
        .map_or(0, Vec::len);
    let first = *value;
    *value += made;
    let slot = |row: usize| {
        (row < made).then(|| Made {
            block: Arc::clone(block),
            span,
            row,
            value: first + row,
        })
    };
    (0..rows).map(slot).collect()
}

pub(super) fn left_out(block: &RowBlock, span: usize) -> Option<LeftOut> {
    let span = block.batch.spans.get(span)?;
    Some(LeftOut {
        split: block.batch.split,
        clip: Arc::clone(&span.id.name),
        rejection: span.state.as_ref().err()?.clone(),
    })
}

impl Made {
    pub(super) fn describe(&self) -> RowOf {
        let span = &self.block.batch.spans[self.span];
        let row = span.state.as_ref().ok().and_then(|rows| rows.get(self.row));
        RowOf {
            split: self.block.batch.split,
            clip: Arc::clone(&span.id.name),
            round: row.map(|row| row.round).unwrap_or_default(),
            drawn: row
                .map(|row| Arc::clone(&row.provenance))
                .unwrap_or_default(),
        }
    }
}

/// The features of some rows, in their order.
pub(super) fn values(rows: &[Made]) -> Array3<f32> {
    let Some(first) = rows.first() else {
        return Array3::zeros((0, 0, 0));
    };
    let (_, steps, size) = first.block.values.dim();
    let mut values = Vec::with_capacity(rows.len() * steps * size);
    for row in rows {
        let row = row.block.values.index_axis(Axis(0), row.value);
        match row.as_slice() {
            Some(row) => values.extend_from_slice(row),
            None => values.extend(row),
        }
    }
    Array3::from_shape_vec((rows.len(), steps, size), values).unwrap_or_default()
}

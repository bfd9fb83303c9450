//! Batches of rows as a build makes them, where some are of recordings: how many
//! those are, nobody knows before they are decoded.

use std::collections::VecDeque;
use std::sync::Arc;

use super::assembly::{LeftOut, Made, Rows, Slot, left_out, slots, values};
use super::order::wrong;
use crate::build::BuildError;
use crate::dataset::RowBlock;
use crate::records::Met;
use crate::source::sequence::Run;

/// Rows in the order of a build.
#[derive(Clone, Debug)]
pub struct Turns {
    /// What of the build's sequence is taken, in order.
    pub runs: Vec<Run>,
    /// Rows a batch; an epoch's last has what is left.
    pub rows: usize,
    /// Rows a clip's span.
    pub rows_per_span: usize,
    /// Whether a recording that breaks ends the build.
    pub stops: bool,
}

/// Cuts an epoch's rows into batches.
pub(super) struct Cutter {
    turns: Arc<Turns>,
    epoch: u64,
    batch: u64,
    /// Rows still to be passed over.
    skip: usize,
    waiting: VecDeque<Slot>,
    left_out: Vec<LeftOut>,
    ended: bool,
}

impl Cutter {
    /// From a batch of an epoch on, which is made from its beginning.
    pub fn new(turns: Arc<Turns>, epoch: u64, batch: u64) -> Self {
        let skip = usize::try_from(batch).unwrap_or(usize::MAX);
        Self {
            skip: skip.saturating_mul(turns.rows),
            turns,
            epoch,
            batch,
            waiting: VecDeque::new(),
            left_out: Vec::new(),
            ended: false,
        }
    }

    /// Whether the next batch is there, and whether another follows is known.
    pub fn is_full(&self) -> bool {
        self.ended || self.waiting.len() > self.turns.rows
    }

    /// Takes the next block.
    pub fn take(&mut self, block: RowBlock) {
        let block = Arc::new(block);
        let before = self.left_out.len();
        let met = block.batch.visit.as_ref();
        if let Some(met) = met.and_then(|visit| visit.met.as_ref()) {
            self.tell(block.batch.split, met);
        }
        let mut value = 0;
        for (span, of) in block.batch.spans.iter().enumerate() {
            let rows = match (&of.state, &block.batch.visit) {
                (Ok(rows), Some(_)) => rows.len(),
                (Err(_), Some(_)) => 0,
                (_, None) => self.turns.rows_per_span,
            };
            self.waiting.extend(slots(&block, span, rows, &mut value));
            self.left_out.extend(left_out(&block, span));
        }
        let passed = self.skip.min(self.waiting.len());
        self.waiting.drain(..passed);
        if passed > 0 && self.waiting.is_empty() {
            // Told in the batch that it belonged to.
            self.left_out.truncate(before);
        }
        self.skip -= passed;
    }

    /// There is no more.
    ///
    /// # Errors
    /// The epoch has not as many batches as were to be passed over.
    pub fn end(&mut self) -> Result<(), BuildError> {
        if self.skip > 0 {
            return Err(wrong(format!(
                "there is no batch {} in this epoch: it has fewer",
                self.batch
            )));
        }
        self.ended = true;
        Ok(())
    }

    /// The next batch, which [`Self::is_full`].
    pub fn batch(&mut self) -> Rows {
        let rows = self.turns.rows.min(self.waiting.len());
        let made: Vec<Made> = self.waiting.drain(..rows).flatten().collect();
        self.batch += 1;
        Rows {
            epoch: self.epoch,
            batch: self.batch - 1,
            is_last: self.ended && self.waiting.is_empty(),
            values: values(&made),
            rows: made.iter().map(Made::describe).collect(),
            left_out: std::mem::take(&mut self.left_out),
        }
    }

    /// What has broken: each fault where that ends the build, else what each
    /// recording came to.
    fn tell(&mut self, split: usize, met: &Met) {
        let broken = met.broken.iter().filter(|_| self.turns.stops);
        let broken = broken.map(|broken| (broken.name.clone(), broken.rejection.clone()));
        let ended = met.ended.iter().filter(|_| !self.turns.stops);
        let ended =
            ended.filter_map(|ended| Some((ended.recording.as_str().into(), ended.rejection()?)));
        self.left_out
            .extend(broken.chain(ended).map(|(clip, rejection)| LeftOut {
                split,
                clip,
                rejection,
            }));
    }
}

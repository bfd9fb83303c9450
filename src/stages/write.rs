//! Rows of features to a sink, in order.

use std::time::{Duration, Instant};

use ndarray::Array3;

use crate::dataset::{RowBlock, RowSink};
use crate::flow::{BoxError, Focus, Seq, Sink};
use crate::records::{Batch, Rows, Values};

use super::{Buffers, Charged, replace};

/// The stage.
pub const NAME: &str = "write";

/// Hands rows to a sink, and has it commit from time to time.
pub struct Write<'a> {
    sink: &'a mut dyn RowSink,
    row_shape: [usize; 2],
    /// Time between two commits; zero commits after every batch.
    commit_every: Duration,
    committed: Instant,
    buffers: Buffers,
}

impl<'a> Write<'a> {
    /// Hands rows of that shape to `sink`.
    pub fn new(
        sink: &'a mut dyn RowSink,
        row_shape: [usize; 2],
        commit_every: Duration,
        buffers: Buffers,
    ) -> Self {
        Self {
            sink,
            row_shape,
            commit_every,
            committed: Instant::now(),
            buffers,
        }
    }

    fn block(&self, batch: Batch<Rows<Values>>) -> Result<RowBlock, BoxError> {
        let rows = batch.spans.iter().flat_map(|span| span.state.iter());
        let rows: usize = rows.map(Vec::len).sum();
        let [steps, size] = self.row_shape;
        let mut values = Vec::with_capacity(rows * steps * size);
        let batch = replace(batch, vec![(); rows], |row| {
            if let Values::Floats(floats) = &row {
                values.extend_from_slice(floats);
            }
            self.buffers.give(row);
        });
        let values = Array3::from_shape_vec((rows, steps, size), values)?;
        Ok(RowBlock { batch, values })
    }
}

impl Sink for Write<'_> {
    type In = Charged<Batch<Rows<Values>>>;

    fn name(&self) -> &'static str {
        NAME
    }

    fn take(&mut self, _: Seq, charged: Self::In, focus: &mut Focus) -> Result<(), BoxError> {
        let Charged { batch, .. } = charged;
        if let Some(first) = batch.spans.first() {
            focus.set(&first.id.name);
        }
        let block = self.block(batch)?;
        self.sink.take(block, &mut |clip| focus.set(clip))?;
        if self.committed.elapsed() >= self.commit_every {
            self.sink.commit()?;
            self.committed = Instant::now();
        }
        Ok(())
    }
}

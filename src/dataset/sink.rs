//! Where rows go.

use std::sync::Arc;

use ndarray::Array3;

use crate::records::{Batch, Rows};

use super::write::error::WriteError;

/// The rows of one batch, in order.
#[derive(Clone, Debug)]
pub struct RowBlock {
    /// The clips, each as rows or as the reason why there are none.
    pub batch: Batch<Rows<()>>,
    /// The features of all rows, `(rows, timesteps, 96)`.
    pub values: Array3<f32>,
}

/// Where rows go: a folder of `.npy` files, a caller, or nowhere.
pub trait RowSink: Send {
    /// Takes a block; blocks come in order. `at` is told of each clip before it
    /// is taken.
    ///
    /// # Errors
    /// [`WriteError`]; everything before the clip that it names was taken.
    fn take(&mut self, block: RowBlock, at: &mut dyn FnMut(&Arc<str>)) -> Result<(), WriteError>;

    /// Makes durable what was taken.
    ///
    /// # Errors
    /// [`WriteError`]; the commit before then still stands.
    fn commit(&mut self) -> Result<(), WriteError>;
}

/// Counts rows and forgets them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nowhere {
    /// Rows taken.
    pub rows: u64,
}

impl RowSink for Nowhere {
    fn take(&mut self, block: RowBlock, _: &mut dyn FnMut(&Arc<str>)) -> Result<(), WriteError> {
        self.rows += block.values.len_of(ndarray::Axis(0)) as u64;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

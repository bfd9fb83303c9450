//! Rows of mel spectrograms to rows of embeddings.

use std::sync::Arc;

use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::frontend::FrontEnd;
use crate::frontend::speech::{EMBEDDING, EmbedNet};
use crate::records::{Batch, Embedding, Mel, Rows};

use super::{Buffers, payloads, replace};

/// Computes embeddings.
#[derive(Clone)]
pub struct Embed {
    /// The networks.
    pub front_end: Arc<FrontEnd>,
    /// Embeddings a row: the last ones, with zeros in front where there are
    /// fewer.
    pub timesteps: usize,
    /// Where buffers come from.
    pub buffers: Buffers,
}

/// Computes embeddings on one thread.
pub struct EmbedWorker {
    net: Box<dyn EmbedNet>,
    timesteps: usize,
    buffers: Buffers,
}

impl Stage for Embed {
    type In = Batch<Rows<Mel>>;
    type Out = Batch<Rows<Embedding>>;
    type Worker = EmbedWorker;

    fn name(&self) -> &'static str {
        "embed"
    }

    fn worker(&self) -> Result<EmbedWorker, BoxError> {
        Ok(EmbedWorker {
            net: self.front_end.embed_net()?,
            timesteps: self.timesteps,
            buffers: self.buffers.clone(),
        })
    }
}

impl Worker for EmbedWorker {
    type In = Batch<Rows<Mel>>;
    type Out = Batch<Rows<Embedding>>;

    fn process(&mut self, batch: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        if let Some(first) = batch.clips.first() {
            focus.set(&first.id.name);
        }
        let mel: Vec<&[f32]> = payloads(&batch).into_iter().map(Vec::as_slice).collect();
        let mut rows: Vec<Embedding> = mel.iter().map(|_| self.buffers.embedding.take()).collect();
        self.net.run(&mel, &mut rows)?;
        for row in &mut rows {
            last(row, self.timesteps * EMBEDDING);
        }
        Ok(replace(batch, rows, |mel| self.buffers.mel.give(mel)))
    }
}

/// Keeps the last `len` values, or puts zeros in front of fewer.
fn last(row: &mut Vec<f32>, len: usize) {
    match row.len().checked_sub(len) {
        Some(surplus) => drop(row.drain(..surplus)),
        None => {
            let missing = len - row.len();
            row.resize(len, 0.0);
            row.rotate_right(missing);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::stages::embed::last;

    #[test]
    fn a_row_is_the_last_values_or_padded_in_front() {
        for (values, row) in [
            (vec![1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0]),
            (vec![1.0, 2.0, 3.0], [1.0, 2.0, 3.0]),
            (vec![1.0], [0.0, 0.0, 1.0]),
            (vec![], [0.0, 0.0, 0.0]),
        ] {
            let mut kept = values;
            last(&mut kept, 3);
            assert_eq!(kept, row);
        }
    }
}

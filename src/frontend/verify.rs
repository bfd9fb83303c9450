//! A second opinion: a sample of rows computed by the published graphs too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use serde::Serialize;

use super::net::{Net, Network};
use super::onnx::OnnxNets;
use super::speech::difference::largest_difference;
use super::speech::native::{EMBEDDING_TOLERANCE, MEL_TOLERANCE_DB};
use crate::runtime::ModelError;

/// One row in so many is computed twice.
const EVERY: usize = 16;
/// The mel networks give dB / 10 + 2.
const DB: f32 = 10.0;

/// The published graphs on ONNX Runtime, and what was found so far.
pub struct Verifier {
    reference: OnnxNets,
    found: Arc<Found>,
}

/// The largest differences found in a sample of rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Differences {
    /// Rows computed twice.
    pub rows: u64,
    /// Largest difference of a mel value, in dB.
    pub mel_db: f32,
    /// Largest difference of an embedding value.
    pub embedding: f32,
}

impl Differences {
    /// Whether they are no larger than the native kernels may have at load.
    pub fn is_small(&self) -> bool {
        self.mel_db <= MEL_TOLERANCE_DB && self.embedding <= EMBEDDING_TOLERANCE
    }
}

/// Largest differences as bits: those of floats that are not negative compare
/// as the floats do.
#[derive(Default)]
struct Found {
    rows: AtomicU64,
    mel: AtomicU32,
    embedding: AtomicU32,
}

impl Verifier {
    /// Compares with these networks.
    pub fn new(reference: OnnxNets) -> Self {
        Self {
            reference,
            found: Arc::default(),
        }
    }

    /// The largest differences so far.
    pub fn differences(&self) -> Differences {
        let read = |bits: &AtomicU32| f32::from_bits(bits.load(Ordering::Relaxed));
        Differences {
            rows: self.found.rows.load(Ordering::Relaxed),
            mel_db: DB * read(&self.found.mel),
            embedding: read(&self.found.embedding),
        }
    }

    /// A network that is compared as it runs.
    pub fn net(&self, network: Network, net: Box<dyn Net>) -> Result<Box<dyn Net>, ModelError> {
        Ok(Box::new(Verified {
            network,
            net,
            reference: self.reference.net(network)?,
            found: Arc::clone(&self.found),
            turn: 0,
        }))
    }
}

struct Verified {
    network: Network,
    net: Box<dyn Net>,
    reference: Box<dyn Net>,
    found: Arc<Found>,
    turn: usize,
}

impl Net for Verified {
    fn run(&mut self, input: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        self.net.run(input, out)?;
        for index in sample(&mut self.turn, input.len()) {
            let mut again = [Vec::new()];
            self.reference.run(&input[index..=index], &mut again)?;
            let difference = largest_difference(&out[index], &again[0]);
            self.found.add(self.network, difference);
        }
        Ok(())
    }

    fn run_whole(&mut self, input: &[f32], out: &mut Vec<f32>) -> Result<bool, ModelError> {
        // Only rows are compared: each is then computed alone.
        let _ = (input, out);
        Ok(false)
    }
}

impl Found {
    fn add(&self, network: Network, difference: f32) {
        let largest = match network {
            Network::Mel => &self.mel,
            Network::Embedding => {
                self.rows.fetch_add(1, Ordering::Relaxed);
                &self.embedding
            }
        };
        largest.fetch_max(difference.to_bits(), Ordering::Relaxed);
    }
}

/// Which rows of a batch are computed twice; the first row of all is.
fn sample(turn: &mut usize, rows: usize) -> impl Iterator<Item = usize> + use<> {
    let first = turn.wrapping_neg() % EVERY;
    *turn += rows;
    (first..rows).step_by(EVERY)
}

#[cfg(test)]
mod tests {
    use crate::frontend::verify::sample;

    #[test]
    fn one_row_in_sixteen_whatever_the_batches() {
        let mut turn = 0;
        let mut taken = Vec::new();
        let mut seen = 0;
        for rows in [1, 7, 8, 16, 40, 0, 3] {
            taken.extend(sample(&mut turn, rows).map(|index| seen + index));
            seen += rows;
        }
        assert_eq!(taken, [0, 16, 32, 48, 64]);
    }
}

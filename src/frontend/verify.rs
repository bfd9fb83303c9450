//! A second opinion: a sample of rows computed by the published graphs too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use serde::Serialize;

use super::onnx::OnnxNets;
use super::speech::difference::largest_difference;
use super::speech::native::{EMBEDDING_TOLERANCE, MEL_TOLERANCE_DB};
use super::speech::{EmbedNet, MelNet};
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

    /// A mel network that is compared as it runs.
    pub fn mel_net(&self, net: Box<dyn MelNet>) -> Result<Box<dyn MelNet>, ModelError> {
        Ok(Box::new(VerifiedMel {
            net,
            reference: self.reference.mel_net()?,
            found: Arc::clone(&self.found),
            turn: 0,
        }))
    }

    /// An embedding network that is compared as it runs.
    pub fn embed_net(&self, net: Box<dyn EmbedNet>) -> Result<Box<dyn EmbedNet>, ModelError> {
        Ok(Box::new(VerifiedEmbed {
            net,
            reference: self.reference.embed_net()?,
            found: Arc::clone(&self.found),
            turn: 0,
        }))
    }
}

struct VerifiedMel {
    net: Box<dyn MelNet>,
    reference: Box<dyn MelNet>,
    found: Arc<Found>,
    turn: usize,
}

impl MelNet for VerifiedMel {
    fn run(&mut self, audio: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        self.net.run(audio, out)?;
        for index in sample(&mut self.turn, audio.len()) {
            let mut again = [Vec::new()];
            self.reference.run(&audio[index..=index], &mut again)?;
            raise(&self.found.mel, largest_difference(&out[index], &again[0]));
        }
        Ok(())
    }
}

struct VerifiedEmbed {
    net: Box<dyn EmbedNet>,
    reference: Box<dyn EmbedNet>,
    found: Arc<Found>,
    turn: usize,
}

impl EmbedNet for VerifiedEmbed {
    fn run(&mut self, mel: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        self.net.run(mel, out)?;
        for index in sample(&mut self.turn, mel.len()) {
            let mut again = [Vec::new()];
            self.reference.run(&mel[index..=index], &mut again)?;
            raise(
                &self.found.embedding,
                largest_difference(&out[index], &again[0]),
            );
            self.found.rows.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Which rows of a batch are computed twice; the first row of all is.
fn sample(turn: &mut usize, rows: usize) -> impl Iterator<Item = usize> + use<> {
    let first = turn.wrapping_neg() % EVERY;
    *turn += rows;
    (first..rows).step_by(EVERY)
}

fn raise(largest: &AtomicU32, difference: f32) {
    largest.fetch_max(difference.to_bits(), Ordering::Relaxed);
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

//! The proof at load of a backend on ONNX Runtime: published networks must give
//! what they are known to give.
//!
//! A runtime can be wrong without a word: a version, a provider or a chip that
//! computes a convolution otherwise. Its own graphs are no reference for that;
//! stored results are.

use super::net::{Net, Network};
use super::speech::difference::largest_difference;
use super::speech::native::{Golden, MEL_TOLERANCE_DB};
use crate::runtime::ModelError;

/// The mel networks give dB / 10 + 2.
const DB: f32 = 10.0;
/// How far embeddings may be on the processor: beyond what the order of sums
/// makes, below what half precision does.
const EMBEDDING_TOLERANCE: f32 = 2e-3;
/// How far mel values, in dB, and embeddings may be on an accelerator, which may
/// round the factors of a product to ten bits (TF32).
const ON_DEVICE: (f32, f32) = (0.5, 0.5);

/// How far a network of a backend may be from the stored results: mel values in
/// dB, embeddings as they are.
pub fn tolerance(network: Network, is_accelerator: bool) -> f32 {
    match (network, is_accelerator) {
        (Network::Mel, false) => 5.0 * MEL_TOLERANCE_DB,
        (Network::Embedding, false) => EMBEDDING_TOLERANCE,
        (Network::Mel, true) => ON_DEVICE.0,
        (Network::Embedding, true) => ON_DEVICE.1,
    }
}

/// How far a published network, run by some backend, is from its stored results:
/// mel values in dB, embeddings as they are; infinite where it gives something
/// else or no numbers. `last` is how many windows the embedding network embeds
/// at most, the last ones.
///
/// The probe runs alone, behind silence in one batch, and once more behind
/// another input: what was left over from another row, or run, shows.
///
/// # Errors
/// A runtime that fails.
pub fn difference(network: Network, net: &mut dyn Net, last: usize) -> Result<f32, ModelError> {
    let golden = Golden::read();
    let (probe, expected, unit) = match network {
        Network::Mel => (&golden.clip, &golden.mel[..], DB),
        Network::Embedding => (&golden.mel, golden.last_embeddings(last), 1.0),
    };
    let silence = vec![0.0; probe.len()];
    let mut worst = 0_f32;
    for batch in [&[&probe[..]][..], &[&silence, probe], &[&silence], &[probe]] {
        let mut out = vec![Vec::new(); batch.len()];
        net.run(batch, &mut out)?;
        for (input, found) in batch.iter().zip(&out) {
            if std::ptr::eq(*input, &probe[..]) {
                worst = worst.max(unit * largest_difference(found, expected));
            }
        }
    }
    Ok(worst)
}

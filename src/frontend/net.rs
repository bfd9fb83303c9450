//! One network of a front end.

use crate::runtime::ModelError;

/// A network, owned by one worker.
pub trait Net: Send {
    /// Runs on each input: `out[i]` becomes what `input[i]` gives, and empty
    /// where that is too short. `out` is as long as `input`.
    ///
    /// # Errors
    /// Where the runtime fails.
    fn run(&mut self, input: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError>;

    /// Runs once over a long input, of which parts can then be told from the
    /// whole: the mel network gives levels in dB without a floor, the embedding
    /// network every window and not only the last ones. `false`, with `out` as it
    /// was, where it cannot.
    ///
    /// # Errors
    /// Where the runtime fails.
    fn run_whole(&mut self, input: &[f32], out: &mut Vec<f32>) -> Result<bool, ModelError> {
        let _ = (input, out);
        Ok(false)
    }
}

/// Which of the networks of a front end, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// From mono samples, in the scale that the embedding network was trained
    /// with, to mel spectrograms: `(frames, 32)` in C order, in dB/10 + 2.
    Mel,
    /// From those to speech embeddings, `(windows, 96)` in C order, with the
    /// number of windows that [`Windows`](super::speech::Windows) gives.
    Embedding,
}

impl Network {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Mel, Self::Embedding];

    /// The stage that runs it.
    pub fn stage(self) -> &'static str {
        match self {
            Self::Mel => "mel",
            Self::Embedding => "embed",
        }
    }

    /// What it is called where networks are counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mel => "mel",
            Self::Embedding => "embedding",
        }
    }
}

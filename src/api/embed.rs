//! Features of audio in memory.

use ndarray::Array2;

use crate::config::plan::InputScale;
use crate::dsp::resample::{ResampleError, Resampler};
use crate::frontend::{Backend, FrontEnd, FrontEndSpec, Network};
use crate::records::EMBEDDING;
use crate::runtime::ModelError;

/// The rate that the published networks take, in Hz.
const RATE: u32 = 16_000;
/// Bands of the mel spectrogram.
const BANDS: usize = 32;

/// Why there are no features.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// What is no audio.
    #[error("{0}")]
    Audio(String),
    /// The rate cannot be converted.
    #[error(transparent)]
    Rate(#[from] ResampleError),
    /// A network failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl EmbedError {
    /// Whether the caller has to change what it gives.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Audio(_) | Self::Rate(_) => true,
            Self::Model(error) => error.is_usage(),
        }
    }
}

/// The published networks, for audio in memory.
pub struct Embedder {
    front_end: FrontEnd,
}

impl Embedder {
    /// Loads both networks, fetched first if need be, which `notice` is told.
    ///
    /// # Errors
    /// Networks that cannot be had.
    pub fn load(scale: InputScale, notice: &mut dyn FnMut(&str)) -> Result<Self, ModelError> {
        let spec = FrontEndSpec {
            backend: Backend::Auto,
            full_scale: scale.full_scale(),
            ..FrontEndSpec::default()
        };
        let front_end = FrontEnd::load(&spec, notice)?;
        Ok(Self { front_end })
    }

    /// The mel spectrogram of mono samples in [-1, 1], `(frames, 32)`, in the
    /// networks' own unit: a frame every 10 ms, `dB / 10 + 2`.
    ///
    /// # Errors
    /// Samples that are not finite, or none; a rate that cannot be converted.
    pub fn mel(&self, samples: &[f32], rate: u32) -> Result<Array2<f32>, EmbedError> {
        let samples = self.scaled(samples, rate)?;
        let mel = self.run(Network::Mel, &samples)?;
        Ok(matrix(mel, BANDS))
    }

    /// The speech embeddings of mono samples in [-1, 1], `(T, 96)`: one for each
    /// whole window of 76 mel frames, every 8; none for less than 0.8 s.
    ///
    /// # Errors
    /// As [`Embedder::mel`].
    pub fn embed(&self, samples: &[f32], rate: u32) -> Result<Array2<f32>, EmbedError> {
        let samples = self.scaled(samples, rate)?;
        let mel = self.run(Network::Mel, &samples)?;
        let embeddings = self.run(Network::Embedding, &mel)?;
        Ok(matrix(embeddings, EMBEDDING))
    }

    /// The samples at the networks' rate and scale.
    fn scaled(&self, samples: &[f32], rate: u32) -> Result<Vec<f32>, EmbedError> {
        if samples.is_empty() {
            return Err(EmbedError::Audio("the audio has no samples".to_owned()));
        }
        if let Some(at) = samples.iter().position(|sample| !sample.is_finite()) {
            let text = format!("sample {at} is {}: it must be a number", samples[at]);
            return Err(EmbedError::Audio(text));
        }
        let mut at_rate = Vec::new();
        Resampler::new(RATE)?.process_into(rate, samples, &mut at_rate)?;
        let gain = self.front_end.features().full_scale;
        at_rate.iter_mut().for_each(|sample| *sample *= gain);
        Ok(at_rate)
    }

    fn run(&self, network: Network, input: &[f32]) -> Result<Vec<f32>, ModelError> {
        let mut out = [Vec::new()];
        self.front_end.net(network)?.run(&[input], &mut out)?;
        let [out] = out;
        Ok(out)
    }
}

/// Rows of a width, in C order.
fn matrix(values: Vec<f32>, width: usize) -> Array2<f32> {
    let rows = values.len() / width;
    Array2::from_shape_vec((rows, width), values).unwrap_or_default()
}

//! Rows as a person can see and hear them.

use crate::audio::wav;
use crate::dsp::pcm16;
use crate::frontend::{Net, Network};
use crate::records::Pcm;

use super::{BuildError, Ready};

pub use crate::frontend::speech::BANDS;

/// Makes sounds of samples.
pub struct Booth {
    sample_rate: u32,
    /// What a 16-bit step is to the mel network.
    gain: f32,
    net: Box<dyn Net>,
}

/// Samples to see and to hear.
#[derive(Clone, Debug)]
pub struct Sound {
    /// How long it is.
    pub seconds: f64,
    /// A WAV file.
    pub wav: Vec<u8>,
    /// Its spectrogram as the networks get it, frame after frame of [`BANDS`];
    /// nothing where it is too short for one.
    pub spectrogram: Option<Vec<f32>>,
}

impl Ready {
    /// What makes sounds of samples.
    ///
    /// # Errors
    /// A mel network that cannot be opened.
    pub fn booth(&self) -> Result<Booth, BuildError> {
        Ok(Booth {
            sample_rate: self.plan.audio.sample_rate,
            gain: self.front_end.features().full_scale / 32768.0,
            net: self.front_end.net(Network::Mel)?,
        })
    }
}

impl Booth {
    /// The first seconds of a clip.
    pub fn clip(&mut self, samples: &[f32], most_seconds: f64) -> Option<Sound> {
        let most = (most_seconds * f64::from(self.sample_rate)) as usize;
        let mut pcm = Pcm::new();
        pcm16::encode_into(&samples[..samples.len().min(most)], &mut pcm);
        self.row(&pcm)
    }

    /// A row; `None` where it is too long for a WAV.
    pub fn row(&mut self, pcm: &[i16]) -> Option<Sound> {
        let audio: Vec<f32> = pcm.iter().map(|s| f32::from(*s) * self.gain).collect();
        let mut mel = [Vec::new()];
        // Too short for the network is no reason to have nothing to hear.
        let computed = self.net.run(&[&audio], &mut mel).is_ok();
        let [mel] = mel;
        Some(Sound {
            seconds: pcm.len() as f64 / f64::from(self.sample_rate),
            wav: wav::encode(self.sample_rate, pcm).ok()?,
            spectrogram: computed.then_some(mel),
        })
    }
}

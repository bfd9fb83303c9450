//! Samples to rows: every effect, round by round.
//!
//! Round 0 starts from the clip, round *r* from the 16-bit samples of round
//! *r* − 1. Every draw of a round comes from a random stream of its own (see
//! `stream`), so a row depends on nothing but the seed, the names of its
//! split and clip, its round and the audio.

pub mod bank;
pub mod random;

use std::fmt::Display;
use std::path::PathBuf;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;

pub use bank::{SoundError, SoundSettings, Sounds};

use crate::audio::wav::{self, WavError};
use crate::dsp::distortion::{self, DistortionParams};
use crate::dsp::equalizer::{self, EqualizerParams};
use crate::dsp::noise::{self, NoiseParams};
use crate::dsp::pcm16;
use crate::dsp::placement::{self, Place};
use crate::dsp::resample::ResampleError;
use crate::dsp::reverb::{self, Convolver, ReverbParams};
use crate::records::{Background, ClipId, Pcm, Provenance, Rejection, Row, Rows, Samples, Trouble};

use bank::Listener;

/// The stage, where it refuses a clip.
pub const NAME: &str = "augment";

/// What is done to a clip.
#[derive(Clone, Debug)]
pub struct Effects {
    /// The seed of all random streams.
    pub seed: u64,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Length of a row's window, in samples.
    pub window: usize,
    /// The rounds, in the order of a clip's rows.
    pub rounds: Vec<u32>,
    /// Whether a clip is placed before the effects of round 0, or after.
    pub place_first: bool,
    /// Greatest jitter of an end placement, in samples.
    pub jitter: u32,
    /// Equalizer.
    pub equalizer: EqualizerParams,
    /// Distortion.
    pub distortion: DistortionParams,
    /// Room impulse responses.
    pub reverb: ReverbParams,
    /// Background noise.
    pub background: NoiseParams,
}

/// What the stage has to know of a split.
#[derive(Clone, Debug)]
pub struct SplitRules {
    /// Its name: part of the key of its clips' random streams.
    pub name: String,
    /// Where its clips go in the window; `None` leaves their length alone.
    pub place: Option<Place>,
    /// Where to write each row as a WAV, if anywhere.
    pub wavs: Option<PathBuf>,
}

/// Why there are no rows of a clip.
#[derive(Debug, thiserror::Error)]
pub enum AugmentError {
    /// A sound drawn for it cannot be used.
    #[error("{}", .0.reason)]
    Clip(Rejection),
    /// The WAV of a row cannot be written.
    #[error(transparent)]
    Wav(#[from] WavError),
}

impl From<Rejection> for AugmentError {
    fn from(rejection: Rejection) -> Self {
        Self::Clip(rejection)
    }
}

/// Augments clips.
#[derive(Clone, Debug)]
pub struct Augment {
    /// What is done to a clip.
    pub effects: Arc<Effects>,
    /// The splits, by index.
    pub splits: Arc<[SplitRules]>,
    /// Backgrounds and impulse responses.
    pub sounds: Arc<Sounds>,
}

/// Augments clips on one thread.
pub struct Augmenter {
    stage: Augment,
    listener: Listener,
    convolver: Convolver,
    scratch: Vec<u32>,
    placed: Vec<f32>,
}

impl Augment {
    /// One thread's augmenter.
    ///
    /// # Errors
    /// A sample rate that cannot be converted to.
    pub fn augmenter(&self) -> Result<Augmenter, ResampleError> {
        Ok(Augmenter {
            stage: self.clone(),
            listener: self.sounds.listener()?,
            convolver: Convolver::new(),
            scratch: Vec::new(),
            placed: Vec::new(),
        })
    }
}

impl Augmenter {
    /// All rows of one clip, or why there are none. `pcm` gives the buffers of
    /// the rows; what `samples` hold afterwards is of no use.
    ///
    /// # Errors
    /// [`AugmentError::Clip`] where a sound drawn for it cannot be used,
    /// [`AugmentError::Wav`] where its WAVs cannot be written.
    pub fn rows(
        &mut self,
        split: usize,
        clip: &ClipId,
        samples: &mut Samples,
        mut pcm: impl FnMut() -> Pcm,
    ) -> Result<Rows<Pcm>, AugmentError> {
        let effects = Arc::clone(&self.stage.effects);
        let splits = Arc::clone(&self.stage.splits);
        let rules = &splits[split];
        let rounds = effects.rounds.len() as u32;
        let mut rows = Vec::with_capacity(effects.rounds.len());
        for round in 0..rounds {
            let mut rng = random::stream(effects.seed, &rules.name, &clip.name, round);
            let place = rules.place.filter(|_| round == 0);
            let provenance = self.round(&effects, place, samples, &mut rng)?;
            let mut pcm = pcm();
            pcm16::encode_into(samples, &mut pcm);
            pcm16::decode_into(&pcm, samples);
            if let Some(folder) = &rules.wavs {
                let path = folder.join(wav_name(&clip.name, round));
                wav::write(&path, effects.sample_rate, &pcm)?;
            }
            rows.push(Row {
                round,
                data: pcm,
                provenance: Arc::new(provenance),
            });
        }
        rows.sort_by_key(|row| effects.rounds.iter().position(|round| *round == row.round));
        Ok(rows)
    }

    /// One round of effects, in place.
    fn round(
        &mut self,
        effects: &Effects,
        place: Option<Place>,
        samples: &mut Samples,
        rng: &mut ChaCha8Rng,
    ) -> Result<Provenance, Rejection> {
        let placement = place.map(|place| placement::draw(place, effects.jitter, rng));
        if effects.place_first {
            self.place(placement, effects.window, samples);
        }
        let equalizer = equalizer::draw(&effects.equalizer, rng);
        if let Some(bands) = &equalizer {
            equalizer::apply(bands, effects.sample_rate, samples);
        }
        let tanh_distortion = distortion::draw(&effects.distortion, rng);
        if let Some(amount) = tanh_distortion {
            distortion::apply(amount, samples, &mut self.scratch);
        }
        let rir = self.reverberate(effects, samples, rng)?;
        let background = self.mix(effects, samples, rng)?;
        if !effects.place_first {
            self.place(placement, effects.window, samples);
        }
        Ok(Provenance {
            equalizer,
            tanh_distortion,
            rir,
            background,
            place: placement,
        })
    }

    fn reverberate(
        &mut self,
        effects: &Effects,
        samples: &mut Samples,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Arc<str>>, Rejection> {
        let count = self.stage.sounds.impulses();
        let Some(index) = reverb::draw(&effects.reverb, count, rng) else {
            return Ok(None);
        };
        let (name, impulse) = self
            .listener
            .impulse(index, &mut self.convolver)
            .map_err(unusable)?;
        self.convolver
            .convolve(&impulse, samples)
            .map_err(|error| unusable(format!("{name}: {error}")))?;
        Ok(Some(name))
    }

    fn mix(
        &mut self,
        effects: &Effects,
        samples: &mut Samples,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Background>, Rejection> {
        let count = self.stage.sounds.backgrounds();
        let Some(draw) = noise::draw(&effects.background, count, rng) else {
            return Ok(None);
        };
        let clip_len = samples.len() as u64;
        let sound = self.listener.background(draw.index).map_err(unusable)?;
        let start = noise::draw_start(sound.len(), clip_len, rng);
        let span = noise::needed(sound.len(), start, clip_len);
        let offset = (start - span.start) as usize;
        let file = sound.name();
        let piece = self.listener.piece(&sound, span).map_err(unusable)?;
        noise::mix(samples, piece, offset, draw.snr_db);
        Ok(Some(Background {
            file,
            start,
            snr_db: draw.snr_db,
        }))
    }

    fn place(
        &mut self,
        placement: Option<placement::Placement>,
        window: usize,
        samples: &mut Samples,
    ) {
        if let Some(placement) = placement {
            self.placed.resize(window, 0.0);
            placement::apply(placement, samples, &mut self.placed);
            std::mem::swap(samples, &mut self.placed);
        }
    }
}

/// The name of one round's WAV: `clip_000000_r0.wav` of `clip_000000.wav`, as
/// livekit-wakeword has it.
fn wav_name(clip: &str, round: u32) -> String {
    let stem = clip.strip_suffix(".wav").unwrap_or(clip);
    format!("{stem}_r{round}.wav")
}

/// A background or impulse response that a clip could not do with.
fn unusable(error: impl Display) -> Rejection {
    Rejection::new(NAME, Trouble::Sound, error)
}

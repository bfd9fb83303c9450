//! Reverberation: convolution with a room impulse response, cropped to the clip.
//!
//! A response may begin with silence: the time in which the sound travelled, or
//! what the recording began with. That much later a clip would be heard, and its
//! end be lost; so the output is taken from the direct path on, unless
//! `align` says otherwise.
//!
//! With `tail = "wrap"` and `level = "clip"` the numbers are those of
//! speechbrain's `reverberate`, which openWakeWord calls: a circular convolution,
//! and the clip's mean magnitude.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::effect::{
    Allows, Effect, EffectError, Facts, PROBABILITY, Parameter, Scene, SoundKind, file_name,
    parameters,
};
use super::happens;
use super::level::mean_magnitude;

/// Added to a mean magnitude, so that silence can be divided by it.
const FLOOR: f64 = 1e-14;

parameters! {
    /// How often a room impulse response is applied, and from where on it is
    /// heard.
    pub struct Reverb {
        /// Probability of a room impulse response.
        probability: f64 = "0.5", PROBABILITY;
        /// Whether the output is shifted by the delay of the response's direct path (its greatest magnitude), so that a clip stays where it was.
        align: bool = "true", Allows::Flag;
        /// What becomes of what is heard after the window's end: "cut" drops it, "wrap" brings it to the window's start, with the direct path first whatever align says (openWakeWord).
        #[serde(default, skip_serializing_if = "Tail::is_cut")]
        tail: Tail = "\"cut\"", Allows::Word(&["cut", "wrap"]);
        /// How loud the output is: "response" leaves it as the response makes it, whose greatest magnitude counts as 1 (livekit-wakeword), "clip" gives it the clip's mean magnitude (openWakeWord).
        #[serde(default, skip_serializing_if = "Loudness::is_response")]
        level: Loudness = "\"response\"", Allows::Word(&["response", "clip"]);
    }
}

/// What becomes of what is heard after the window's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tail {
    /// It is dropped.
    #[default]
    Cut,
    /// It wraps around to the start.
    Wrap,
}

/// How loud the output is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Loudness {
    /// As loud as a response makes it whose greatest magnitude is 1.
    #[default]
    Response,
    /// Of the clip's mean magnitude.
    Clip,
}

impl Tail {
    fn is_cut(&self) -> bool {
        *self == Self::Cut
    }
}

impl Loudness {
    fn is_response(&self) -> bool {
        *self == Self::Response
    }
}

/// One drawn impulse response; as JSON its name alone where nothing was shifted.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(from = "Record", into = "Record")]
pub struct Room {
    /// The impulse response.
    pub file: Arc<str>,
    /// How many samples earlier the output was taken.
    pub shift: usize,
}

/// How [`Room`] is written.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum Record {
    Name(Arc<str>),
    Shifted { file: Arc<str>, shift: usize },
}

impl From<Record> for Room {
    fn from(record: Record) -> Self {
        match record {
            Record::Name(file) => Self { file, shift: 0 },
            Record::Shifted { file, shift } => Self { file, shift },
        }
    }
}

impl From<Room> for Record {
    fn from(Room { file, shift }: Room) -> Self {
        match shift {
            0 => Self::Name(file),
            shift => Self::Shifted { file, shift },
        }
    }
}

impl Effect for Reverb {
    const NAME: &'static str = "reverb";
    const TABLE: &'static str = "augment.reverb";
    const RECORD: &'static str = "rir";
    const LABEL: &'static str = "impulse response";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    const SOUND: Option<SoundKind> = Some(SoundKind::Impulse);
    type Drawn = Room;

    fn draw(
        &self,
        _: usize,
        scene: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Room>, EffectError> {
        let count = scene.sounds.count(SoundKind::Impulse);
        if !happens(self.probability, rng) || count == 0 {
            return Ok(None);
        }
        let index = rng.random_range(0..count);
        let file = scene.sounds.name(SoundKind::Impulse, index);
        let shift = match self.align && self.tail == Tail::Cut {
            true => {
                let convolver = &mut scene.workspace.convolver;
                scene.sounds.impulse(&file, convolver)?.delay()
            }
            false => 0,
        };
        Ok(Some(Room { file, shift }))
    }

    fn apply(
        &self,
        Room { file, shift }: &Room,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        let (convolver, window) = (&mut scene.workspace.convolver, scene.window);
        let impulse = scene.sounds.impulse(file, convolver)?;
        let restored = self.level == Loudness::Clip;
        let before = restored.then(|| mean_magnitude(samples));
        match self.tail {
            Tail::Cut => convolver.convolve_from(&impulse, *shift, samples),
            Tail::Wrap => convolver.convolve_around(&impulse, window, samples),
        }
        .map_err(|error| EffectError(format!("{file}: {error}")))?;
        if let Some(before) = before {
            let factor = before / (mean_magnitude(samples) + FLOOR);
            for sample in samples {
                *sample = (f64::from(*sample) * factor) as f32;
            }
        }
        Ok(())
    }

    fn facts(Room { file, shift }: &Room, sample_rate: u32) -> Facts<'_> {
        let name = file_name(file);
        let words = match shift {
            0 => format!("room {name}"),
            shift => {
                let delay = 1000.0 * *shift as f64 / f64::from(sample_rate);
                format!("room {name}, its delay of {delay:.1} ms taken off")
            }
        };
        Facts {
            sounds: vec![file],
            ..Facts::new(words)
        }
    }
}

#[cfg(test)]
mod tests;

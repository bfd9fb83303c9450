//! Background noise at a chosen signal-to-noise ratio.
//!
//! A noise shorter than the clip repeats; the piece that is mixed in starts
//! anywhere in the repeated noise. The numbers are those of livekit-wakeword's
//! `mix_with_background`. Or other noises follow it, see [`joined`].

pub mod joined;

use std::ops::Range as Span;
use std::sync::Arc;

use multiversion::multiversion;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use self::joined::{Joined, Piece};
use super::effect::{
    Allows, Effect, EffectError, Facts, Measure, PROBABILITY, Parameter, Scene, SoundKind,
    file_name, parameters,
};
use super::level::energy;
use super::{Range, happens, rounded};

/// Added to mean squares, so that silence has a level.
const POWER_FLOOR: f64 = 1e-8;

parameters! {
    /// How often background noise is mixed in, how loud, and what fills a clip
    /// that is longer than a background.
    pub struct BackgroundNoise {
        /// Probability of background noise.
        probability: f64 = "1.0", PROBABILITY;
        /// Signal-to-noise ratio, in dB.
        snr_db: Range = "[5, 15]", Allows::Interval(-100.0, 100.0);
        /// What fills a clip longer than a background: "repeat" the same one (livekit-wakeword), or "join" others to it, all at one level (openWakeWord).
        #[serde(default, skip_serializing_if = "Fill::is_repeat")]
        fill: Fill = "\"repeat\"", Allows::Word(&["repeat", "join"]);
    }
}

/// What fills a clip that is longer than a background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fill {
    /// The same background, again and again.
    #[default]
    Repeat,
    /// Pieces of several backgrounds, at the same RMS level.
    Join,
}

impl Fill {
    fn is_repeat(&self) -> bool {
        *self == Self::Repeat
    }
}

/// The background noise mixed into one row.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Noise {
    /// One background, repeated.
    Repeated(Background),
    /// Several, joined.
    Joined(Joined),
}

/// One background, repeated where it is too short.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Background {
    /// The file.
    pub file: Arc<str>,
    /// First sample of the piece taken, at the pipeline's rate, in the file
    /// repeated until it covers the clip.
    pub start: u64,
    /// Signal-to-noise ratio in dB.
    pub snr_db: f64,
}

impl Effect for BackgroundNoise {
    const NAME: &'static str = "background";
    const TABLE: &'static str = "augment.background";
    const RECORD: &'static str = "background";
    const LABEL: &'static str = "background";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    const SOUND: Option<SoundKind> = Some(SoundKind::Background);
    type Drawn = Noise;

    fn draw(
        &self,
        samples: usize,
        scene: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Noise>, EffectError> {
        let count = scene.sounds.count(SoundKind::Background);
        if !happens(self.probability, rng) || count == 0 {
            return Ok(None);
        }
        if self.fill == Fill::Join {
            return Ok(Some(Noise::Joined(Joined {
                snr_db: rounded(self.snr_db.draw(rng)),
                pieces: joined::draw(samples as u64, scene.sounds, rng)?,
            })));
        }
        let index = rng.random_range(0..count);
        let snr_db = self.snr_db.draw(rng);
        let file = scene.sounds.name(SoundKind::Background, index);
        let len = scene.sounds.background_len(&file)?;
        Ok(Some(Noise::Repeated(Background {
            start: draw_start(len, samples as u64, rng),
            file,
            snr_db,
        })))
    }

    fn apply(
        &self,
        drawn: &Noise,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        match drawn {
            Noise::Repeated(drawn) => {
                let len = scene.sounds.background_len(&drawn.file)?;
                let span = needed(len, drawn.start, samples.len() as u64);
                let offset = (drawn.start - span.start) as usize;
                let piece = scene.sounds.background(&drawn.file, span)?;
                mix(samples, piece, offset, drawn.snr_db);
            }
            Noise::Joined(drawn) => {
                let noise = &mut scene.workspace.noise;
                joined::read(&drawn.pieces, scene.sounds, noise)?;
                joined::mix(samples, noise, drawn.snr_db);
            }
        }
        Ok(())
    }

    fn measure(&self) -> Option<Measure> {
        Some(Measure {
            name: "signal-to-noise ratio",
            unit: "dB",
            range: self.snr_db,
        })
    }

    fn facts(drawn: &Noise, _: u32) -> Facts<'_> {
        let (sounds, snr_db) = match drawn {
            Noise::Repeated(drawn) => (vec![&drawn.file], drawn.snr_db),
            Noise::Joined(drawn) => (drawn.files(), drawn.snr_db),
        };
        let names: Vec<_> = sounds.iter().map(|file| file_name(file)).collect();
        let words = format!("noise {} at {snr_db:.1} dB", names.join(" + "));
        Facts {
            sounds,
            value: Some(snr_db),
            ..Facts::new(words)
        }
    }
}

/// Draws where the piece for a clip starts, in samples from the start of the
/// noise; `noise_len` and `clip_len` are in samples.
///
/// A noise shorter than the clip counts as repeated `clip_len / noise_len + 1`
/// times, so the piece may start beyond its end.
pub fn draw_start(noise_len: u64, clip_len: u64, rng: &mut impl Rng) -> u64 {
    let repeats = match noise_len {
        0 => 0,
        shorter if shorter < clip_len => clip_len / shorter + 1,
        _ => 1,
    };
    rng.random_range(0..=(repeats * noise_len).saturating_sub(clip_len))
}

/// Which samples of a noise a clip needs, from where [`draw_start`] says.
///
/// Give [`mix`] these samples, and `start` less the span's start.
pub fn needed(noise_len: u64, start: u64, clip_len: u64) -> Span<u64> {
    match start.checked_add(clip_len) {
        Some(end) if end <= noise_len => start..end,
        _ => 0..noise_len,
    }
}

/// Mixes noise into a clip in place, at a signal-to-noise ratio in dB.
///
/// The piece starts at sample `start` of the noise, which repeats as often as
/// needed. Nothing is normalised, so the mix may leave [-1, 1]. Without noise
/// samples the clip stays as it is.
pub fn mix(samples: &mut [f32], noise: &[f32], start: usize, snr_db: f64) {
    if samples.is_empty() || noise.is_empty() {
        return;
    }
    let len = samples.len();
    let noise_energy: f64 = repeated(noise, start, len).map(energy).sum();
    let signal_power = f64::from(pairwise_energy(samples) / len as f32 + POWER_FLOOR as f32);
    let noise_power = noise_energy / len as f64 + POWER_FLOOR;
    let scale = (signal_power / (noise_power * libm::pow(10.0, snr_db / 10.0))).sqrt();
    let mut rest = samples;
    for piece in repeated(noise, start, len) {
        let (head, tail) = rest.split_at_mut(piece.len());
        add(head, piece, scale);
        rest = tail;
    }
}

#[multiversion(targets("x86_64+avx2"))]
fn add(samples: &mut [f32], noise: &[f32], scale: f64) {
    for (sample, noise) in samples.iter_mut().zip(noise) {
        *sample = (f64::from(*sample) + scale * f64::from(*noise)) as f32;
    }
}

/// The slices that make up `len` samples of a noise, repeated, from `start`.
fn repeated(noise: &[f32], start: usize, len: usize) -> impl Iterator<Item = &[f32]> {
    let mut offset = start % noise.len();
    let mut left = len;
    std::iter::from_fn(move || {
        let piece = &noise[offset..][..left.min(noise.len() - offset)];
        offset = 0;
        left -= piece.len();
        (!piece.is_empty()).then_some(piece)
    })
}

/// Sum of squares in `f32`, added up in the order of numpy's pairwise
/// summation, so that it rounds as livekit-wakeword's does.
fn pairwise_energy(samples: &[f32]) -> f32 {
    /// Most samples that are not halved further.
    const RUN: usize = 128;
    let squares = |samples: &[f32]| samples.iter().map(|s| s * s).sum::<f32>();
    if samples.len() > RUN {
        let half = samples.len() / 2;
        let (front, back) = samples.split_at(half - half % 8);
        return pairwise_energy(front) + pairwise_energy(back);
    }
    let (chunks, tail) = samples.as_chunks::<8>();
    let Some((first, chunks)) = chunks.split_first() else {
        return squares(tail);
    };
    let mut sums = first.map(|s| s * s);
    for chunk in chunks {
        for (sum, s) in sums.iter_mut().zip(chunk) {
            *sum += s * s;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    tail.iter()
        .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, s| {
            sum + s * s
        })
}

#[cfg(test)]
mod tests;

//! Placing a clip in a window of fixed length.
//!
//! The rules are livekit-wakeword's: `align_clip_to_end` for wake words, and
//! padding or cropping evenly on both sides for everything else. openWakeWord's
//! is `create_fixed_size_clip`, after its cut of clips longer than the window.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use super::effect::Place;
use super::effect::{Allows, Effect, EffectError, Facts, Format, Parameter, Scene, parameters};

/// One drawn placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Placement {
    /// The clip ends `jitter` samples before the window does.
    End {
        /// Samples between the clip's end and the window's.
        jitter: u32,
    },
    /// The clip's centre is the window's.
    Center,
    /// The clip begins `start` samples after the window does.
    Start {
        /// Samples between the window's start and the clip's.
        start: u32,
    },
}

parameters! {
    /// How a clip is placed in its window.
    pub struct Placing {
        /// Greatest gap behind a clip placed at the end, in milliseconds.
        jitter_ms: f64 = "200", Allows::Number(0.0, 60_000.0);
    }
}

impl Effect for Placing {
    const NAME: &'static str = "place";
    const TABLE: &'static str = "augment";
    const RECORD: &'static str = "place";
    const LABEL: &'static str = "placed in the window";
    const PARAMETERS: &'static [Parameter] = Self::KEYS;
    type Drawn = Placement;

    fn draw(
        &self,
        samples: usize,
        scene: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Placement>, EffectError> {
        let most = (self.jitter_ms / 1000.0 * f64::from(scene.sample_rate)).round() as u32;
        Ok(scene.place.map(|place| match place {
            Place::End => Placement::End {
                jitter: rng.random_range(0..=most),
            },
            Place::Center => Placement::Center,
            Place::Start => {
                // Below the greatest jitter, as numpy draws it.
                let jitter = rng.random_range(0..most.max(1));
                let room = scene.window.saturating_sub(samples);
                Placement::Start {
                    start: room.saturating_sub(jitter as usize) as u32,
                }
            }
        }))
    }

    fn apply(
        &self,
        placement: &Placement,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError> {
        let window = &mut scene.workspace.window;
        window.resize(scene.window, 0.0);
        apply(*placement, samples, window);
        std::mem::swap(samples, window);
        Ok(())
    }

    fn check(&self, format: Format) -> Result<(), (&'static str, String)> {
        let Self { jitter_ms } = self;
        let window_seconds = format.window_seconds;
        if jitter_ms / 1000.0 < window_seconds {
            return Ok(());
        }
        Err((
            "jitter_ms",
            format!(
                "is {jitter_ms}; it must be shorter than the window, audio.clip_seconds = {window_seconds}"
            ),
        ))
    }

    fn facts(placement: &Placement, sample_rate: u32) -> Facts<'_> {
        let (words, variant) = match placement {
            Placement::End { jitter } => {
                let gap = 1000.0 * f64::from(*jitter) / f64::from(sample_rate);
                (format!("ends {gap:.0} ms before the window"), "end")
            }
            Placement::Center => ("centred".to_owned(), "center"),
            Placement::Start { start } => {
                let gap = 1000.0 * f64::from(*start) / f64::from(sample_rate);
                (format!("starts {gap:.0} ms after the window"), "start")
            }
        };
        Facts {
            variant: Some(variant),
            ..Facts::new(words)
        }
    }
}

/// Fills a window with a clip and silence around it.
///
/// A clip too long for its place keeps its tail at the end, its middle in the
/// middle, and its start from a start on. A jitter or a start beyond the window
/// leaves silence.
pub fn apply(placement: Placement, clip: &[f32], window: &mut [f32]) {
    let (clip, start) = match placement {
        Placement::End { jitter } => {
            let end = window.len().saturating_sub(jitter as usize);
            let kept = &clip[clip.len().saturating_sub(end)..];
            (kept, end - kept.len())
        }
        Placement::Center => {
            let skipped = clip.len().saturating_sub(window.len()) / 2;
            let kept = &clip[skipped..][..clip.len().min(window.len())];
            (kept, (window.len() - kept.len()) / 2)
        }
        Placement::Start { start } => {
            let start = window.len().min(start as usize);
            (&clip[..clip.len().min(window.len() - start)], start)
        }
    };
    let end = start + clip.len();
    window[..start].fill(0.0);
    window[start..end].copy_from_slice(clip);
    window[end..].fill(0.0);
}

#[cfg(test)]
mod tests;

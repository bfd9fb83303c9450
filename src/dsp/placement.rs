//! Placing a clip in a window of fixed length.
//!
//! The rules are livekit-wakeword's: `align_clip_to_end` for wake words, and
//! padding or cropping evenly on both sides for everything else.

use rand::{Rng, RngExt};
use serde::Serialize;

/// Where a clip goes in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// At the end, less a random jitter: for wake words.
    End,
    /// In the middle: for everything else.
    Center,
}

/// One drawn placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Placement {
    /// The clip ends `jitter` samples before the window does.
    End {
        /// Samples between the clip's end and the window's.
        jitter: u32,
    },
    /// The clip's centre is the window's.
    Center,
}

/// Draws a placement, with a jitter of at most `max_jitter` samples.
pub fn draw(place: Place, max_jitter: u32, rng: &mut impl Rng) -> Placement {
    match place {
        Place::End => Placement::End {
            jitter: rng.random_range(0..=max_jitter),
        },
        Place::Center => Placement::Center,
    }
}

/// Fills a window with a clip and silence around it.
///
/// A clip too long for its place keeps its tail at the end, or its middle in
/// the middle. A jitter longer than the window leaves silence.
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
    };
    let end = start + clip.len();
    window[..start].fill(0.0);
    window[start..end].copy_from_slice(clip);
    window[end..].fill(0.0);
}

#[cfg(test)]
mod tests;

//! The floor of a detector that hears 80 ms at a time.
//!
//! openWakeWord's detector runs the mel network over the newest 1,280 samples and
//! the 480 before them: eight frames, whose floor is 80 dB under the loudest of
//! these eight. Its windows of 76 frames end where such a group ends. So counted
//! from the first frame of a row, groups begin at the frames 4, 12, 20 ..., and the
//! first four belong to a group that began before the row.

use std::ops::Range;

use super::net::Net;
use super::speech::BANDS;
use super::speech::native::{HOP, STRIDE, WINDOW, frames};
use crate::runtime::ModelError;

/// Frames in front of a group that windows and groups do not share.
const PHASE: usize = 4;

/// Samples in front of a piece of a recording, for its first frames to be in the
/// group in which the detector hears them: a step of the detector.
pub const LEAD: usize = STRIDE * HOP;

/// The groups of so many frames, in order.
pub fn groups(frames: usize) -> impl Iterator<Item = Range<usize>> {
    let starts = (0..1).chain((PHASE..).step_by(STRIDE));
    let ends = (PHASE..).step_by(STRIDE);
    starts
        .zip(ends)
        .map(move |(start, end)| start..end.min(frames))
        .take_while(|group| !group.is_empty())
}

/// A mel network that takes the floor of each group of frames, by running on
/// the samples of each alone.
pub struct Grouped {
    net: Box<dyn Net>,
    out: Vec<Vec<f32>>,
}

impl Grouped {
    /// Lets a network hear groups.
    pub fn new(net: Box<dyn Net>) -> Self {
        Self {
            net,
            out: Vec::new(),
        }
    }
}

impl Net for Grouped {
    fn run(&mut self, audio: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
        let of = |audio: &[f32]| groups(frames(audio.len()));
        let samples = |group: Range<usize>| group.start * HOP..(group.end - 1) * HOP + WINDOW;
        let input = audio
            .iter()
            .flat_map(|audio| of(audio).map(|group| &audio[samples(group)]));
        let input: Vec<&[f32]> = input.collect();
        self.out.resize_with(input.len(), Vec::new);
        self.net.run(&input, &mut self.out)?;
        let mut made = self.out.iter();
        for (audio, out) in audio.iter().zip(out) {
            out.clear();
            out.reserve_exact(frames(audio.len()) * BANDS);
            for group in made.by_ref().take(of(audio).count()) {
                out.extend_from_slice(group);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn groups_end_where_windows_do() {
        let groups: Vec<_> = groups(197).collect();
        assert_eq!(groups[..3], [0..4, 4..12, 12..20]);
        assert_eq!(groups[groups.len() - 2..], [188..196, 196..197]);
        for window in (0..=120).step_by(STRIDE) {
            assert!(groups.iter().any(|group| group.end == window + 76));
        }
    }

    /// Says which samples it ran on: the first and the number of each input.
    struct Told(Vec<(f32, usize)>);

    impl Net for Told {
        fn run(&mut self, input: &[&[f32]], out: &mut [Vec<f32>]) -> Result<(), ModelError> {
            for (input, out) in input.iter().zip(out) {
                self.0.push((input[0], input.len()));
                out.clear();
                out.resize(frames(input.len()) * BANDS, input[0]);
            }
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn every_frame_is_of_its_group(lengths in prop::collection::vec(0_usize..6000, 1..4)) {
            let clips: Vec<Vec<f32>> = lengths
                .iter()
                .map(|length| (0..*length).map(|sample| sample as f32).collect())
                .collect();
            let input: Vec<&[f32]> = clips.iter().map(Vec::as_slice).collect();
            let mut out = vec![vec![9.0]; clips.len()];
            Grouped::new(Box::new(Told(Vec::new()))).run(&input, &mut out).unwrap();
            for (clip, out) in clips.iter().zip(&out) {
                prop_assert_eq!(out.len(), frames(clip.len()) * BANDS);
                for (frame, values) in out.chunks(BANDS).enumerate() {
                    let first = (frame + 4) / 8 * 8;
                    let first = first.saturating_sub(4) * HOP;
                    prop_assert!(values.iter().all(|value| *value == first as f32));
                }
            }
        }
    }
}

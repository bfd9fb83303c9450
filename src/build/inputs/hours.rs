//! How much audio there is in recordings.

use crate::audio;
use crate::build::Split;
use crate::source::sequence::Entry;

use super::Inputs;

impl Inputs {
    /// Seconds of a split's recordings together, about.
    pub fn seconds_of(&self, split: &Split) -> f64 {
        self.seconds_of_each(split).iter().sum()
    }

    /// Seconds of each of a split's recordings, about: as the headers of some of
    /// them say, and their sizes, or by the sizes alone.
    pub fn seconds_of_each(&self, split: &Split) -> Vec<f64> {
        /// Recordings whose headers are read.
        const LOOKED_AT: usize = 32;
        /// Bytes a second where no header tells a length.
        const BYTES: f64 = 16_000.0;
        let bytes = |entry: &Entry| {
            split
                .source
                .stamp(&entry.id)
                .map_or(0, |stamp| stamp.length())
        };
        let step = split.clips.len().div_ceil(LOOKED_AT).max(1);
        let (mut known, mut seconds) = (0, 0.0);
        for entry in split.clips.iter().step_by(step) {
            let info = audio::probe(&entry.id.file).ok();
            let told =
                info.and_then(|info| Some(info.frames? as f64 / f64::from(info.sample_rate)));
            if let Some(told) = told {
                known += bytes(entry);
                seconds += told;
            }
        }
        let rate = match known {
            0 => 1.0 / BYTES,
            known => seconds / known as f64,
        };
        let of = |entry: &Entry| match entry.segment {
            Some(part) => part.end - part.start,
            None => bytes(entry) as f64 * rate,
        };
        split.clips.iter().map(of).collect()
    }
}

//! What is heard of a recording on the way: what its end is judged by.

use twox_hash::XxHash3_64;

use crate::dsp::level::Level;
use crate::records::Part;
use crate::source::Segment;

use super::Reading;

impl Reading {
    /// Measures what comes of the part listed, but for what an earlier run has.
    pub(super) fn hear(&mut self, samples: &[f32]) {
        let rate = f64::from(self.audio.info().sample_rate);
        let (first, end) = match self.entry.segment {
            Some(Segment { start, end }) => ((start * rate) as u64, (end * rate) as u64),
            None => (0, u64::MAX),
        };
        let within = |at: u64| at.saturating_sub(self.at).min(samples.len() as u64) as usize;
        let from = within(first.max(self.heard_to));
        let new = &samples[from..within(end).max(from)];
        self.level = self.level.with(Level::of(new));
        self.read += new.len() as u64;
        self.at += samples.len() as u64;
        if self.at <= first {
            // Other channels are heard by the reader, which knows of no part.
            self.audio.forget_others();
        }
    }

    /// Measures what the rows of a piece hear that are kept.
    pub(super) fn hear_rows(&mut self, samples: &[f32], part: &Part) {
        let step = self.reads.step();
        let mut row = 0;
        for rows in part.kept.chunk_by(|a, b| a == b) {
            let start = part.lead + row * step;
            if rows[0] {
                let end = start + (rows.len() - 1) * step + self.reads.window;
                let heard = &samples[start..end];
                self.in_rows.peak = self.in_rows.peak.max(Level::of(heard).peak);
                let seed = part.row + row as u64;
                let hash = XxHash3_64::oneshot_with_seed(seed, bytemuck::cast_slice(heard));
                self.in_rows.hash = self.in_rows.hash.wrapping_add(hash);
            }
            row += rows.len();
        }
    }
}

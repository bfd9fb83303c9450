//! Going on in the middle of a recording without decoding all before it, where
//! its format allows that.

use crate::dsp::level::Level;
use crate::dsp::resample::Conversion;
use crate::records::{Heard, Open};
use crate::source::Segment;

use super::{Reading, Stretch};

impl Reading {
    /// Goes to a row, or to the beginning of the part listed; `false` where it
    /// was not found.
    pub(super) fn search(&mut self, from: Open) -> bool {
        let (base, end) = self.part();
        let (rows, heard) = match from.heard {
            Some(heard) => (from.rows, heard),
            None => (0, Heard::default()),
        };
        let lead = if rows == 0 { 0 } else { self.reads.lead };
        let first = base + rows * self.reads.hop as u64 - lead as u64;
        let rate = self.audio.info().sample_rate;
        // A rate that cannot be converted is told where samples come.
        let Ok(mut conversion) = Conversion::new(rate, self.reads.sample_rate) else {
            return true;
        };
        let (frame, given) = conversion.seek(first as usize);
        if frame == 0 {
            return true;
        }
        if !self.audio.seek(frame as u64) {
            return false;
        }
        self.stretch = Some(Stretch {
            conversion,
            start: base,
            skip: first - given as u64,
            left: end - first.min(end),
        });
        (self.rows, self.rows_here) = (rows, rows);
        self.here = first - base;
        self.lead = lead;
        self.kept = (0..rows).filter(|row| !self.is_excluded(*row)).count() as u64;
        self.level = Level {
            peak: heard.peak,
            full: heard.full,
        };
        (self.at, self.read, self.heard_to) = (frame as u64, heard.samples, heard.to);
        self.overflows = heard.overflows;
        self.in_rows = heard.in_rows;
        self.audio.hear(heard.others);
        true
    }

    /// Rows taken so far, those left out too, and what the end will be judged by.
    pub(in crate::stages::recordings) fn place(&self) -> Open {
        let heard = Heard {
            to: self.at.max(self.heard_to),
            samples: self.read,
            peak: self.level.peak,
            full: self.level.full,
            others: self.audio.ear().others(),
            overflows: self.overflows,
            in_rows: self.in_rows,
        };
        let is_whole = self.faults == 0 && self.before == 0;
        Open {
            recording: self.index,
            rows: self.rows,
            heard: Some(heard).filter(|_| is_whole && self.audio.seeks()),
        }
    }

    /// Where the part listed begins and ends, in samples.
    pub(super) fn part(&self) -> (u64, u64) {
        let rate = f64::from(self.reads.sample_rate);
        let samples = |seconds: f64| (seconds * rate).round() as u64;
        match self.entry.segment {
            Some(Segment { start, end }) => (samples(start), samples(end)),
            None => (0, u64::MAX),
        }
    }
}

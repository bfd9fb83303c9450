//! What a recording has come to.

use crate::records::{Ended, Finding, Findings};
use crate::source::sequence::Entry;
use crate::stages::decode::judge;

use super::Reading;

impl Reading {
    /// What it has come to.
    pub(in crate::stages::recordings) fn end(self) -> Ended {
        let info = self.audio.info();
        let mut findings = Findings::default();
        if self.read > 0 {
            judge(
                self.level,
                self.read,
                self.audio.ear().others(),
                &mut findings,
            );
        }
        if self.overflows {
            findings.add(Finding::Overflow);
        }
        let samples = self.before + self.here;
        Ended {
            seconds: samples as f64 / f64::from(self.reads.sample_rate),
            sample_rate: Some(info.sample_rate),
            channels: Some(info.channels),
            codec: Some(self.audio.codec().to_owned()),
            rows: self.kept,
            excluded: self.rows - self.kept,
            faults: self.faults,
            told: self.told,
            findings,
            ..ended(self.index, &self.entry)
        }
    }
}

/// What a recording comes to of which nothing was read.
pub(super) fn ended(index: u32, entry: &Entry) -> Ended {
    Ended {
        index,
        recording: entry.recording.to_string(),
        start: entry.segment.map(|segment| segment.start),
        end: entry.segment.map(|segment| segment.end),
        seconds: 0.0,
        sample_rate: None,
        channels: None,
        codec: None,
        rows: 0,
        excluded: 0,
        faults: 0,
        told: None,
        findings: Findings::default(),
    }
}

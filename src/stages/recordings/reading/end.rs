//! What a recording has come to.

use crate::audit::{recording, refusal};
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
        let (mut hash, mut refused) = (None, None);
        if let Some(rules) = self.reads.audit.as_ref().filter(|_| self.kept > 0) {
            let heard = recording::Heard {
                in_rows: self.in_rows,
                level: self.level,
                samples: self.read,
                others: self.audio.ear().others(),
                faults: self.faults,
            };
            let noted = recording::judge(rules, &heard);
            refused = refusal(&noted);
            findings.note(noted);
            hash = Some(self.in_rows.hash);
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
            hash,
            findings,
            refused,
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
        hash: None,
        findings: Findings::default(),
        refused: None,
    }
}

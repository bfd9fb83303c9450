//! The lines of `rows.jsonl` and `quarantine.jsonl`: one type each, written and
//! read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::records::{Provenance, named};

/// One line of `rows.jsonl`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RowRecord<'a> {
    /// The split.
    pub split: Cow<'a, str>,
    /// The row in the split's feature file, from 0.
    pub row: u64,
    /// The clip.
    pub clip: Cow<'a, str>,
    /// The round.
    pub round: u32,
    /// What was drawn.
    #[serde(flatten)]
    pub provenance: Cow<'a, Provenance>,
}

/// One line of `quarantine.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct QuarantineRecord<'a> {
    /// The split.
    pub split: Cow<'a, str>,
    /// The clip that was left out.
    pub clip: Cow<'a, str>,
    /// Its round, where each round is a span of its own; 0 is not written.
    #[serde(default, skip_serializing_if = "is_first")]
    pub round: u32,
    /// The stage that refused it.
    pub stage: Cow<'a, str>,
    /// Why.
    pub reason: Cow<'a, str>,
}

/// One line of `recordings.jsonl`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RecordingRecord<'a> {
    /// The split.
    pub split: Cow<'a, str>,
    /// The recording.
    pub recording: Cow<'a, str>,
    /// Where the part of it that was listed begins, in seconds.
    pub start: Option<f64>,
    /// Where that ends.
    pub end: Option<f64>,
    /// Seconds that were decoded.
    pub seconds: f64,
    /// Its sample rate in Hz, where it could be opened.
    pub sample_rate: Option<u32>,
    /// Its channels, likewise.
    pub channels: Option<usize>,
    /// Its codec, likewise.
    pub codec: Option<Cow<'a, str>>,
    /// Rows made of it.
    pub rows: u64,
    /// Rows left out as the list of exclusions has it.
    pub excluded: u64,
    /// Times that a stretch of it ended in a fault.
    pub faults: u64,
    /// A hash of what its rows have heard, in hexadecimal, where the audit was on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<Cow<'a, str>>,
}

impl RecordingRecord<'_> {
    /// Its name, as `render --clip` takes it.
    pub fn name(&self) -> String {
        named(&self.recording, self.start, self.end)
    }
}

fn is_first(round: &u32) -> bool {
    *round == 0
}

#[cfg(test)]
mod tests {
    use crate::dsp::chain::EffectKind;

    use super::*;

    /// The contract's line, effects in the order of their chain.
    const LINE: &str = r#"{"split":"wake","row":3,"clip":"a/b.wav","round":1,"equalizer":null,"tanh_distortion":0.25,"rir":"rooms/hall.wav","background":{"file":"noise/fan.ogg","start":17,"snr_db":7.5},"place":{"kind":"end","jitter":31}}"#;

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let row: RowRecord = serde_json::from_str(LINE).unwrap();
        assert_eq!(serde_json::to_string(&row).unwrap(), LINE);
        assert!(row.provenance.get(EffectKind::Equalizer).is_none());
        assert_eq!(row.provenance.applied().count(), 4);
    }

    #[test]
    fn a_row_of_an_unknown_effect_is_refused() {
        let line = LINE.replace("\"rir\"", "\"echo\"");
        let error = serde_json::from_str::<RowRecord>(&line).unwrap_err();
        assert!(error.to_string().contains("no effect 'echo'"), "{error}");
    }
}

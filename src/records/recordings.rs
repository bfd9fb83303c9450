//! What travels of long recordings.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Findings, Pcm, Rejection, Trouble};

/// One turn of a recording: what the source numbers, before anybody knows which
/// recording it will be.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Which run of recordings, of all that are taken in turns together.
    pub block: u32,
    /// Which of the places for open recordings.
    pub place: usize,
    /// Its number among all visits of the split.
    pub turn: u64,
    /// Its number among the visits of the place.
    pub lap: u64,
    /// What was met; nothing before it was decoded, or where the place had been
    /// closed.
    pub met: Option<Met>,
}

/// What a visit came to.
#[derive(Clone, Debug, Default)]
pub struct Met {
    /// Recordings that the place has taken.
    pub taken: u32,
    /// Recordings that have come to their end.
    pub ended: Vec<Ended>,
    /// What is open afterwards; nothing closes the place.
    pub open: Option<Open>,
    /// What was found broken.
    pub broken: Vec<Broken>,
    /// Which rows its piece is.
    pub piece: Option<Part>,
    /// The mean square of that piece; of full scale it is 1.
    pub power: Option<f64>,
    /// Seconds of audio that were decoded.
    pub seconds: f64,
}

/// A recording that is open, as far as it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Open {
    /// Its index in the split's list.
    pub recording: u32,
    /// Rows taken of it, those left out too.
    pub rows: u64,
    /// What was heard of it, where nothing is broken so far and its next row can
    /// be searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Heard>,
}

/// What was heard of a recording up to a place: what its end is judged by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Heard {
    /// The place, in samples of the file.
    pub to: u64,
    /// Samples up to there.
    pub samples: u64,
    /// The greatest magnitude of them.
    pub peak: f32,
    /// How many are at full scale.
    pub full: u64,
    /// The greatest magnitude in other channels.
    pub others: f32,
    /// Whether 16 bits cannot hold what they were converted to.
    pub overflows: bool,
    /// What its rows have heard.
    #[serde(default)]
    pub in_rows: InRows,
}

/// What the rows of a recording have heard of it, where an audit asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct InRows {
    /// The greatest magnitude.
    pub peak: f32,
    /// A hash of the samples: the sum of those of its pieces.
    pub hash: u64,
}

/// Something broken in a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    /// The recording.
    pub name: Arc<str>,
    /// The stage that found it, its kind, where and what.
    pub rejection: Rejection,
}

/// Which rows of which recording a piece is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The recording's index in the split's list.
    pub recording: u32,
    /// The first row's number: how many hops its first sample lies behind that of
    /// the recording. No two rows have one, whatever breaks between them.
    pub row: u64,
    /// Its first sample in what was decoded.
    pub sample: u64,
    /// Samples from one row to the next.
    pub hop: usize,
    /// Samples of the piece in front of its first row.
    pub lead: usize,
    /// Which of its rows are kept.
    pub kept: Vec<bool>,
}

impl Part {
    /// Number and first sample of each row that is kept.
    pub fn rows(&self) -> impl Iterator<Item = (u64, u64)> {
        let rows = (0..).zip(&self.kept).filter(|(_, kept)| **kept);
        rows.map(|(k, _)| (self.row + k, self.sample + k * self.hop as u64))
    }
}

/// What a recording came to.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Ended {
    /// Its index in the split's list.
    pub index: u32,
    /// Its name.
    pub recording: String,
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
    pub codec: Option<String>,
    /// Rows made of it.
    pub rows: u64,
    /// Rows left out as the split's list of exclusions has it.
    pub excluded: u64,
    /// Times that a stretch of it ended in a fault.
    pub faults: u64,
    /// What is to be told of it: the first fault, or why there is none of it.
    pub told: Option<String>,
    /// A hash of what its rows have heard, where an audit asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<u64>,
    /// What was found out about it.
    #[serde(skip)]
    pub findings: Findings,
    /// Why the build ends, where a rule of the audit says so.
    #[serde(skip)]
    pub refused: Option<Rejection>,
}

impl Ended {
    /// Its name among those of the split: of a part that was listed, with where it is.
    pub fn name(&self) -> String {
        named(&self.recording, self.start, self.end)
    }

    /// What is to be told of it, with what is kept.
    pub fn rejection(&self) -> Option<Rejection> {
        let told = self.told.as_ref()?;
        Some(Rejection {
            stage: "decode",
            kind: match self.sample_rate {
                Some(_) => Trouble::Damaged,
                None => Trouble::Unreadable,
            },
            reason: match (self.faults, self.rows) {
                _ if self.sample_rate.is_none() => told.clone(),
                (1, rows) => format!("{rows} rows kept; a fault {told}"),
                (faults, rows) => format!("{rows} rows kept; {faults} faults, the first {told}"),
            },
        })
    }
}

/// What a recording is called, as `render --clip` takes it: a part of one that was
/// listed is named with where it begins and ends.
pub fn named(recording: &str, start: Option<f64>, end: Option<f64>) -> String {
    match (start, end) {
        (Some(start), Some(end)) => format!("{recording}@{start}-{end}"),
        _ => recording.to_owned(),
    }
}

/// How loud a recording is over time.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RecordingLevels {
    /// Index of the split.
    pub split: usize,
    /// What it came to.
    pub ended: Ended,
    /// In the order of time; what an earlier run heard is not among them.
    pub points: Vec<LevelPoint>,
}

/// The level of a part of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct LevelPoint {
    /// Where it begins, in samples of what was decoded.
    pub sample: u64,
    /// Mean square; that of full scale is 1.
    pub power: f64,
}

/// Rows of a recording that are windows of the same samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece<T> {
    /// Samples of a row.
    pub window: usize,
    /// Samples from one row to the next.
    pub hop: usize,
    /// Samples in front of the first row: what its floor is taken of, too.
    pub lead: usize,
    /// Which rows are kept: as many as there are.
    pub kept: Vec<bool>,
    /// What the last stage made of it.
    pub values: T,
}

impl<T> Piece<T> {
    /// The piece, and its values apart.
    pub fn split(self) -> (Piece<()>, T) {
        let Self {
            window,
            hop,
            lead,
            kept,
            values,
        } = self;
        let piece = Piece {
            window,
            hop,
            lead,
            kept,
            values: (),
        };
        (piece, values)
    }

    /// The same piece with other values.
    pub fn with<U>(self, values: U) -> Piece<U> {
        Piece {
            window: self.window,
            hop: self.hop,
            lead: self.lead,
            kept: self.kept,
            values,
        }
    }
}

/// A piece on its way through the front end.
#[derive(Clone, Debug, PartialEq)]
pub enum PieceValues {
    /// Its samples.
    Pcm(Pcm),
    /// Spectrograms of its rows.
    Mel(Vec<MelPart>),
}

impl PieceValues {
    /// How many values there are.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Self::Pcm(pcm) => pcm.len(),
            Self::Mel(parts) => parts.iter().map(|part| part.frames.len()).sum(),
        }
    }
}

/// The spectrogram of some rows of a piece: from the first row of the piece on
/// where it serves several, else that row's own.
#[derive(Clone, Debug, PartialEq)]
pub struct MelPart {
    /// The rows, counted in the piece.
    pub rows: Vec<usize>,
    /// Whether it is the whole piece's.
    pub whole: bool,
    /// Frames of 32 values.
    pub frames: Vec<f32>,
}

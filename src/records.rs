//! What travels between the stages.
//!
//! A [`Batch`] is a run of consecutive clips of one split; every stage maps one
//! batch to one batch, clip by clip. A clip that cannot be processed stays in
//! its batch as a [`Rejection`], so every clip ends as rows or as a reason.

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::dsp::equalizer::Band;
use crate::dsp::placement::Placement;

/// Consecutive clips of one split, with a payload that each stage replaces.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// Index of the split in the plan.
    pub split: usize,
    /// The clips, in the order of their names.
    pub clips: Vec<Clip<T>>,
}

/// One clip on its way through the stages.
#[derive(Clone, Debug)]
pub struct Clip<T> {
    /// Which clip it is.
    pub id: ClipId,
    /// What the last stage made of it, or why it is left out.
    pub state: Result<T, Rejection>,
}

/// Names one clip of a split.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClipId {
    /// The path relative to the split's input folder, with forward slashes: the
    /// name in `rows.jsonl`, and part of the key of the clip's random stream.
    pub name: Arc<str>,
    /// Where to read it.
    pub path: Arc<Path>,
}

/// Why a clip has no rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The stage that refused it.
    pub stage: &'static str,
    /// The kind of trouble, to count by.
    #[serde(skip)]
    pub kind: Trouble,
    /// What was wrong, for a person.
    pub reason: String,
}

impl Rejection {
    /// A clip refused by a stage because of an error.
    pub fn new(stage: &'static str, kind: Trouble, error: impl Display) -> Self {
        Self {
            stage,
            kind,
            reason: error.to_string(),
        }
    }
}

/// What kind of trouble a clip made: a handful of kinds, however many reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The operating system would not give it.
    Unreadable,
    /// It is no audio, or audio of an unknown kind.
    Unsupported,
    /// There is less of it than there should be, or nothing.
    Truncated,
    /// What it holds makes no sense.
    Damaged,
    /// It is longer than allowed.
    TooLong,
    /// A background or impulse response drawn for it could not be used.
    Sound,
}

impl Trouble {
    /// Its name where it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Unsupported => "unsupported",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::TooLong => "too_long",
            Self::Sound => "sound",
        }
    }
}

/// Mono samples at the pipeline's rate.
pub type Samples = Vec<f32>;

/// What a clip becomes from augmentation on: one row a round, in row order.
pub type Rows<T> = Vec<Row<T>>;

/// One row of a feature file on its way.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// The augmentation round that made it.
    pub round: u32,
    /// The row's payload.
    pub data: T,
    /// What was drawn for it.
    pub provenance: Arc<Provenance>,
}

/// 16-bit samples of one row: exactly what a WAV of it would hold.
pub type Pcm = Vec<i16>;

/// A normalised log-mel spectrogram, `(frames, 32)` in C order.
pub type Mel = Vec<f32>;

/// Values of one speech embedding.
pub const EMBEDDING: usize = 96;

/// Speech embeddings, `(timesteps, 96)` in C order.
pub type Embedding = Vec<f32>;

/// Every parameter drawn for one row; `None` where an effect was not applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Provenance {
    /// The seven equalizer bands.
    pub equalizer: Option<[Band; 7]>,
    /// The amount of tanh distortion.
    pub tanh_distortion: Option<f64>,
    /// The room impulse response.
    pub rir: Option<Arc<str>>,
    /// The background noise.
    pub background: Option<Background>,
    /// The placement; `None` in rounds that inherit the round before's.
    pub place: Option<Placement>,
}

/// The background noise mixed into one row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Background {
    /// The file.
    pub file: Arc<str>,
    /// First sample of the piece taken, at the pipeline's rate, in the file
    /// repeated until it covers the clip.
    pub start: u64,
    /// Signal-to-noise ratio in dB.
    pub snr_db: f64,
}

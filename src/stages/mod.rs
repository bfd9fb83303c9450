//! Thin adapters from the flow to the work: one file a stage.
//!
//! Each maps a [`Batch`] of one payload to a batch of the next, span by span. A
//! span that cannot be processed becomes a [`Rejection`] and stays in its
//! place; what is wrong with the build as a whole is an error.

pub mod augment;
pub mod decode;
pub mod net;
pub mod recordings;
pub mod score;
pub mod write;

use std::ops::Range;

use crate::flow::{Account, BoxError, Focus, Recycler};
use crate::records::{Batch, ClipId, Findings, Rejection, Row, Rows, Span, Trouble, Values};
use crate::source::sequence;

/// Windows that a clip may fill for its buffers to be kept: most do, and what is
/// kept stays within a small multiple of what `flow.memory` counts.
const LONGEST: usize = 4;

/// Values of the largest buffer that is kept, of windows of any length.
const LARGEST: usize = 1 << 20;

/// Free-lists of the buffers that travel between the stages.
#[derive(Clone, Debug)]
pub struct Buffers {
    /// Decoded clips.
    pub samples: Recycler<f32>,
    /// Rows as 16-bit samples.
    pub pcm: Recycler<i16>,
    /// What the networks give.
    pub floats: Recycler<f32>,
    /// Values that a buffer may have room for to be kept.
    longest: usize,
}

impl Buffers {
    /// Lists that keep up to `rows` buffers of each kind, for clips not much
    /// longer than `window` samples.
    pub fn new(rows: usize, window: usize) -> Self {
        let longest = (LONGEST * window).min(LARGEST);
        Self {
            samples: Recycler::new(rows, longest),
            pcm: Recycler::new(rows, longest),
            floats: Recycler::new(rows, longest),
            longest,
        }
    }

    /// Keeps the buffer of a row that is done with.
    fn give(&self, row: Values) {
        match row {
            Values::Pcm(pcm) => self.pcm.give(pcm),
            Values::Floats(floats) => self.floats.give(floats),
            Values::Piece(_) => {}
        }
    }
}

/// A batch with what it holds of the budget for long clips, if anything, until
/// its rows are features.
#[derive(Debug)]
pub struct Charged<T> {
    /// The batch.
    pub batch: T,
    /// Dropping it gives all back.
    account: Option<Account>,
}

/// Why a stage has nothing to give for a clip.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The clip, or what was drawn for it, cannot be used.
    #[error("{}", .0.reason)]
    Clip(Rejection),
    /// Something that would befall any clip.
    #[error(transparent)]
    Build(BoxError),
}

impl From<Rejection> for Refusal {
    fn from(rejection: Rejection) -> Self {
        Self::Clip(rejection)
    }
}

/// The stages that refuse clips, each with the kinds of trouble it may have.
pub const REFUSALS: [(&str, Trouble); 10] = [
    (sequence::NAME, Trouble::Unreadable),
    (decode::NAME, Trouble::Unreadable),
    (decode::NAME, Trouble::Unsupported),
    (decode::NAME, Trouble::Truncated),
    (decode::NAME, Trouble::Damaged),
    (decode::NAME, Trouble::TooLong),
    (crate::augment::NAME, Trouble::Sound),
    (crate::augment::NAME, Trouble::Damaged),
    (crate::audit::NAME, Trouble::Unwanted),
    (crate::audit::NAME, Trouble::Forbidden),
];

/// Applies a function to each span that is still in, with its clip and its
/// rounds, and rejects those that it refuses.
pub(crate) fn each_span<T, U>(
    batch: Batch<T>,
    focus: &mut Focus,
    mut work: impl FnMut(&ClipId, &Range<u32>, T, &mut Findings) -> Result<U, Refusal>,
) -> Result<Batch<U>, BoxError> {
    let spans = batch.spans.into_iter().map(|span| {
        let Span {
            id,
            rounds,
            state,
            mut findings,
        } = span;
        focus.set(&id.name);
        let state = match state.map(|payload| work(&id, &rounds, payload, &mut findings)) {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(Refusal::Clip(rejection))) | Err(rejection) => Err(rejection),
            Ok(Err(Refusal::Build(error))) => return Err(error),
        };
        Ok(Span {
            id,
            rounds,
            state,
            findings,
        })
    });
    Ok(Batch {
        split: batch.split,
        epoch: batch.epoch,
        spans: spans.collect::<Result<_, _>>()?,
        visit: batch.visit,
    })
}

/// The payloads of all rows in a batch, in order.
fn payloads<T>(batch: &Batch<Rows<T>>) -> Vec<&T> {
    let rows = batch
        .spans
        .iter()
        .flat_map(|span| span.state.iter().flatten());
    rows.map(|row| &row.data).collect()
}

/// Replaces the payloads of all rows in a batch, in the order of [`payloads`];
/// gives the old ones to `done`.
fn replace<T, U>(batch: Batch<Rows<T>>, new: Vec<U>, mut done: impl FnMut(T)) -> Batch<Rows<U>> {
    let mut new = new.into_iter();
    let spans = batch.spans.into_iter().map(|span| {
        let state = span.state.map(|rows| {
            let rows = rows.into_iter().zip(&mut new).map(|(row, data)| {
                done(row.data);
                Row {
                    round: row.round,
                    data,
                    provenance: row.provenance,
                }
            });
            rows.collect()
        });
        Span {
            id: span.id,
            rounds: span.rounds,
            state,
            findings: span.findings,
        }
    });
    Batch {
        split: batch.split,
        epoch: batch.epoch,
        spans: spans.collect(),
        visit: batch.visit,
    }
}

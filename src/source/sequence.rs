//! The source: the one ordered sequence of spans, cut into batches.

use std::ops::Range;

use std::sync::Arc;

use super::Segment;
use super::order::{Place, Walk};
use crate::records::{Batch, ClipId, Findings, Rejection, Span, Trouble};

/// The source, where it refuses a clip.
pub const NAME: &str = "scan";

/// One clip of a split's list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Which clip it is.
    pub id: ClipId,
    /// The file's name, where the clip is named after a part of it too.
    pub recording: Arc<str>,
    /// Which part of a recording, where that is not all.
    pub segment: Option<Segment>,
    /// Why it cannot be read, where that is known already.
    pub problem: Option<String>,
}

/// How often the sequence runs over the clips of a split, and what it makes of
/// them each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// Once: a clip is one span, with that many rounds.
    One(u32),
    /// That many times: in each pass, every clip is a span of one round.
    Rounds(u32),
}

impl Passes {
    /// Spans that a clip becomes.
    pub fn spans(self) -> u64 {
        match self {
            Self::One(_) => 1,
            Self::Rounds(rounds) => rounds.into(),
        }
    }

    /// Rows of a span.
    pub fn rows(self) -> u32 {
        match self {
            Self::One(rounds) => rounds,
            Self::Rounds(_) => 1,
        }
    }

    /// The clip of a split with so many, by its index, and the rounds that a span
    /// is, counted through all passes.
    fn of(self, span: usize, clips: usize) -> (usize, Range<u32>) {
        let (pass, rows) = ((span / clips) as u32, self.rows());
        (span % clips, pass * rows..(pass + 1) * rows)
    }

    /// The rounds of each pass.
    fn rounds(self) -> impl Iterator<Item = Range<u32>> + Send {
        let rows = self.rows();
        (0..self.spans() as u32).map(move |pass| pass * rows..(pass + 1) * rows)
    }
}

/// The batches of all splits, in order, without the first `skip` spans. A batch
/// never spans two passes or splits, and what is in it depends on nothing but
/// the lists and the arguments.
pub fn batches<'a>(
    splits: impl Iterator<Item = (usize, &'a [Entry])> + Send,
    passes: Passes,
    spans_per_batch: usize,
    skip: u64,
) -> impl Iterator<Item = Batch<()>> + Send {
    let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
    let lists = splits
        .flat_map(move |(split, clips)| passes.rounds().map(move |rounds| (split, clips, rounds)));
    lists.flat_map(move |(split, clips, rounds)| {
        let skipped = skip.min(clips.len());
        skip -= skipped;
        clips[skipped..]
            .chunks(spans_per_batch.max(1))
            .map(move |chunk| Batch {
                split,
                epoch: 0,
                spans: chunk.iter().map(|entry| span(entry, &rounds)).collect(),
                visit: None,
            })
    })
}

/// The batches of a caller's order, where a split's list is that of its index.
pub fn ordered<'a>(
    splits: Vec<&'a [Entry]>,
    passes: Passes,
    walk: Walk,
    spans_per_batch: usize,
) -> impl Iterator<Item = Batch<()>> + Send + 'a {
    walk.flat_map(move |window| {
        let one = |place: Place| {
            let clips = splits[place.split];
            let (clip, rounds) = passes.of(place.span, clips.len());
            span(&clips[clip], &rounds)
        };
        let batch = |step: Vec<usize>| {
            let places = step.iter().map(|&index| window.places[index]);
            Batch {
                split: places.clone().map(|place| place.split).next().unwrap_or(0),
                epoch: window.epoch,
                spans: places.map(one).collect(),
                visit: None,
            }
        };
        let steps = window.steps(spans_per_batch).into_iter();
        steps.map(batch).collect::<Vec<_>>()
    })
}

fn span(entry: &Entry, rounds: &Range<u32>) -> Span<()> {
    let rejection = |reason: &String| Rejection::new(NAME, Trouble::Unreadable, reason);
    Span {
        id: entry.id.clone(),
        rounds: rounds.clone(),
        state: entry
            .problem
            .as_ref()
            .map_or(Ok(()), |reason| Err(rejection(reason))),
        findings: Findings::default(),
    }
}

//! The source: the one ordered sequence of spans, cut into batches.

use std::ops::Range;
use std::sync::Arc;

use super::Segment;
use super::order::{Place, Shard, Walk};
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

/// Consecutive spans of one split: clips of its list in order, each with the same
/// rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Index of the split.
    pub split: usize,
    /// The clips, by their index in the split's list.
    pub clips: Range<usize>,
    /// The rounds of each.
    pub rounds: Range<u32>,
}

impl Run {
    /// Number of spans.
    pub fn spans(&self) -> u64 {
        self.clips.len() as u64
    }
}

/// The whole sequence: every pass over every split, of so many clips each.
pub fn runs(splits: impl IntoIterator<Item = (usize, Passes)>) -> Vec<Run> {
    let splits = splits.into_iter().enumerate();
    let runs = splits.flat_map(|(split, (clips, passes))| {
        passes.rounds().map(move |rounds| Run {
            split,
            clips: 0..clips,
            rounds,
        })
    });
    runs.filter(|run| !run.clips.is_empty()).collect()
}

/// The part of a sequence that one shard takes: the spans from ⌊i·C/N⌋ to
/// ⌊(i+1)·C/N⌋ of its C.
pub fn cut(runs: &[Run], shard: Shard) -> Vec<Run> {
    let spans: u64 = runs.iter().map(Run::spans).sum();
    let wanted = shard.range(spans as usize);
    let mut start = 0;
    let parts = runs.iter().map(|run| {
        let own = start..start + run.clips.len();
        start = own.end;
        let at = |place: usize| run.clips.start + place.clamp(own.start, own.end) - own.start;
        Run {
            clips: at(wanted.start)..at(wanted.end),
            ..run.clone()
        }
    });
    parts.filter(|run| !run.clips.is_empty()).collect()
}

/// The batches of a sequence, in order, without the first `skip` spans; `splits`
/// are the lists that the runs are of. A batch never spans two runs, and what is
/// in it depends on nothing but the lists and the arguments.
pub fn batches<'a>(
    splits: Vec<&'a [Entry]>,
    runs: &'a [Run],
    spans_per_batch: usize,
    skip: u64,
) -> impl Iterator<Item = Batch<()>> + Send + 'a {
    let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
    runs.iter().flat_map(move |run| {
        let clips = &splits[run.split][run.clips.clone()];
        let skipped = skip.min(clips.len());
        skip -= skipped;
        clips[skipped..]
            .chunks(spans_per_batch.max(1))
            .map(move |chunk| Batch {
                split: run.split,
                epoch: 0,
                spans: chunk.iter().map(|entry| span(entry, &run.rounds)).collect(),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shards_make_up_the_sequence(
            clips in prop::collection::vec(0usize..30, 1..5),
            passes in prop_oneof![(1u32..4).prop_map(Passes::One), (1u32..4).prop_map(Passes::Rounds)],
            count in 1usize..41,
        ) {
            let spans = |runs: &[Run]| -> Vec<(usize, usize, Range<u32>)> {
                let of = |run: &Run| {
                    let run = run.clone();
                    run.clips.map(move |clip| (run.split, clip, run.rounds.clone()))
                };
                runs.iter().flat_map(of).collect()
            };
            let all = runs(clips.into_iter().map(|clips| (clips, passes)));
            let whole = spans(&all);
            let shards: Vec<_> = (0..count)
                .map(|index| spans(&cut(&all, Shard { index, count })))
                .collect();
            prop_assert_eq!(shards.concat(), whole.clone());
            for (index, shard) in shards.iter().enumerate() {
                let at = |index: usize| index * whole.len() / count;
                prop_assert_eq!(shard.len(), at(index + 1) - at(index));
            }
        }
    }
}

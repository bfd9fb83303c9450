//! The source: the one ordered sequence of spans, cut into batches.

use std::ops::Range;
use std::sync::Arc;

use super::Segment;
use super::order::{Place, Shard, Walk};
use crate::records::{BLOCK, Batch, ClipId, Findings, Rejection, Span, Trouble};

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

/// Where a run may be cut, and how many rows lie between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grain {
    /// Behind every span, each of so many rows.
    Spans(u32),
    /// Behind every [`BLOCK`] of recordings, each of about so many rows: their turns
    /// begin anew there.
    Blocks(Vec<u64>),
}

impl Grain {
    /// Rows of a run of so many spans. Nothing counts as none: it would be in no
    /// shard, or in two.
    fn rows(&self, spans: usize) -> u64 {
        match self {
            Self::Spans(rows) => spans as u64 * u64::from(*rows).max(1),
            Self::Blocks(blocks) => blocks.iter().map(|rows| (*rows).max(1)).sum(),
        }
    }

    /// The spans of a run that end within its first so many rows, of so many.
    fn within(&self, mut rows: u64, spans: usize) -> usize {
        match self {
            Self::Spans(each) => (rows / u64::from(*each).max(1)) as usize,
            Self::Blocks(blocks) => {
                let whole = blocks.iter().take_while(|block| {
                    let left = rows.checked_sub((**block).max(1));
                    rows = left.unwrap_or(0);
                    left.is_some()
                });
                (whole.count() * BLOCK as usize).min(spans)
            }
        }
    }
}

/// The part of a sequence that one shard takes: from row ⌊i·R/N⌋ to ⌊(i+1)·R/N⌋ of
/// its R, each rounded down to where a run may be cut. Where all spans have as many
/// rows, that are the spans from ⌊i·C/N⌋ to ⌊(i+1)·C/N⌋ of C.
pub fn cut(runs: &[(Run, Grain)], shard: Shard) -> Vec<Run> {
    let rows = |(run, grain): &(Run, Grain)| grain.rows(run.clips.len());
    let wanted = shard.range(runs.iter().map(rows).sum::<u64>() as usize);
    let mut start = 0;
    let parts = runs.iter().map(|part| {
        let (run, grain) = part;
        let own = start..start + rows(part);
        start = own.end;
        let at = |row: usize| {
            let row = (row as u64).clamp(own.start, own.end) - own.start;
            run.clips.start + grain.within(row, run.clips.len())
        };
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
    runs: Vec<Run>,
    spans_per_batch: usize,
    skip: u64,
) -> impl Iterator<Item = Batch<()>> + Send + 'a {
    let mut skip = usize::try_from(skip).unwrap_or(usize::MAX);
    runs.into_iter().flat_map(move |run| {
        let clips = &splits[run.split][run.clips];
        let (rounds, skipped) = (run.rounds, skip.min(clips.len()));
        skip -= skipped;
        clips[skipped..]
            .chunks(spans_per_batch.max(1))
            .map(move |chunk| Batch {
                split: run.split,
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Parts = Vec<(usize, usize, Range<u32>)>;

    fn spans(runs: &[Run]) -> Parts {
        let of = |run: &Run| {
            let run = run.clone();
            run.clips
                .map(move |clip| (run.split, clip, run.rounds.clone()))
        };
        runs.iter().flat_map(of).collect()
    }

    fn shards(all: &[(Run, Grain)], count: usize) -> Vec<Parts> {
        let shards = (0..count).map(|index| spans(&cut(all, Shard { index, count })));
        shards.collect()
    }

    proptest! {
        #[test]
        fn shards_make_up_the_sequence(
            clips in prop::collection::vec(0usize..30, 1..5),
            passes in prop_oneof![(1u32..4).prop_map(Passes::One), (1u32..4).prop_map(Passes::Rounds)],
            count in 1usize..41,
        ) {
            let all = runs(clips.into_iter().map(|clips| (clips, passes)));
            let whole = spans(&all);
            let grain = Grain::Spans(passes.rows());
            let all: Vec<_> = all.into_iter().map(|run| (run, grain.clone())).collect();
            let shards = shards(&all, count);
            prop_assert_eq!(shards.concat(), whole.clone());
            for (index, shard) in shards.iter().enumerate() {
                let at = |index: usize| index * whole.len() / count;
                prop_assert_eq!(shard.len(), at(index + 1) - at(index));
            }
        }

        /// Recordings are cut between blocks alone, and no shard has more than its
        /// part of the rows and a block.
        #[test]
        fn blocks_of_recordings_are_whole(
            splits in prop::collection::vec((0usize..5000, 0u64..3000, any::<bool>()), 1..5),
            count in 1usize..41,
        ) {
            let of = |split: &(usize, u64, bool)| (split.0, Passes::One(2));
            let all = runs(splits.iter().map(of));
            let whole = spans(&all);
            let grain = |run: &Run| match splits[run.split] {
                (_, _, false) => Grain::Spans(2),
                (clips, rows, _) => {
                    let blocks = 0..clips.div_ceil(BLOCK as usize) as u64;
                    Grain::Blocks(blocks.map(|n| rows * (n % 3)).collect())
                }
            };
            let all: Vec<_> = all.into_iter().map(|run| (run.clone(), grain(&run))).collect();
            let rows: u64 = all.iter().map(|(run, grain)| grain.rows(run.clips.len())).sum();
            let parts = shards(&all, count);
            prop_assert_eq!(parts.concat(), whole);
            for part in parts {
                let mut own = 0;
                for run in part.chunk_by(|a, b| a.0 == b.0) {
                    let (split, first, last) = (run[0].0, run[0].1, run[run.len() - 1].1 + 1);
                    let (_, grain) = all.iter().find(|(run, _)| run.split == split).unwrap();
                    own += match grain {
                        Grain::Spans(rows) => run.len() as u64 * u64::from(*rows),
                        Grain::Blocks(blocks) => {
                            let block = BLOCK as usize;
                            prop_assert!(first % block == 0);
                            prop_assert!(last % block == 0 || last == splits[split].0);
                            blocks[first / block..last.div_ceil(block)].iter().map(|rows| (*rows).max(1)).sum()
                        }
                    };
                }
                prop_assert!(own <= rows / count as u64 + 1 + 6000, "{own} of {rows} rows");
            }
        }
    }
}

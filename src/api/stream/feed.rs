//! A build's rows in batches of a caller's order, epoch by epoch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::assembly::{Assembly, LeftOut, Rows};
use super::blocks::{Blocks, Within};
use super::order::{self, Taking, Wanted};
use super::turns::Cutter;
use crate::build::{BuildError, Ready, Watch};
use crate::dataset::{RowBlock, RowSink};
use crate::flow::CancelToken;
use crate::source::sequence::Entry;

/// Most blocks that wait for the caller.
const MOST_AHEAD: usize = 1024;

/// Where a feed is: the batch that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The epoch, counted from 0.
    pub epoch: u64,
    /// The batch in the epoch, counted from 0.
    pub batch: u64,
}

/// A build's rows in batches of a caller's order, without an end: epoch follows
/// epoch, each with random streams of its own.
///
/// The build starts with the first batch that is asked for, and goes on in the
/// background, at most about a batch ahead of its caller, also into the next
/// epoch; it ends when this is dropped.
pub struct Feed {
    ready: Arc<Ready>,
    watch: Arc<dyn Watch>,
    taking: Taking,
    position: Position,
    running: Option<Running>,
    /// Clips of the present epoch that were left out.
    left_out: u64,
}

struct Running {
    blocks: Blocks,
    dealer: Dealer,
}

/// Makes batches of blocks.
enum Dealer {
    Order(Assembly),
    Turns(Cutter),
}

impl Feed {
    /// A feed that begins at a position.
    ///
    /// # Errors
    /// [`BuildError::Stream`]: an order or a position that cannot be.
    pub fn open(
        ready: Arc<Ready>,
        watch: Arc<dyn Watch>,
        wanted: &Wanted,
        position: Position,
    ) -> Result<Self, BuildError> {
        let taking = wanted.taking(&ready)?;
        let mut feed = Self {
            ready,
            watch,
            taking,
            position,
            running: None,
            left_out: 0,
        };
        feed.seek(position)?;
        Ok(feed)
    }

    /// Batches an epoch; with recordings nobody knows before.
    pub fn batches(&self) -> Option<u64> {
        match &self.taking {
            Taking::Order(order) => Some(order.batches()),
            Taking::Turns(_) => None,
        }
    }

    /// Where it is.
    pub fn position(&self) -> Position {
        self.position
    }

    /// What a position means something for: a hash over the order, its seed and
    /// the names of its clips.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let inputs = self.ready.inputs();
        let passes = inputs.passes;
        let name = |hash: &mut Sha256, clip: &Entry| {
            hash.update(&*clip.id.name);
            hash.update([0]);
        };
        match &self.taking {
            Taking::Order(order) => {
                let shard = (order.shard.index, order.shard.count);
                hash.update(format!(
                    "{} {} {shard:?} {} {passes:?}",
                    order.seed, order.shuffle, order.go_round
                ));
                for lane in &order.lanes {
                    hash.update(format!(" {}", lane.rows));
                    for (split, called, _) in &lane.splits {
                        hash.update(called);
                        let clips = inputs.splits[*split].clips.iter();
                        clips.for_each(|clip| name(&mut hash, clip));
                    }
                }
            }
            Taking::Turns(turns) => {
                let seed = self.ready.plan().seed;
                hash.update(format!("{seed} turns {} {passes:?}", turns.rows));
                for run in &turns.runs {
                    let split = &inputs.splits[run.split];
                    hash.update(split.name());
                    hash.update(format!("{:?} {:?}", run.rounds, split.plan.recordings));
                    let clips = split.clips[run.clips.clone()].iter();
                    clips.for_each(|clip| name(&mut hash, clip));
                }
            }
        }
        let hash = hash.finalize();
        hash.iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Goes on from another position.
    ///
    /// # Errors
    /// [`BuildError::Stream`]: there is no such position.
    pub fn seek(&mut self, position: Position) -> Result<(), BuildError> {
        order::check_epoch(position.epoch)?;
        if let Some(batches) = self.batches()
            && position.batch > 0
            && position.batch >= batches
        {
            return Err(order::wrong(format!(
                "there is no batch {} in an epoch of {batches}, counted from 0",
                position.batch
            )));
        }
        self.running = None;
        self.position = position;
        self.left_out = 0;
        Ok(())
    }

    /// The next batch, or `None` where it takes longer than this: ask again. It
    /// lacks the rows of clips that were left out, and may be empty.
    ///
    /// # Errors
    /// Whatever stops the build; a clip that cannot be processed, under the
    /// policy `stop`; too many of an epoch, under `skip`. The feed has ended then.
    pub fn within(&mut self, time: Duration) -> Result<Option<Rows>, BuildError> {
        let got = self.next(time);
        if got.is_err() {
            self.running = None;
        }
        got
    }

    fn next(&mut self, time: Duration) -> Result<Option<Rows>, BuildError> {
        let Running { blocks, dealer } = match &mut self.running {
            Some(running) => running,
            none => none.insert(start(
                &self.ready,
                &self.watch,
                &self.taking,
                self.position,
            )?),
        };
        let until = Instant::now() + time;
        while !dealer.is_full() {
            match blocks.within(until.saturating_duration_since(Instant::now()))? {
                Within::Block(block) => dealer.take(block),
                Within::Later => return Ok(None),
                Within::End => dealer.end()?,
            }
            // A batch may be of any number of blocks, each of which is there in time.
            if !dealer.is_full() && Instant::now() >= until {
                return Ok(None);
            }
        }
        let rows = dealer.batch();
        rows.left_out
            .iter()
            .try_for_each(|clip| self.leave_out(clip))?;
        let Position { epoch, batch } = self.position;
        self.position = match rows.is_last {
            true => Position {
                epoch: epoch + 1,
                batch: 0,
            },
            false => Position {
                epoch,
                batch: batch + 1,
            },
        };
        if self.position.epoch > epoch {
            self.left_out = 0;
            if let Taking::Turns(_) = self.taking {
                // Each epoch is a build of its own.
                self.running = None;
            }
        }
        Ok(Some(rows))
    }

    /// Counts a clip that was left out, as far as the plan allows it.
    fn leave_out(&mut self, clip: &LeftOut) -> Result<(), BuildError> {
        let LeftOut {
            split,
            clip,
            rejection,
        } = clip;
        let split = self.ready.inputs().splits[*split].name().to_owned();
        let (clip, stage, reason) = (clip.to_string(), rejection.stage, rejection.reason.clone());
        self.left_out += 1;
        match self.ready.tolerated() {
            None => Err(BuildError::Rejected {
                split,
                clip,
                stage,
                reason,
            }),
            Some(tolerated) if self.left_out > tolerated => Err(BuildError::TooMany {
                tolerated,
                clip,
                stage,
                reason,
            }),
            Some(_) => Ok(()),
        }
    }
}

/// Starts a build into batches.
fn start(
    ready: &Arc<Ready>,
    watch: &Arc<dyn Watch>,
    taking: &Taking,
    from: Position,
) -> Result<Running, BuildError> {
    let rows = match taking {
        Taking::Order(order) => order.lanes.iter().map(|lane| lane.rows).sum(),
        Taking::Turns(turns) => turns.rows,
    };
    let ahead = rows.div_ceil(ready.sizing().rows_per_batch).min(MOST_AHEAD);
    let (ready, watch) = (Arc::clone(ready), Arc::clone(watch));
    let Position { epoch, batch } = from;
    let (blocks, dealer) = match taking {
        Taking::Order(order) => {
            let walk = order.walk(epoch, batch);
            let build = move |sink: &mut dyn RowSink, token: &CancelToken| {
                ready.stream_in(walk, sink, &*watch, token)
            };
            let dealer = Assembly::new(Arc::clone(order), epoch, batch);
            (Blocks::start(ahead, build), Dealer::Order(dealer))
        }
        Taking::Turns(turns) => {
            let dealer = Cutter::new(Arc::clone(turns), epoch, batch);
            let turns = Arc::clone(turns);
            let build = move |sink: &mut dyn RowSink, token: &CancelToken| {
                ready.stream_runs(&turns.runs, epoch, sink, &*watch, token)
            };
            (Blocks::start(ahead, build), Dealer::Turns(dealer))
        }
    };
    Ok(Running {
        blocks: blocks.map_err(BuildError::Threads)?,
        dealer,
    })
}

impl Dealer {
    fn is_full(&self) -> bool {
        match self {
            Self::Order(assembly) => assembly.is_full(),
            Self::Turns(cutter) => cutter.is_full(),
        }
    }

    fn take(&mut self, block: RowBlock) {
        match self {
            Self::Order(assembly) => assembly.take(block),
            Self::Turns(cutter) => cutter.take(block),
        }
    }

    fn end(&mut self) -> Result<(), BuildError> {
        match self {
            // It goes on for ever.
            Self::Order(_) => Err(BuildError::BrokenOff),
            Self::Turns(cutter) => cutter.end(),
        }
    }

    fn batch(&mut self) -> Rows {
        match self {
            Self::Order(assembly) => assembly.batch(),
            Self::Turns(cutter) => cutter.batch(),
        }
    }
}

//! Evaluating classifiers on features: livekit-wakeword's figures, and beside
//! them the honest ones.
//!
//! ```text
//! blocks of rows ─▶ score (N workers, a session for each model) ─▶ count, in order
//! ```
//!
//! Features stay in their files: a worker looks at a block of mapped rows,
//! scores it with every model, and lets it go. Scores are counted between
//! thresholds and not kept, so that memory does not grow with the number of
//! rows, and so that no figure depends on the number of workers.

mod alarms;
mod continuous;
mod error;
mod heard;
mod inputs;
mod interval;
mod livekit;
mod output;
mod plot;
mod report;
mod score;
mod table;
mod tally;

use std::time::Duration;

pub use alarms::{Alarms, OfRecording};
pub use continuous::Continuous;
pub use error::EvalError;
pub use heard::{AlarmRow, Heard, RecordingAlarms};
pub use inputs::{FeatureFile, Features, Wanted};
pub use interval::{Estimate, poisson, wilson};
pub use livekit::{Operating, area_under, best_threshold, det_curve, operating_at};
pub use output::{Written, check, write};
pub use report::{EqualError, Evaluation, Honest, Negatives, Setting, ThresholdRow};
pub use score::Scored;
pub use table::table;
pub use tally::Tally;

use crate::classifier::Classifier;
use crate::flow::{CancelToken, Flow, Observer, Settings, StageSettings};

use score::{Count, Score, blocks};

/// How often an observer is told how things are.
const TICK: Duration = Duration::from_millis(250);

/// How rows are scored.
#[derive(Clone, Copy, Debug)]
pub struct Scoring {
    /// Rows that a model takes at once, unless it has a number of its own.
    pub batch: usize,
    /// Threads, each with a session for each model.
    pub workers: usize,
    /// Seconds after a false alarm in which another does not count, where audio
    /// is heard from its beginning to its end.
    pub refractory: f64,
}

/// Rows a block, at least: enough to make a channel's cost vanish, few enough
/// to spread over workers and to stay in memory (6 KiB a row).
const BLOCK: usize = 512;

impl Scoring {
    /// How many blocks the rows, and the windows over their audio, make.
    pub fn blocks(&self, features: &Features) -> usize {
        blocks(features, self.block_rows()).count()
    }

    /// Rows that a worker takes at once: whole batches.
    pub fn block_rows(&self) -> usize {
        BLOCK.next_multiple_of(self.batch.max(1))
    }
}

/// Scores every row with every classifier; gives the counts of each.
///
/// # Errors
/// A model that fails or gives something else than finite scores; a cancel.
pub fn score(
    features: &Features,
    classifiers: &[Classifier],
    scoring: Scoring,
    observer: &dyn Observer,
    cancel: &CancelToken,
) -> Result<Vec<Scored>, EvalError> {
    let score = Score {
        features,
        classifiers,
        batch: scoring.batch,
    };
    let mut count = Count::new(features, classifiers.len(), scoring.refractory);
    let in_flight = 2 * scoring.workers + 2;
    let settings = Settings {
        in_flight,
        tick: TICK,
    };
    let stage = StageSettings {
        workers: scoring.workers,
        max_workers: scoring.workers,
        capacity: scoring.workers + 1,
    };
    let (_facts, ended) = Flow::source("rows", blocks(features, scoring.block_rows()), settings)
        .stage(&score, stage)
        .sink(&mut count, in_flight)
        .run(observer, cancel);
    ended?;
    Ok(count.scored)
}

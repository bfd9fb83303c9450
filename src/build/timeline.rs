//! How the flow went over time, in memory that does not grow with time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::dataset::write::Taken;
use crate::flow::{FlowError, FlowFacts, Observer, Resize, StageId, Work};

use super::Watch;
use super::levels::{Levels, RecordingLevels};

/// Most moments that are remembered.
const MOST: usize = 512;

/// Passes on what the flow tells, and remembers some of it: when it has
/// remembered enough, it forgets every second moment and from then on looks
/// half as often.
pub(super) struct Timeline<'a> {
    watch: &'a dyn Watch,
    rows: AtomicU64,
    samples: Mutex<Samples>,
    levels: Mutex<Levels>,
}

/// One moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// Seconds since the start.
    pub at: f64,
    /// Rows written until then.
    pub rows: u64,
    /// How full the channel before each stage was, from 0 to 1.
    pub fill: Vec<f64>,
}

struct Samples {
    moments: Vec<Moment>,
    /// Ticks from one moment to the next.
    every: u64,
    ticks: u64,
}

impl<'a> Timeline<'a> {
    pub(super) fn new(watch: &'a dyn Watch) -> Self {
        Self {
            watch,
            rows: AtomicU64::new(0),
            samples: Mutex::new(Samples {
                moments: Vec::new(),
                every: 1,
                ticks: 0,
            }),
            levels: Mutex::default(),
        }
    }

    /// A batch was written.
    pub(super) fn took(&self, taken: &Taken<'_>) {
        self.rows.fetch_add(taken.rows, Ordering::Relaxed);
        if let Some(met) = taken.met {
            let levels = self.levels.lock();
            let mut levels = levels.unwrap_or_else(PoisonError::into_inner);
            levels.take(taken.split, met);
        }
    }

    /// What is remembered: how the flow went, and how loud recordings are.
    pub(super) fn into_parts(self) -> (Vec<Moment>, Vec<RecordingLevels>) {
        let samples = self.samples.into_inner();
        let levels = self.levels.into_inner();
        (
            samples.unwrap_or_else(PoisonError::into_inner).moments,
            levels
                .unwrap_or_else(PoisonError::into_inner)
                .into_longest(),
        )
    }

    fn lock(&self) -> MutexGuard<'_, Samples> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Timeline<'_> {
    fn worked(&self, stage: StageId, work: &Work) {
        self.watch.worked(stage, work);
    }

    fn resized(&self, resize: &Resize) {
        self.watch.resized(resize);
    }

    fn stopping(&self, cause: &FlowError) {
        self.watch.stopping(cause);
    }

    fn tick(&self, facts: &FlowFacts) {
        self.lock()
            .tick(|| Moment::new(facts, self.rows.load(Ordering::Relaxed)));
        self.watch.tick(facts);
    }
}

impl Samples {
    fn tick(&mut self, moment: impl FnOnce() -> Moment) {
        if self.ticks.is_multiple_of(self.every) {
            if self.moments.len() == MOST {
                let mut index = 0;
                self.moments.retain(|_| {
                    index += 1;
                    index % 2 == 1
                });
                self.every *= 2;
            }
            self.moments.push(moment());
        }
        self.ticks += 1;
    }
}

impl Moment {
    fn new(facts: &FlowFacts, rows: u64) -> Self {
        let fill = facts.stages.iter().map(|stage| match stage.capacity {
            0 => 0.0,
            capacity => (stage.depth as f64 / capacity as f64).min(1.0),
        });
        Self {
            at: facts.elapsed.as_secs_f64(),
            rows,
            fill: fill.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_build_is_remembered_evenly_in_bounded_memory() {
        let mut samples = Samples {
            moments: Vec::new(),
            every: 1,
            ticks: 0,
        };
        for tick in 0..100_000_u64 {
            samples.tick(|| Moment {
                at: tick as f64,
                rows: tick,
                fill: Vec::new(),
            });
        }
        let moments = &samples.moments;
        assert!((MOST / 2..=MOST).contains(&moments.len()));
        let step = moments[1].at - moments[0].at;
        assert!(
            moments
                .windows(2)
                .all(|pair| pair[1].at - pair[0].at == step)
        );
        assert!(100_000.0 - moments.last().unwrap().at <= step);
    }
}

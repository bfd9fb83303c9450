//! Measuring the stages on a sample.

use std::sync::{Mutex, PoisonError};

use crate::augment::Augment;
use crate::autoscale::Limits;
use crate::autoscale::tune::{Sample, StageCost, Tuning};
use crate::autoscale::window::Window;
use crate::config::plan::RecordingsPlan;
use crate::dataset::sink::Nowhere;
use crate::flow::{CancelToken, FlowFacts, Observer};
use crate::source::Segment;
use crate::source::sequence::Entry;
use crate::stages::recordings;

use super::{BuildError, Event, Ready, Split, Watch, effects};

/// Rows of the first sample.
const FIRST_ROWS: u64 = 256;
/// Seconds that a sample should take once the rate is known, and its most rows.
const SECONDS: f64 = 5.0;
const MOST_ROWS: f64 = 200_000.0;
/// Samples before the suggestion is taken as it is.
const ROUNDS: usize = 3;

impl Ready {
    /// Measures samples until the workers they ran with are those that they
    /// suggest. Nothing is written.
    ///
    /// # Errors
    /// As for [`Ready::run`].
    pub fn tune(&self, watch: &dyn Watch, cancel: &CancelToken) -> Result<Tuning, BuildError> {
        let cores = self.sizing.cores;
        let mut workers = self.sizing.workers();
        let mut rows = FIRST_ROWS;
        let mut rounds = 0;
        loop {
            let sample = self.sample(&workers, rows, watch, cancel)?;
            let tuning = Tuning { sample, cores };
            let here = tuning.predict_here();
            rounds += 1;
            if rounds > 1 && (here.workers == workers || rounds == ROUNDS) {
                return Ok(tuning);
            }
            workers = here.workers;
            rows = sample_rows(here.rows_per_second);
        }
    }

    /// Builds so many rows of all splits with so many workers of the stages,
    /// clips again and again if there are too few, and throws them away.
    ///
    /// # Errors
    /// As for [`Ready::run`].
    pub fn sample(
        &self,
        workers: &[usize],
        rows: u64,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Sample, BuildError> {
        let build = self.excerpt(rows, workers);
        let meter = Meter {
            watch,
            batches: build.batch_count(),
            window: Mutex::default(),
        };
        let mut sink = Nowhere::default();
        let (streamed, ended) = build.flow(build.batches(0, None), &mut sink, &meter, cancel);
        ended?;
        let rows = sink.rows;
        let facts = &streamed.facts;
        let batches = facts.stages[0].items.max(1);
        let window = meter.into_window().unwrap_or_else(|| Window::whole(facts));
        let rows_per_batch = rows as f64 / batches as f64;
        let cost = |index: usize| {
            let stage = index
                .checked_sub(1)
                .and_then(|n| build.sizing.stages.get(n));
            let limits = stage.map_or(Limits::fixed(1), |stage| stage.limits);
            let load = window.load(index, &limits);
            StageCost {
                name: facts.stages[index].name,
                core_seconds: load.core_seconds / rows_per_batch,
                worker_seconds: load.worker_seconds / rows_per_batch,
                on_device: limits.on_device,
            }
        };
        Ok(Sample {
            rows,
            seconds: facts.elapsed.as_secs_f64(),
            workers: workers.to_vec(),
            rows_per_second: window.rate() * rows_per_batch,
            cores: window.cores(),
            costs: (0..facts.stages.len()).map(cost).collect(),
        })
    }

    /// Batches that the source will give, about: of recordings, visits that come to
    /// rows.
    fn batch_count(&self) -> u64 {
        let splits = self.inputs.splits.iter();
        let batches = splits.map(|split| match &split.plan.recordings {
            Some(_) => self.rows_of(split) as u64 / recordings::ROWS as u64,
            None => {
                let a_pass = split.clips.len().div_ceil(self.sizing.spans_per_batch);
                a_pass as u64 * self.inputs.passes.spans()
            }
        });
        batches.sum()
    }

    /// Rows of a split, of recordings about.
    fn rows_of(&self, split: &Split) -> f64 {
        let rows = match &split.plan.recordings {
            Some(planned) => self.inputs.seconds_of(split) / self.hop_seconds(planned),
            None => split.clips.len() as f64 * f64::from(self.plan.rounds()),
        };
        rows.max(1.0)
    }

    fn hop_seconds(&self, planned: &RecordingsPlan) -> f64 {
        self.plan.hop_samples(planned) as f64 / f64::from(self.plan.audio.sample_rate)
    }

    /// The same build of so many rows, spread over all splits.
    fn excerpt(&self, rows: u64, workers: &[usize]) -> Ready {
        let splits = self.inputs.splits.iter();
        let all: f64 = splits.clone().map(|split| self.rows_of(split)).sum();
        let share = rows as f64 / all;
        let splits = splits.map(|split| {
            split.excerpt(match &split.plan.recordings {
                Some(planned) => {
                    let rows = share * self.rows_of(split);
                    let seconds = rows * self.hop_seconds(planned);
                    let window = self.plan.audio.window_seconds();
                    beginnings(&split.clips, planned.interleave, (seconds, window))
                }
                None => spread(&split.clips, share),
            })
        });
        let inputs = self.inputs.of_splits(splits.collect());
        let sizing = self.sizing.clone().pinned(workers);
        let front_end = self.front_end.clone();
        let augment = Augment {
            splits: effects::rules(&self.plan, &inputs.splits),
            ..Augment::clone(&self.stages.augment.augment)
        };
        let scoring = self.stages.scoring.clone();
        Ready::new(
            self.plan.clone(),
            inputs,
            sizing,
            augment,
            front_end,
            scoring,
        )
    }
}

/// Rows that take a few seconds.
pub fn sample_rows(rows_per_second: f64) -> u64 {
    (rows_per_second * SECONDS).clamp(FIRST_ROWS as f64, MOST_ROWS) as u64
}

/// A share of some clips, evenly spread; a share over one repeats them.
fn spread(clips: &[Entry], share: f64) -> Vec<Entry> {
    let count = (clips.len() as f64 * share).ceil() as usize;
    let at = |index: usize| match count <= clips.len() {
        true => index * clips.len() / count,
        false => index % clips.len(),
    };
    (0..count).map(|index| clips[at(index)].clone()).collect()
}

/// So many seconds of recordings, of as many as are open at once: the beginnings of
/// some, evenly spread, each a `window` longer.
fn beginnings(
    recordings: &[Entry],
    interleave: usize,
    (seconds, window): (f64, f64),
) -> Vec<Entry> {
    let count = recordings.len().min(interleave.max(1));
    let each = seconds / count.max(1) as f64 + window;
    let mut some = spread(recordings, count as f64 / recordings.len().max(1) as f64);
    for entry in &mut some {
        let Segment { start, end } = entry.segment.unwrap_or(Segment {
            start: 0.0,
            end: f64::MAX,
        });
        entry.segment = Some(Segment {
            start,
            end: end.min(start + each),
        });
    }
    some
}

/// Keeps what happens while all stages have something to do.
struct Meter<'a> {
    watch: &'a dyn Watch,
    /// Batches that the source will give.
    batches: u64,
    window: Mutex<Option<Window>>,
}

impl Meter<'_> {
    fn into_window(self) -> Option<Window> {
        let window = self.window.into_inner();
        let window = window.unwrap_or_else(PoisonError::into_inner)?;
        window.is_full().then_some(window)
    }
}

impl Observer for Meter<'_> {
    fn tick(&self, facts: &FlowFacts) {
        let warm = facts.stages.iter().all(|stage| stage.items > 1);
        let ending = facts.stages[0].items >= self.batches;
        if !warm || ending {
            return;
        }
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        match window.as_mut() {
            Some(window) => window.tick(facts),
            None => *window = Some(Window::open(facts)),
        }
    }
}

impl Watch for Meter<'_> {
    fn hear(&self, event: Event<'_>) {
        if let Event::Warning(_) = event {
            self.watch.hear(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::ClipId;

    #[test]
    fn a_sample_is_spread_over_the_clips_or_repeats_them() {
        let entry = |index: usize| Entry {
            id: ClipId {
                name: index.to_string().into(),
                file: "".into(),
            },
            recording: index.to_string().into(),
            segment: None,
            problem: None,
        };
        let clips: Vec<Entry> = (0..4).map(entry).collect();
        let names = |share| {
            let spread = spread(&clips, share);
            let names = spread.iter().map(|entry| entry.id.name.to_string());
            names.collect::<Vec<_>>().concat()
        };
        assert_eq!(names(0.5), "02");
        assert_eq!(names(1.0), "0123");
        assert_eq!(names(1.5), "012301");
        assert_eq!(spread(&[], 2.0).len(), 0);

        let ends = |seconds: f64, interleave: usize| {
            let some = beginnings(&clips, interleave, (seconds, 2.0));
            let ends = some.iter().map(|entry| entry.segment.unwrap().end);
            ends.collect::<Vec<_>>()
        };
        assert_eq!(ends(10.0, 2), [7.0, 7.0]);
        assert_eq!(ends(10.0, 16), [4.5; 4]);
        assert!(beginnings(&[], 16, (10.0, 2.0)).is_empty());
    }
}

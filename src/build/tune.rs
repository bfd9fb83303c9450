//! Measuring the stages on a sample, and what follows from it.

use std::sync::{Mutex, PoisonError};

use crate::dataset::sink::Nowhere;
use crate::flow::{CancelToken, FlowFacts, Observer};
use crate::source::sequence::Entry;

use super::{BuildError, Inputs, Ready, Watch, effects};
use crate::augment::Augment;
use crate::autoscale::Limits;
use crate::autoscale::allocate::{Bound, Load, allocate, rate};
use crate::autoscale::sizing;
#[cfg(doc)]
use crate::autoscale::sizing::STAGES;
use crate::autoscale::window::Window;

/// Rows of the first sample.
const FIRST_ROWS: u64 = 256;
/// Seconds that a sample should take once the rate is known, and its most rows.
const SECONDS: f64 = 5.0;
const MOST_ROWS: f64 = 200_000.0;
/// Samples before the suggestion is taken as it is.
const ROUNDS: usize = 3;

/// What a row costs one stage.
#[derive(Clone, Copy, Debug)]
pub struct StageCost {
    /// The stage: scan, one of [`STAGES`], or write.
    pub name: &'static str,
    /// Seconds of a core.
    pub core_seconds: f64,
    /// Seconds of a worker: the same, unless a device does the work.
    pub worker_seconds: f64,
    /// Whether a device does the work.
    pub on_device: bool,
}

/// What a sample showed.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Rows built.
    pub rows: u64,
    /// Time it took.
    pub seconds: f64,
    /// Workers of [`STAGES`].
    pub workers: [usize; 4],
    /// Rows a second in between start and end, by what the cores did.
    pub rows_per_second: f64,
    /// Cores kept busy, on average.
    pub cores: f64,
    /// What a row costs each stage, from scan to write.
    pub costs: [StageCost; 6],
}

/// What tuning found.
#[derive(Clone, Debug)]
pub struct Tuning {
    /// The last sample; it ran with the suggested workers, unless samples do
    /// not agree on them.
    pub sample: Sample,
    /// Cores of this machine.
    pub cores: usize,
}

/// What to expect of some cores.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    /// Workers of [`STAGES`].
    pub workers: [usize; 4],
    /// Rows a second.
    pub rows_per_second: f64,
    /// The stage that bounds it; `None` where all cores are busy.
    pub bound: Option<&'static str>,
}

impl Ready {
    /// Measures samples until the workers they ran with are those that they
    /// suggest. Nothing is written but into a temporary folder.
    ///
    /// # Errors
    /// As for [`Ready::run`].
    pub fn tune(&self, watch: &dyn Watch, cancel: &CancelToken) -> Result<Tuning, BuildError> {
        let cores = self.sizing.cores;
        let mut workers = self.sizing.stages.map(|stage| stage.workers);
        let mut rows = FIRST_ROWS;
        let mut rounds = 0;
        loop {
            let sample = self.sample(workers, rows, watch, cancel)?;
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

    /// Builds so many rows of all splits with so many workers of [`STAGES`],
    /// clips again and again if there are too few, and throws them away.
    ///
    /// # Errors
    /// As for [`Ready::run`].
    pub fn sample(
        &self,
        workers: [usize; 4],
        rows: u64,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Sample, BuildError> {
        let build = self.excerpt(rows, workers);
        let splits = build.inputs.splits.iter();
        let batches: usize = splits
            .map(|split| split.clips.len().div_ceil(build.sizing.clips_per_batch))
            .sum();
        let meter = Meter {
            watch,
            batches: batches as u64,
            window: Mutex::default(),
        };
        let mut sink = Nowhere::default();
        let (streamed, ended) = build.flow(0, &mut sink, &meter, cancel);
        ended?;
        let rows = sink.rows;
        let facts = &streamed.facts;
        let window = meter.into_window().unwrap_or_else(|| Window::whole(facts));
        let rows_per_batch = rows as f64 / batches as f64;
        let cost = |index: usize| {
            let limits = stage_limits(&build.sizing.limits, index);
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
            workers,
            rows_per_second: window.rate() * rows_per_batch,
            cores: window.cores(),
            costs: std::array::from_fn(cost),
        })
    }

    /// The same build of so many rows, spread over all splits.
    fn excerpt(&self, rows: u64, workers: [usize; 4]) -> Ready {
        let share = rows as f64 / f64::from(self.plan.rounds()) / self.inputs.clip_count() as f64;
        let splits = self.inputs.splits.iter();
        let inputs = Inputs {
            splits: splits
                .map(|split| split.excerpt(spread(&split.clips, share)))
                .collect(),
            ..self.inputs.clone()
        };
        let sizing = self.sizing.clone().pinned(workers);
        let front_end = self.front_end.clone();
        let augment = Augment {
            splits: effects::rules(&inputs.splits),
            ..Augment::clone(&self.stages.augment.augment)
        };
        Ready::new(self.plan.clone(), inputs, sizing, augment, front_end)
    }
}

impl Tuning {
    /// What to expect of so many cores of this kind, if they are all that
    /// counts: as many times the work of one, no disk or memory in the way.
    pub fn predict(&self, cores: usize) -> Prediction {
        let (loads, budget) = self.loads(cores);
        let found = allocate(&loads, cores as f64, budget);
        self.prediction(&found.workers, found.rate, found.bound)
    }

    /// What to expect here with the workers that [`Tuning::predict`] suggests:
    /// of the cores that the sample could get, as others may use them too.
    pub fn predict_here(&self) -> Prediction {
        let (loads, budget) = self.loads(self.cores);
        let found = allocate(&loads, self.cores as f64, budget);
        let got = match found.bound {
            Bound::Cores => self.sample.cores.min(self.cores as f64),
            Bound::Stage(_) => self.cores as f64,
        };
        let (rate, bound) = rate(&loads, &found.workers, got);
        self.prediction(&found.workers, rate, bound)
    }

    /// Loads from scan to write, and the most workers in all.
    fn loads(&self, cores: usize) -> (Vec<Load>, usize) {
        let costs = &self.sample.costs;
        let gpu = costs.iter().any(|cost| cost.on_device);
        let (limits, budget) = sizing::unpinned(cores, gpu);
        let load = |(index, cost): (usize, &StageCost)| {
            let Limits { min, max, .. } = stage_limits(&limits, index);
            Load {
                worker_seconds: cost.worker_seconds,
                core_seconds: cost.core_seconds,
                min,
                max,
            }
        };
        let loads = costs.iter().enumerate().map(load).collect();
        (loads, budget + 2)
    }

    fn prediction(&self, workers: &[usize], rate: f64, bound: Bound) -> Prediction {
        Prediction {
            workers: std::array::from_fn(|index| workers[index + 1]),
            rows_per_second: rate,
            bound: match bound {
                Bound::Cores => None,
                Bound::Stage(index) => Some(self.sample.costs[index].name),
            },
        }
    }
}

/// Rows that take a few seconds.
pub fn sample_rows(rows_per_second: f64) -> u64 {
    (rows_per_second * SECONDS).clamp(FIRST_ROWS as f64, MOST_ROWS) as u64
}

/// The limits of a stage by its place in the flow, scan and write among them.
fn stage_limits(limits: &[Limits; 4], index: usize) -> Limits {
    let stage = index.checked_sub(1).and_then(|index| limits.get(index));
    stage.copied().unwrap_or(Limits::fixed(1))
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
    fn warn(&self, text: &str) {
        self.watch.warn(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::ClipId;
    use std::path::Path;

    #[test]
    fn a_sample_is_spread_over_the_clips_or_repeats_them() {
        let entry = |index: usize| Entry {
            id: ClipId {
                name: index.to_string().into(),
                path: Path::new("").into(),
            },
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
    }

    fn tuning(costs: [f64; 6], got: f64) -> Tuning {
        let names = ["scan", "decode", "augment", "mel", "embed", "write"];
        Tuning {
            sample: Sample {
                rows: 1,
                seconds: 1.0,
                workers: [1; 4],
                rows_per_second: 1.0,
                cores: got,
                costs: std::array::from_fn(|index| StageCost {
                    name: names[index],
                    core_seconds: costs[index],
                    worker_seconds: costs[index],
                    on_device: false,
                }),
            },
            cores: 2,
        }
    }

    #[test]
    fn a_prediction_is_the_cores_over_the_costs_or_what_one_thread_can_write() {
        let tuning = tuning([0.0, 0.001, 0.002, 0.001, 0.0155, 0.0005], 1.0);
        let here = tuning.predict_here();
        assert_eq!(here.workers, [1, 1, 1, 2]);
        assert!(
            (here.rows_per_second - 1.0 / 0.02).abs() < 1e-6,
            "half of the cores"
        );
        let large = tuning.predict(32);
        assert!((large.rows_per_second - 32.0 / 0.02).abs() < 1e-6);
        assert_eq!((large.workers, large.bound), ([2, 4, 2, 25], None));
        let huge = tuning.predict(512);
        assert!((huge.rows_per_second - 1.0 / 0.0005).abs() < 1e-6);
        assert_eq!(huge.bound, Some("write"));
    }
}

//! What measured costs say: how many workers each stage should have, and how
//! fast that is, here and on other hosts.

use super::allocate::{Bound, Load, allocate, rate};
use super::policy::Limits;
use super::sizing;

/// What a row costs one stage.
#[derive(Clone, Copy, Debug)]
pub struct StageCost {
    /// The stage.
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
    /// Workers of the stages between source and sink.
    pub workers: Vec<usize>,
    /// Rows a second in between start and end, by what the cores did.
    pub rows_per_second: f64,
    /// Cores kept busy, on average.
    pub cores: f64,
    /// What a row costs each stage, source and sink among them.
    pub costs: Vec<StageCost>,
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
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Workers of the stages between source and sink.
    pub workers: Vec<usize>,
    /// Rows a second.
    pub rows_per_second: f64,
    /// The stage that bounds it; `None` where all cores are busy.
    pub bound: Option<&'static str>,
}

impl Sample {
    /// The names of the stages between source and sink.
    pub fn stages(&self) -> Vec<&'static str> {
        let names: Vec<_> = self.costs.iter().map(|cost| cost.name).collect();
        between(&names).to_vec()
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

    /// Loads from source to sink, and the most workers in all.
    fn loads(&self, cores: usize) -> (Vec<Load>, usize) {
        let costs = &self.sample.costs;
        let last = costs.len().saturating_sub(1);
        let limits = |(index, cost): (usize, &StageCost)| match index {
            0 => Limits::fixed(1),
            index if index == last => Limits::fixed(1),
            _ => sizing::unpinned(cores, cost.on_device),
        };
        let limits: Vec<Limits> = costs.iter().enumerate().map(limits).collect();
        let load = |(cost, limits): (&StageCost, &Limits)| Load {
            worker_seconds: cost.worker_seconds,
            core_seconds: cost.core_seconds,
            min: limits.min,
            max: limits.max,
        };
        let loads = costs.iter().zip(&limits).map(load).collect();
        (loads, sizing::budget(&limits, cores))
    }

    fn prediction(&self, workers: &[usize], rate: f64, bound: Bound) -> Prediction {
        Prediction {
            workers: between(workers).to_vec(),
            rows_per_second: rate,
            bound: match bound {
                Bound::Cores => None,
                Bound::Stage(index) => Some(self.sample.costs[index].name),
            },
        }
    }
}

/// The stages between source and sink.
fn between<T>(stages: &[T]) -> &[T] {
    match stages {
        [_, between @ .., _] => between,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuning(costs: [f64; 6], got: f64) -> Tuning {
        let names = ["scan", "decode", "augment", "mel", "embed", "write"];
        Tuning {
            sample: Sample {
                rows: 1,
                seconds: 1.0,
                workers: vec![1; 4],
                rows_per_second: 1.0,
                cores: got,
                costs: Vec::from_iter((0..6).map(|index| StageCost {
                    name: names[index],
                    core_seconds: costs[index],
                    worker_seconds: costs[index],
                    on_device: false,
                })),
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
        assert_eq!((large.workers, large.bound), (vec![2, 4, 2, 25], None));
        let huge = tuning.predict(512);
        assert!((huge.rows_per_second - 1.0 / 0.0005).abs() < 1e-6);
        assert_eq!(huge.bound, Some("write"));
    }
}

//! How many workers make the slowest stage fastest: exact, and without a clock.
//!
//! Stages share the cores: a worker that waits costs none. So with *n* workers
//! a stage handles at most *n* / (worker seconds an item) items a second, and
//! all stages together at most cores / (core seconds an item, summed over the
//! stages). The rate of a build is the smallest of these bounds.

/// What a stage spends on an item, and how many workers it may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// Seconds of a worker's time, waiting for other stages apart.
    pub worker_seconds: f64,
    /// Seconds of a core.
    pub core_seconds: f64,
    /// Fewest workers, at least 1.
    pub min: usize,
    /// Most workers.
    pub max: usize,
}

/// What keeps a build from being faster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// All cores are busy.
    Cores,
    /// The workers of this stage, by index, are all busy.
    Stage(usize),
}

/// Worker counts and what follows from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocation {
    /// Workers of each stage.
    pub workers: Vec<usize>,
    /// Items a second.
    pub rate: f64,
    /// What bounds it.
    pub bound: Bound,
}

/// Items a second of stages with so many workers on so many cores.
pub fn rate(loads: &[Load], workers: &[usize], cores: f64) -> (f64, Bound) {
    let all = (core_bound(loads, cores), Bound::Cores);
    let stages = loads.iter().zip(workers).enumerate();
    let bounds = stages.map(|(index, (load, &workers))| (load.rate(workers), Bound::Stage(index)));
    bounds.fold(
        all,
        |least, bound| {
            if bound.0 < least.0 { bound } else { least }
        },
    )
}

/// The worker counts with the highest rate among those whose sum is at most
/// `budget`; of these the smallest counts. Every stage has its fewest even
/// where their sum is more.
///
/// One more worker can only help where it goes to the slowest stage, so giving
/// it there one by one finds the maximum.
pub fn allocate(loads: &[Load], cores: f64, budget: usize) -> Allocation {
    let mut workers: Vec<usize> = loads.iter().map(|load| load.min.max(1)).collect();
    let mut left = budget.saturating_sub(workers.iter().sum());
    while let (_, Bound::Stage(slowest)) = rate(loads, &workers, cores)
        && workers[slowest] < loads[slowest].max
        && left > 0
    {
        workers[slowest] += 1;
        left -= 1;
    }
    let (rate, bound) = rate(loads, &workers, cores);
    for (load, workers) in loads.iter().zip(&mut workers) {
        while *workers > load.min.max(1) && load.rate(*workers - 1) >= rate {
            *workers -= 1;
        }
    }
    Allocation {
        workers,
        rate,
        bound,
    }
}

impl Load {
    /// Items a second of so many workers that never wait.
    pub fn rate(&self, workers: usize) -> f64 {
        workers as f64 / self.worker_seconds
    }
}

/// Items a second when all cores are busy.
pub fn core_bound(loads: &[Load], cores: f64) -> f64 {
    let seconds: f64 = loads.iter().map(|load| load.core_seconds).sum();
    cores / seconds
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn load(max: usize) -> impl Strategy<Value = Load> {
        // Whole numbers, so that equal rates are equal.
        let fixed = prop_oneof![3 => Just(None), 1 => (1..=max).prop_map(Some)];
        (1u32..40, 0u32..40, fixed).prop_map(move |(core, waits, fixed)| Load {
            worker_seconds: f64::from(core + waits),
            core_seconds: f64::from(core),
            min: fixed.unwrap_or(1),
            max: fixed.unwrap_or(max),
        })
    }

    /// Every vector of counts within the limits.
    fn all(loads: &[Load]) -> Vec<Vec<usize>> {
        loads.iter().fold(vec![Vec::new()], |all, load| {
            let longer = |counts: &Vec<usize>| {
                let counts = counts.clone();
                (load.min..=load.max).map(move |count| [&counts[..], &[count]].concat())
            };
            all.iter().flat_map(longer).collect()
        })
    }

    proptest! {
        /// No vector within the budget is faster, and none as fast has a
        /// smaller count anywhere.
        #[test]
        fn the_allocation_is_what_brute_force_finds(
            loads in prop::collection::vec(load(6), 1..5),
            cores in 1u32..9,
            budget in 0usize..20,
        ) {
            let cores = f64::from(cores);
            let found = allocate(&loads, cores, budget);
            prop_assert_eq!(found.rate, rate(&loads, &found.workers, cores).0);
            let fewest: usize = loads.iter().map(|load| load.min).sum();
            prop_assert!(found.workers.iter().sum::<usize>() <= budget.max(fewest));
            let affordable = all(&loads)
                .into_iter()
                .filter(|workers| workers.iter().sum::<usize>() <= budget.max(fewest));
            for other in affordable {
                let other_rate = rate(&loads, &other, cores).0;
                prop_assert!(other_rate <= found.rate, "{:?} is faster than {:?}", other, found);
                if other_rate == found.rate {
                    let no_smaller = other.iter().zip(&found.workers).all(|(a, b)| a >= b);
                    prop_assert!(no_smaller, "{:?} is as fast as {:?}", other, found);
                }
            }
        }

        /// Where no stage waits for anything but other stages, less than one
        /// worker a stage beyond the cores keeps all of them busy.
        #[test]
        fn the_cores_and_a_feeder_a_stage_but_one_are_enough(
            seconds in prop::collection::vec(1u32..1000, 1..7),
            cores in 1usize..65,
        ) {
            let loads: Vec<Load> = seconds.iter().map(|&seconds| Load {
                worker_seconds: f64::from(seconds),
                core_seconds: f64::from(seconds),
                min: 1,
                max: cores,
            }).collect();
            let found = allocate(&loads, cores as f64, cores + loads.len() - 1);
            let bound = core_bound(&loads, cores as f64);
            prop_assert!(found.rate >= bound * (1.0 - 1e-9), "{:?} of {}", found, bound);
        }
    }

    #[test]
    fn a_device_of_its_own_rate_bounds_the_build_and_costs_only_its_feeder() {
        let clip = |seconds: f64| Load {
            worker_seconds: seconds,
            core_seconds: seconds,
            min: 1,
            max: 16,
        };
        let device = Load {
            worker_seconds: 2.0 / 100.0,
            core_seconds: 0.001,
            min: 2,
            max: 2,
        };
        let found = allocate(&[clip(0.05), device], 16.0, 18);
        assert_eq!(found.workers, [5, 2]);
        assert_eq!((found.rate, found.bound), (100.0, Bound::Stage(1)));
        let slow_cores = allocate(&[clip(0.5), device], 16.0, 18);
        assert_eq!(slow_cores.workers, [16, 2]);
    }
}

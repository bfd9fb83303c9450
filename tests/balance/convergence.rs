//! After a while a build is as fast as the best fixed worker counts would make
//! it, and stays as it is.

use proptest::prelude::*;
use wakemill::autoscale::allocate::{Load, allocate};
use wakemill::autoscale::{Balance, Limits, Policy};
use wakemill::flow::{FlowFacts, Governor, Resize};

use crate::simulator::{Cost, Simulation, always};

const CORES: [usize; 3] = [2, 16, 64];
/// Seconds after which everything must have found its place.
const CONVERGED: f64 = 60.0;
/// Seconds that are then measured.
const MEASURED: f64 = 60.0;

/// Leaves everything as it is.
struct Fixed;

impl Governor for Fixed {
    fn decide(&mut self, _: &FlowFacts) -> Vec<Resize> {
        Vec::new()
    }
}

fn budget(cores: usize, stages: usize) -> usize {
    cores + stages
}

fn in_flight(cores: usize, stages: usize) -> usize {
    2 * budget(cores, stages) + stages
}

/// A flow that starts with one worker a stage, and who governs it.
fn governed(cores: usize, costs: Vec<Cost>) -> (Simulation, Balance) {
    let stages = costs.len();
    let mut limits = vec![Limits::fixed(1)];
    limits.extend(vec![Limits::up_to(cores); stages]);
    limits.push(Limits::fixed(1));
    // Source and sink have a worker each.
    let budget = budget(cores, stages) + 2;
    let balance = Balance::new(Policy::default(), cores, budget, &limits);
    let costs = costs.into_iter().map(|cost| (cost, 1, cores)).collect();
    (
        Simulation::new(cores, in_flight(cores, stages), costs),
        balance,
    )
}

/// Items a second with fixed workers, once the flow is full.
fn fixed(cores: usize, seconds: &[f64], workers: &[usize]) -> f64 {
    let stages = seconds.iter().zip(workers);
    let costs = stages.map(|(&seconds, &workers)| (always(seconds), workers, cores));
    let mut simulation = Simulation::new(cores, in_flight(cores, seconds.len()), costs.collect());
    let slowest = seconds.iter().copied().fold(0.0, f64::max);
    simulation.run(5.0 * slowest, &mut Fixed);
    let rounds = if cores > 2 { 20.0 } else { 200.0 };
    simulation.run(rounds * slowest, &mut Fixed)
}

/// All ways to give at most `budget` workers to stages; where `full`, only
/// those that give all of them.
fn counts(stages: usize, budget: usize, full: bool) -> Vec<Vec<usize>> {
    if stages == 1 {
        let least = if full { budget } else { 1 };
        return (least..=budget).map(|count| vec![count]).collect();
    }
    let first = 1..=budget + 1 - stages;
    let longer = |first: usize| {
        let rest = counts(stages - 1, budget - first, full).into_iter();
        rest.map(move |rest| [&[first], &rest[..]].concat())
    };
    first.flat_map(longer).collect()
}

/// The best that any fixed worker counts do.
fn best_fixed(cores: usize, seconds: &[f64]) -> f64 {
    // A worker more never makes the simulated flow slower; on few cores even
    // that is found out.
    let full = cores > 2;
    let all = counts(seconds.len(), budget(cores, seconds.len()), full);
    let rates = all.iter().map(|workers| fixed(cores, seconds, workers));
    rates.fold(0.0, f64::max)
}

/// Runs, and expects the best rate and no more changes.
fn converges(cores: usize, costs: Vec<Cost>, after: f64, best: f64) {
    let late = late_changes(cores, costs, after, 0.95 * best);
    assert!(late.is_empty(), "{cores} cores: {late:#?}");
}

/// Runs, and expects a rate; what was changed while it was measured.
fn late_changes(cores: usize, costs: Vec<Cost>, after: f64, least: f64) -> Vec<Resize> {
    let (mut simulation, mut balance) = governed(cores, costs);
    simulation.run(after, &mut balance);
    let before = simulation.resizes.len();
    let rate = simulation.run(MEASURED, &mut balance);
    let workers = simulation.workers();
    assert!(
        rate >= least,
        "{cores} cores, {workers:?}: {rate}, not {least}; {:#?}",
        balance.decisions()
    );
    within_limits(&simulation, cores);
    let late = simulation.resizes.drain(before..);
    late.map(|(_, resize)| resize).collect()
}

/// Never a stage without a worker, never more in all than cores and feeders.
fn within_limits(simulation: &Simulation, cores: usize) {
    let mut workers = vec![1; simulation.workers().len()];
    for (_, resize) in &simulation.resizes {
        assert!(resize.to >= 1, "{resize:?}");
        workers[resize.stage - 1] = resize.to;
    }
    assert_eq!(workers, simulation.workers());
    assert!(simulation.most_workers <= budget(cores, workers.len()));
}

fn costs(seconds: &[f64]) -> Vec<Cost> {
    seconds.iter().map(|&seconds| always(seconds)).collect()
}

#[test]
fn two_stages_alike() {
    for cores in CORES {
        let seconds = [0.17, 0.21];
        let best = best_fixed(cores, &seconds);
        converges(cores, costs(&seconds), CONVERGED, best);
    }
}

#[test]
fn a_stage_fifty_times_slower_than_the_others() {
    for cores in CORES {
        for slow in 0..3 {
            let mut seconds = [0.01; 3];
            seconds[slow] = 0.5;
            let best = best_fixed(cores, &seconds);
            converges(cores, costs(&seconds), CONVERGED, best);
        }
    }
}

#[test]
fn a_stage_whose_cost_doubles_midway() {
    for cores in CORES {
        for doubling in 0..2 {
            let mut seconds = [0.17, 0.21];
            let cost = |index: usize| -> Cost {
                let seconds = seconds[index];
                let later = if index == doubling { 2.0 } else { 1.0 };
                Box::new(move |now, _| (if now < 60.0 { seconds } else { later * seconds }, 0.0))
            };
            let costs = vec![cost(0), cost(1)];
            seconds[doubling] *= 2.0;
            converges(cores, costs, 60.0 + CONVERGED, best_fixed(cores, &seconds));
        }
    }
}

/// A number from 0 to 1 that looks random but follows from the item.
fn noise(item: u64) -> f64 {
    let mixed = (item + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 11) as f64 / (1u64 << 53) as f64
}

#[test]
fn costs_that_vary_from_item_to_item() {
    for cores in CORES {
        let vary = |seconds: f64, salt: u64| -> Cost {
            Box::new(move |_, item| (seconds * (0.5 + noise(item ^ salt)), 0.0))
        };
        let (mut simulation, mut balance) =
            governed(cores, vec![vary(0.17, 1 << 40), vary(0.21, 1 << 41)]);
        simulation.run(CONVERGED, &mut balance);
        let rate = simulation.run(600.0, &mut balance);
        let best = best_fixed(cores, &[0.17, 0.21]);
        assert!(rate >= 0.95 * best, "{cores} cores: {rate} of {best}");
        // Ten minutes of two hundred windows.
        let resizes = simulation.resizes.len();
        assert!(resizes <= 20, "{resizes}: {:#?}", balance.decisions());
        within_limits(&simulation, cores);
    }
}

#[test]
fn a_stage_that_waits_for_a_disk_gets_workers_beyond_its_share_of_the_cores() {
    let (cores, core, wait) = (4, 0.02, 0.06);
    let reads: Cost = Box::new(move |_, _| (core, wait));
    let (mut simulation, mut balance) = governed(cores, vec![reads, always(0.06)]);
    simulation.run(CONVERGED, &mut balance);
    let rate = simulation.run(MEASURED, &mut balance);
    // 3 and 3 workers, which is all that there may be.
    let best = 3.0 / (core + wait);
    assert!(
        rate > 0.95 * best,
        "{rate} of {best}, {:?}",
        simulation.workers()
    );
    within_limits(&simulation, cores);
}

#[test]
fn cores_that_others_use_are_not_chased_for_ever() {
    // Half of the cores that it counts on.
    let (_, mut balance) = governed(16, costs(&[0.17, 0.21]));
    let (mut simulation, _) = governed(8, costs(&[0.17, 0.21]));
    simulation.run(CONVERGED, &mut balance);
    let rate = simulation.run(600.0, &mut balance);
    assert!(rate > 0.95 * 8.0 / 0.38, "{rate}");
    let resizes = simulation.resizes.len();
    assert!(resizes <= 30, "{resizes}: {:#?}", balance.decisions());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_costs_on_any_cores(
        logs in prop::collection::vec(-5.0f64..-1.0, 2..5),
        cores in 1usize..33,
    ) {
        let seconds: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
        let loads: Vec<Load> = seconds
            .iter()
            .map(|&seconds| Load {
                worker_seconds: seconds,
                core_seconds: seconds,
                min: 1,
                max: cores,
            })
            .collect();
        // No flow reaches this bound: items that always cost the same block
        // each other in step, and the best fixed counts are some per cent below.
        let bound = allocate(&loads, cores as f64, budget(cores, loads.len())).rate;
        let late = late_changes(cores, costs(&seconds), CONVERGED, 0.93 * bound);
        // Where nearly all cores are busy, a worker more is tried out ever
        // more seldom: by now at most once a minute and stage. It may help.
        let trials = late.iter().filter(|resize| resize.cause == "queue").count();
        let undone = late.iter().filter(|resize| resize.cause == "undone").count();
        prop_assert!(trials <= loads.len(), "{late:#?}");
        prop_assert!(undone <= trials + 1 && trials + undone == late.len(), "{late:#?}");
    }
}

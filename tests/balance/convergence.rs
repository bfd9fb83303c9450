//! After a while a build is as fast as the best fixed worker counts would make
//! it, and stays as it is.

use proptest::prelude::*;
use wakemill::flow::{FlowFacts, Governor, Resize};
use wakemill::pipeline::balance::{Balance, Limits, Policy};

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
    cores + stages - 1
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
    (Simulation::new(cores, in_flight(cores, stages), costs), balance)
}

/// Items a second with fixed workers, once the flow is full.
fn fixed(cores: usize, seconds: &[f64], workers: &[usize]) -> f64 {
    let stages = seconds.iter().zip(workers);
    let costs = stages.map(|(&seconds, &workers)| (always(seconds), workers, cores));
    let mut simulation = Simulation::new(cores, in_flight(cores, seconds.len()), costs.collect());
    let slowest = seconds.iter().copied().fold(0.0, f64::max);
    simulation.run(5.0 * slowest, &mut Fixed);
    simulation.run(20.0 * slowest, &mut Fixed)
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

/// Runs, expects the best rate and no more changes; gives the flow.
fn converges(cores: usize, costs: Vec<Cost>, after: f64, best: f64) -> Simulation {
    let (mut simulation, mut balance) = governed(cores, costs);
    simulation.run(after, &mut balance);
    let before = simulation.resizes.len();
    let rate = simulation.run(MEASURED, &mut balance);
    let workers = simulation.workers();
    assert!(
        rate >= 0.95 * best,
        "{cores} cores, {workers:?}: {rate} of {best}; {:#?}",
        balance.decisions()
    );
    let late = &simulation.resizes[before..];
    assert!(late.is_empty(), "{cores} cores: {late:#?}");
    simulation
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

//! How many workers each stage has, decided while the flow runs.
//!
//! In the first seconds the stages are measured, and the workers allocated as
//! [`allocate()`] finds best. From then on every window of a few seconds is
//! judged. Where all cores are busy nothing can be gained. Otherwise, by the
//! first of these that applies:
//!
//! 1. What an item costs has changed, and the allocation for the new costs
//!    promises more than [`Policy::hysteresis`]: it is adopted.
//! 2. The queues show one stage that is fed and starves the next: it gets one
//!    more worker.
//!
//! Either step is on trial: if the next window is no faster it is taken back,
//! and not tried again for a while that doubles each time.
//!
//! No stage has fewer than one worker, and those that may change have together
//! at most as many as there are cores, and a *feeder* each: the one worker of a
//! stage that is busy only part of the time. Workers that feed a device, and
//! those that are pinned, come on top. The output never depends on any of it.

use std::time::Duration;

use crate::flow::{FlowFacts, Governor, Resize};

use super::allocate::{self, Load, allocate, rate};
use super::policy::{Limits, Policy};
use super::window::Window;

/// Every kind of decision, in a word.
pub const CAUSES: [&str; 4] = [CALIBRATED, COSTS, QUEUE, UNDONE];
const CALIBRATED: &str = "calibrated";
const COSTS: &str = "costs";
const QUEUE: &str = "queue";
const UNDONE: &str = "undone";

/// Gradient and share of busy workers from which a stage holds others back.
const STEEP: f64 = 0.3;
const BUSY: f64 = 0.8;
/// Gain from which a step on trial has helped.
const HELPED: f64 = 0.01;
/// Change of a cost from which two windows cannot be compared.
const CHANGED: f64 = 0.1;

/// A change of a stage's workers.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Seconds since the start.
    pub seconds: f64,
    /// What was changed, and why.
    pub resize: Resize,
}

/// Decides how many workers each stage has.
#[derive(Debug)]
pub struct Balance {
    policy: Policy,
    cores: f64,
    budget: usize,
    stages: Vec<Watched>,
    /// Of allocations for changed costs.
    rest: Rest,
    calibrated: bool,
    window: Option<Window>,
    /// No window opens before.
    settled_at: Duration,
    trial: Option<Trial>,
    decisions: Vec<Decision>,
}

#[derive(Debug)]
struct Watched {
    limits: Limits,
    rest: Rest,
}

/// A step that has to prove itself.
#[derive(Debug)]
struct Trial {
    /// The stage that got a worker; `None` where costs had changed.
    stage: Option<usize>,
    before: Vec<usize>,
    rate: f64,
    item_seconds: f64,
}

/// How many windows to leave something alone, now and the next time.
#[derive(Debug)]
struct Rest {
    left: u32,
    next: u32,
}

impl Balance {
    /// A policy for a flow with these stages, source and sink among them, that
    /// may keep so many cores busy with so many workers in all.
    pub fn new(policy: Policy, cores: usize, budget: usize, limits: &[Limits]) -> Self {
        let stages = limits.iter().map(|&limits| Watched {
            limits,
            rest: Rest::new(policy.cooldown),
        });
        Self {
            policy,
            cores: cores as f64,
            budget,
            stages: stages.collect(),
            rest: Rest::new(policy.cooldown),
            calibrated: false,
            window: None,
            settled_at: Duration::ZERO,
            trial: None,
            decisions: Vec::new(),
        }
    }

    /// Every decision so far.
    pub fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    fn is_over(&self, window: &Window) -> bool {
        let (time, items) = match self.calibrated {
            true => (self.policy.window, self.policy.items),
            false => (self.policy.calibration, self.policy.items / 10),
        };
        window.length() >= time
            && (0..self.stages.len()).all(|stage| window.items(stage) >= items.max(1))
    }

    fn judge(&mut self, window: &Window, facts: &FlowFacts) -> Change {
        let loads = self.loads(window);
        let workers: Vec<usize> = facts.stages.iter().map(|stage| stage.workers).collect();
        let best = allocate(&loads, self.cores, self.budget);
        let (now, _) = rate(&loads, &workers, self.cores);
        let promise = format!("{:.1} items/s, bound by {}", best.rate, bound(&best, facts));
        if !self.calibrated {
            self.calibrated = true;
            return Change::new(best.workers, CALIBRATED, promise);
        }
        if let Some(undo) = self.conclude(window) {
            return undo;
        }
        let rested = self.rest.pass();
        for stage in &mut self.stages {
            stage.rest.pass();
        }
        if window.is_crowded(self.cores) {
            return Change::none(workers);
        }
        if rested && best.rate > now * (1.0 + self.policy.hysteresis) {
            let reason = format!("costs allow {promise}, the present workers {now:.1}");
            self.try_out(None, window, &workers);
            return Change::new(self.widened(&workers, best.workers), COSTS, reason);
        }
        self.step(window, &workers)
            .unwrap_or_else(|| Change::none(workers))
    }

    fn loads(&self, window: &Window) -> Vec<Load> {
        let stages = self.stages.iter().enumerate();
        stages
            .map(|(index, stage)| window.load(index, &stage.limits))
            .collect()
    }

    /// The new counts, without taking workers away where there is room for
    /// them: a count that goes up and down with the noise helps nobody.
    fn widened(&self, workers: &[usize], best: Vec<usize>) -> Vec<usize> {
        let wide: Vec<usize> = workers
            .iter()
            .zip(&best)
            .map(|(&now, &best)| now.max(best))
            .collect();
        if wide.iter().sum::<usize>() <= self.budget {
            wide
        } else {
            best
        }
    }

    /// Ends a trial; gives the way back if the step did not help.
    fn conclude(&mut self, window: &Window) -> Option<Change> {
        let trial = self.trial.take()?;
        let comparable = (window.item_seconds() / trial.item_seconds - 1.0).abs() < CHANGED;
        if !comparable || window.rate() > trial.rate * (1.0 + HELPED) {
            return None;
        }
        match trial.stage {
            Some(stage) => self.stages[stage].rest.begin(),
            None => self.rest.begin(),
        }
        let reason = format!(
            "{:.1} items/s with the last step, {:.1} without",
            window.rate(),
            trial.rate
        );
        Some(Change::new(trial.before, UNDONE, reason))
    }

    /// One more worker for the stage that holds the others back, if there is
    /// one, from the stage that needs its own least if there is no room.
    fn step(&mut self, window: &Window, workers: &[usize]) -> Option<Change> {
        let may_grow = |&index: &usize| {
            let stage = &self.stages[index];
            workers[index] < stage.limits.max
                && stage.rest.left == 0
                && window.gradient(index) >= STEEP
                && window.utilization(index) >= BUSY
        };
        let steeper = |a: &usize, b: &usize| window.gradient(*a).total_cmp(&window.gradient(*b));
        let index = (0..workers.len()).filter(may_grow).max_by(steeper)?;
        let mut changed = workers.to_vec();
        changed[index] += 1;
        if changed.iter().sum::<usize>() > self.budget {
            changed[self.donor(window, workers, index)?] -= 1;
        }
        self.try_out(Some(index), window, workers);
        let reason = format!(
            "its queue is {:.0} % fuller than the next, {:.0} % of its workers busy, {:.1} cores free",
            100.0 * window.gradient(index),
            100.0 * window.utilization(index),
            self.cores - window.cores(),
        );
        Some(Change::new(changed, QUEUE, reason))
    }

    /// The stage that can spare a worker best.
    fn donor(&self, window: &Window, workers: &[usize], but: usize) -> Option<usize> {
        let left = |index: usize| {
            window.utilization(index) * workers[index] as f64 / (workers[index] - 1) as f64
        };
        (0..workers.len())
            .filter(|&index| index != but && workers[index] > self.stages[index].limits.min)
            .map(|index| (index, left(index)))
            .filter(|&(_, left)| left < BUSY)
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(index, _)| index)
    }

    fn try_out(&mut self, stage: Option<usize>, window: &Window, before: &[usize]) {
        self.trial = Some(Trial {
            stage,
            before: before.to_vec(),
            rate: window.rate(),
            item_seconds: window.item_seconds(),
        });
    }
}

impl Governor for Balance {
    fn decide(&mut self, facts: &FlowFacts) -> Vec<Resize> {
        if facts.elapsed < self.settled_at {
            return Vec::new();
        }
        let mut window = match self.window.take() {
            Some(window) => window,
            None => {
                self.window = Some(Window::open(facts));
                return Vec::new();
            }
        };
        window.tick(facts);
        if !self.is_over(&window) {
            self.window = Some(window);
            return Vec::new();
        }
        let resizes = self.judge(&window, facts).resizes(facts);
        if resizes.is_empty() {
            self.window = Some(Window::open(facts));
        } else {
            self.settled_at = facts.elapsed + self.policy.settling;
        }
        for resize in &resizes {
            self.decisions.push(Decision {
                seconds: facts.elapsed.as_secs_f64(),
                resize: resize.clone(),
            });
        }
        resizes
    }
}

impl Rest {
    fn new(next: u32) -> Self {
        Self { left: 0, next }
    }

    /// One window has passed; tells whether the rest is over.
    fn pass(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left == 0
    }

    fn begin(&mut self) {
        self.left = self.next;
        self.next = self.next.saturating_mul(2);
    }
}

/// The counts that a judgement ends in.
struct Change {
    workers: Vec<usize>,
    cause: &'static str,
    reason: String,
}

impl Change {
    fn new(workers: Vec<usize>, cause: &'static str, reason: String) -> Self {
        Self {
            workers,
            cause,
            reason,
        }
    }

    fn none(workers: Vec<usize>) -> Self {
        Self::new(workers, "", String::new())
    }

    fn resizes(self, facts: &FlowFacts) -> Vec<Resize> {
        let stages = facts.stages.iter().zip(self.workers).enumerate();
        let changed = stages.filter(|(_, (stage, to))| stage.workers != *to);
        changed
            .map(|(stage, (facts, to))| Resize {
                stage,
                name: facts.name,
                from: facts.workers,
                to,
                cause: self.cause,
                reason: self.reason.clone(),
            })
            .collect()
    }
}

fn bound(allocation: &allocate::Allocation, facts: &FlowFacts) -> &'static str {
    match allocation.bound {
        allocate::Bound::Cores => "the cores",
        allocate::Bound::Stage(index) => facts.stages[index].name,
    }
}

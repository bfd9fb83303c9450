//! What happened between two moments of a flow.

use std::time::Duration;

use crate::flow::{FlowFacts, StageFacts, Work};

use super::allocate::Load;
use super::policy::Limits;

/// A share of the cores that counts as all of them.
const ALL: f64 = 0.97;

/// Facts gathered over some time, to be averaged.
#[derive(Debug)]
pub struct Window {
    start: FlowFacts,
    latest: FlowFacts,
    /// Ticks, and for each stage the sum of its [`fed`] at them.
    ticks: u32,
    fed: Vec<f64>,
}

impl Window {
    /// Begins at a moment.
    pub fn open(facts: &FlowFacts) -> Self {
        Self {
            start: facts.clone(),
            latest: facts.clone(),
            ticks: 0,
            fed: vec![0.0; facts.stages.len()],
        }
    }

    /// From the start of a flow until now.
    pub fn whole(facts: &FlowFacts) -> Self {
        let mut start = facts.clone();
        start.elapsed = Duration::ZERO;
        start.cpu = Duration::ZERO;
        for stage in &mut start.stages {
            stage.items = 0;
            stage.time = Work::default();
        }
        let mut window = Self::open(&start);
        window.tick(facts);
        window
    }

    /// Whether it saw every stage finish something.
    pub fn is_full(&self) -> bool {
        (0..self.fed.len()).all(|stage| self.items(stage) > 0)
    }

    /// Looks at the flow once more.
    pub fn tick(&mut self, facts: &FlowFacts) {
        for (sum, stage) in self.fed.iter_mut().zip(&facts.stages) {
            *sum += fed(stage);
        }
        self.ticks += 1;
        self.latest = facts.clone();
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        self.latest.elapsed.saturating_sub(self.start.elapsed)
    }

    /// Items that a stage finished.
    pub fn items(&self, stage: usize) -> u64 {
        self.latest.stages[stage].items - self.start.stages[stage].items
    }

    /// Items a second: what the cores did, by what an item costs them. Items
    /// leave in bursts; counting them would be less exact.
    pub fn rate(&self) -> f64 {
        self.cores() / self.item_seconds()
    }

    /// Seconds of a core that an item takes in all stages.
    pub fn item_seconds(&self) -> f64 {
        let stages = 0..self.start.stages.len();
        stages
            .map(|stage| self.core_seconds(stage) / self.items(stage) as f64)
            .sum()
    }

    /// What an item costs a stage: time on a core, or until a device has
    /// answered. Time that a worker waits for a core or a disk is not told
    /// apart and left out; where it matters the queues show it.
    pub fn load(&self, stage: usize, limits: &Limits) -> Load {
        let items = self.items(stage) as f64;
        let core_seconds = self.core_seconds(stage) / items;
        let worker_seconds = match limits.on_device {
            true => self.busy_seconds(stage) / items,
            false => core_seconds,
        };
        Load {
            worker_seconds,
            core_seconds,
            min: limits.min,
            max: limits.max,
        }
    }

    /// Cores kept busy, on average.
    pub fn cores(&self) -> f64 {
        let time = self.latest.cpu.saturating_sub(self.start.cpu);
        time.as_secs_f64() / self.length().as_secs_f64()
    }

    /// Whether all of so many cores were busy, so that no other allocation of
    /// workers would be faster.
    pub fn is_crowded(&self, cores: f64) -> bool {
        self.cores() >= ALL * cores
    }

    /// Seconds of a core that a stage took.
    pub fn core_seconds(&self, stage: usize) -> f64 {
        self.between(stage, |facts| facts.time.cpu)
    }

    /// Seconds that a stage's workers were busy.
    pub fn busy_seconds(&self, stage: usize) -> f64 {
        self.between(stage, |facts| facts.time.busy)
    }

    /// Busy workers of a stage, on average, of those that may work now.
    pub fn utilization(&self, stage: usize) -> f64 {
        let workers = self.latest.stages[stage].workers as f64;
        self.busy_seconds(stage) / (workers * self.length().as_secs_f64())
    }

    /// How much better a stage was fed than the one after it, from -1 to 1:
    /// near 1 for the stage that holds the others back.
    pub fn gradient(&self, stage: usize) -> f64 {
        let fed = |stage| self.fed.get(stage).copied().unwrap_or(0.0);
        (fed(stage) - fed(stage + 1)) / f64::from(self.ticks.max(1))
    }

    fn between(&self, stage: usize, time: impl Fn(&StageFacts) -> Duration) -> f64 {
        let (start, latest) = (&self.start.stages[stage], &self.latest.stages[stage]);
        time(latest).saturating_sub(time(start)).as_secs_f64()
    }
}

/// The share of a stage's workers for which an item waits.
fn fed(stage: &StageFacts) -> f64 {
    (stage.depth as f64 / stage.workers as f64).min(1.0)
}

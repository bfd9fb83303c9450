//! What happened between two moments of a flow.

use std::time::Duration;

use crate::flow::{FlowFacts, StageFacts};

/// Facts gathered over some time, to be averaged.
#[derive(Debug)]
pub(super) struct Window {
    start: FlowFacts,
    latest: FlowFacts,
    /// Ticks, and for each stage the sum of its [`fed`] at them.
    ticks: u32,
    fed: Vec<f64>,
}

impl Window {
    pub(super) fn open(facts: &FlowFacts) -> Self {
        Self {
            start: facts.clone(),
            latest: facts.clone(),
            ticks: 0,
            fed: vec![0.0; facts.stages.len()],
        }
    }

    pub(super) fn tick(&mut self, facts: &FlowFacts) {
        for (sum, stage) in self.fed.iter_mut().zip(&facts.stages) {
            *sum += fed(stage);
        }
        self.ticks += 1;
        self.latest = facts.clone();
    }

    pub(super) fn length(&self) -> Duration {
        self.latest.elapsed.saturating_sub(self.start.elapsed)
    }

    /// Items that a stage finished.
    pub(super) fn items(&self, stage: usize) -> u64 {
        self.latest.stages[stage].items - self.start.stages[stage].items
    }

    /// Items a second: what the cores did, by what an item costs them. Items
    /// leave in bursts; counting them would be less exact.
    pub(super) fn rate(&self) -> f64 {
        let stages = 0..self.start.stages.len();
        let item = stages.map(|stage| self.core_seconds(stage) / self.items(stage) as f64);
        self.cores() / item.sum::<f64>()
    }

    /// Cores kept busy, on average.
    pub(super) fn cores(&self) -> f64 {
        let time = self.latest.cpu.saturating_sub(self.start.cpu);
        time.as_secs_f64() / self.length().as_secs_f64()
    }

    /// Seconds of a core that a stage took.
    pub(super) fn core_seconds(&self, stage: usize) -> f64 {
        self.between(stage, |facts| facts.time.cpu)
    }

    /// Seconds that a stage's workers were busy.
    pub(super) fn busy_seconds(&self, stage: usize) -> f64 {
        self.between(stage, |facts| facts.time.busy)
    }

    /// Busy workers of a stage, on average, of those that may work now.
    pub(super) fn utilization(&self, stage: usize) -> f64 {
        let workers = self.latest.stages[stage].workers as f64;
        self.busy_seconds(stage) / (workers * self.length().as_secs_f64())
    }

    /// How much better a stage was fed than the one after it, from -1 to 1:
    /// near 1 for the stage that holds the others back.
    pub(super) fn gradient(&self, stage: usize) -> f64 {
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

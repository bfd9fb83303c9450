//! The flow's facts as metrics.

use metrics::{Counter, Gauge, Histogram};

use crate::flow::{FlowFacts, StageFacts, StageId, Work};

use super::registry::Registry;
use super::table;

/// Instruments of a flow.
pub(super) struct FlowMetrics {
    stages: Vec<StageMetrics>,
    elapsed: Gauge,
    permits_in_use: Gauge,
    permits: Gauge,
    reorder_pending: Gauge,
    reorder_stall: Gauge,
}

struct StageMetrics {
    busy: Gauge,
    idle: Gauge,
    blocked: Gauge,
    cpu: Gauge,
    service: Histogram,
    items_in: Counter,
    items_out: Counter,
    workers: Gauge,
    /// The channel before it; the source has none.
    channel: Option<Channel>,
}

struct Channel {
    depth: Gauge,
    capacity: Gauge,
}

impl FlowMetrics {
    pub(super) fn new(registry: &Registry, facts: &FlowFacts) -> Self {
        let stages = facts.stages.iter().enumerate();
        Self {
            stages: stages
                .map(|(id, stage)| StageMetrics::new(registry, stage.name, id > 0))
                .collect(),
            elapsed: registry.gauge(&table::ELAPSED, &[]),
            permits_in_use: registry.gauge(&table::PERMITS_IN_USE, &[]),
            permits: registry.gauge(&table::PERMITS, &[]),
            reorder_pending: registry.gauge(&table::REORDER_PENDING, &[]),
            reorder_stall: registry.gauge(&table::REORDER_STALL, &[]),
        }
    }

    pub(super) fn worked(&self, stage: StageId, work: &Work) {
        if let Some(stage) = self.stages.get(stage) {
            stage.service.record(work.busy.as_secs_f64());
        }
    }

    pub(super) fn set(&self, facts: &FlowFacts) {
        for (metrics, stage) in self.stages.iter().zip(&facts.stages) {
            metrics.set(stage);
        }
        self.elapsed.set(facts.elapsed.as_secs_f64());
        self.permits_in_use.set(facts.permits_in_use as f64);
        self.permits.set(facts.permits as f64);
        self.reorder_pending.set(facts.reorder_pending as f64);
        self.reorder_stall.set(facts.reorder_stalled.as_secs_f64());
    }
}

impl StageMetrics {
    fn new(registry: &Registry, name: &str, has_channel: bool) -> Self {
        let time = |state| registry.gauge(&table::STAGE_TIME, &[name, state]);
        Self {
            busy: time("busy"),
            idle: time("idle"),
            blocked: time("blocked"),
            cpu: registry.gauge(&table::STAGE_CPU, &[name]),
            service: registry.histogram(&table::STAGE_SERVICE, &[name]),
            items_in: registry.counter(&table::ITEMS_IN, &[name]),
            items_out: registry.counter(&table::ITEMS_OUT, &[name]),
            workers: registry.gauge(&table::WORKERS, &[name]),
            channel: has_channel.then(|| Channel {
                depth: registry.gauge(&table::CHANNEL_DEPTH, &[name]),
                capacity: registry.gauge(&table::CHANNEL_CAPACITY, &[name]),
            }),
        }
    }

    fn set(&self, facts: &StageFacts) {
        self.busy.set(facts.time.busy.as_secs_f64());
        self.idle.set(facts.time.idle.as_secs_f64());
        self.blocked.set(facts.time.blocked.as_secs_f64());
        self.cpu.set(facts.time.cpu.as_secs_f64());
        self.items_in.absolute(facts.started);
        self.items_out.absolute(facts.items);
        self.workers.set(facts.workers as f64);
        if let Some(channel) = &self.channel {
            channel.depth.set(facts.depth as f64);
            channel.capacity.set(facts.capacity as f64);
        }
    }
}

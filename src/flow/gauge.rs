//! Counters of the flow, and the facts read from them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam::utils::CachePadded;

use super::observer::Work;

/// The state of a flow at one moment.
#[derive(Clone, Debug)]
pub struct FlowFacts {
    /// Time since the start.
    pub elapsed: Duration,
    /// Processor time that the whole process took since the start.
    pub cpu: Duration,
    /// Every stage from source to sink.
    pub stages: Vec<StageFacts>,
    /// Permits handed out.
    pub permits_in_use: usize,
    /// Permits there are.
    pub permits: usize,
    /// Items held back by the reorder buffer.
    pub reorder_pending: usize,
    /// Time during which the sink had items but not the next one.
    pub reorder_stalled: Duration,
}

/// The state of one stage, summed over its workers.
#[derive(Clone, Debug)]
pub struct StageFacts {
    /// The stage's name.
    pub name: &'static str,
    /// Threads that may work now; the others of the stage are parked.
    pub workers: usize,
    /// Items taken up.
    pub started: u64,
    /// Items finished.
    pub items: u64,
    /// Items waiting before the stage.
    pub depth: usize,
    /// Items that may wait before the stage.
    pub capacity: usize,
    /// Time spent, by what it was spent on; time parked is none of it.
    pub time: Work,
}

/// Counters of one stage; workers add to them, anybody reads them.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    started: CachePadded<AtomicU64>,
    items: CachePadded<AtomicU64>,
    idle: CachePadded<AtomicU64>,
    busy: CachePadded<AtomicU64>,
    cpu: CachePadded<AtomicU64>,
    blocked: CachePadded<AtomicU64>,
    /// Threads that have ended and were not parked, and the sum of the times at which they did.
    ended: AtomicU64,
    ended_at: AtomicU64,
}

impl Gauge {
    pub(super) fn start(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn finish(&self, work: &Work) {
        self.items.fetch_add(1, Ordering::Relaxed);
        self.wait(work.idle);
        add(&self.busy, work.busy);
        add(&self.cpu, work.cpu);
        add(&self.blocked, work.blocked);
    }

    /// A thread has nothing more to do, `elapsed` after the start of the flow.
    pub(super) fn end(&self, elapsed: Duration) {
        add(&self.ended_at, elapsed);
        self.ended.fetch_add(1, Ordering::Release);
    }

    /// Time idle that led to no item.
    pub(super) fn wait(&self, idle: Duration) {
        add(&self.idle, idle);
    }

    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    pub(super) fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Time spent up to `elapsed`; a thread that has ended is idle since.
    pub(super) fn time(&self, elapsed: Duration) -> Work {
        let ended = self.ended.load(Ordering::Acquire) as u32;
        let since = (elapsed * ended).saturating_sub(read(&self.ended_at));
        Work {
            idle: read(&self.idle) + since,
            busy: read(&self.busy),
            cpu: read(&self.cpu),
            blocked: read(&self.blocked),
        }
    }
}

/// Counters of the reorder buffer.
#[derive(Debug, Default)]
pub(super) struct ReorderGauge {
    pending: AtomicUsize,
    stalled: AtomicU64,
}

impl ReorderGauge {
    pub(super) fn set_pending(&self, pending: usize) {
        self.pending.store(pending, Ordering::Relaxed);
    }

    pub(super) fn stalled_for(&self, time: Duration) {
        add(&self.stalled, time);
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    pub(super) fn stalled(&self) -> Duration {
        read(&self.stalled)
    }
}

fn add(counter: &AtomicU64, time: Duration) {
    counter.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> Duration {
    Duration::from_nanos(counter.load(Ordering::Relaxed))
}

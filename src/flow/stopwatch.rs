//! How a thread spends its time.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

use super::gauge::{Gauge, State};

/// Tells a gauge what a thread is doing, and how long it did what before. Before
/// and after, the thread is idle or parked.
pub(super) struct Stopwatch<'a> {
    gauge: &'a Gauge,
    started: Instant,
    state: State,
    since: Instant,
    cpu: ThreadTime,
}

impl<'a> Stopwatch<'a> {
    pub(super) fn start(gauge: &'a Gauge, started: Instant, state: State) -> Self {
        Self {
            gauge,
            started,
            state,
            since: Instant::now(),
            cpu: ThreadTime::now(),
        }
    }

    /// Changes the state; gives the time since the last change.
    pub(super) fn switch(&mut self, state: State) -> Duration {
        let now = Instant::now();
        self.gauge.switch(self.state, state, now - self.started);
        self.state = state;
        now - std::mem::replace(&mut self.since, now)
    }

    /// Processor time since the last call.
    pub(super) fn cpu(&mut self) -> Duration {
        let time = self.cpu.elapsed();
        self.cpu = ThreadTime::now();
        time
    }
}

impl Drop for Stopwatch<'_> {
    fn drop(&mut self) {
        if self.state != State::Parked {
            self.switch(State::Idle);
        }
    }
}

//! Counters of the flow.

use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam::utils::CachePadded;

use super::facts::Work;

/// What a worker thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Waiting for an item.
    Idle,
    /// Working.
    Busy,
    /// Waiting for room, or a permit.
    Blocked,
    /// Left out for the time being; that is no time spent.
    Parked,
}

/// Counters of one stage; workers add to them, anybody reads them.
#[derive(Debug)]
pub(super) struct Gauge {
    started: CachePadded<AtomicU64>,
    items: CachePadded<AtomicU64>,
    cpu: CachePadded<AtomicU64>,
    idle: CachePadded<Clock>,
    busy: CachePadded<Clock>,
    blocked: CachePadded<Clock>,
}

impl Gauge {
    /// Counters of so many threads, idle from the start of the flow to its end
    /// unless they say otherwise.
    pub(super) fn new(workers: usize) -> Self {
        Self {
            started: CachePadded::default(),
            items: CachePadded::default(),
            cpu: CachePadded::default(),
            idle: CachePadded::new(Clock::with(workers)),
            busy: CachePadded::default(),
            blocked: CachePadded::default(),
        }
    }

    pub(super) fn start(&self) {
        self.started.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn finish(&self, work: &Work) {
        self.items.fetch_add(1, Ordering::Relaxed);
        add(&self.cpu, work.cpu);
    }

    /// A thread goes from one state to another, `at` after the start.
    pub(super) fn switch(&self, from: State, to: State, at: Duration) {
        if from != to {
            if let Some(clock) = self.clock(from) {
                clock.leave(at);
            }
            if let Some(clock) = self.clock(to) {
                clock.enter(at);
            }
        }
    }

    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    pub(super) fn items(&self) -> u64 {
        self.items.load(Ordering::Relaxed)
    }

    /// Time spent up to `elapsed`, whatever the threads are in the middle of
    /// included.
    pub(super) fn time(&self, elapsed: Duration) -> Work {
        Work {
            idle: self.idle.read(elapsed),
            busy: self.busy.read(elapsed),
            cpu: read(&self.cpu),
            blocked: self.blocked.read(elapsed),
        }
    }

    fn clock(&self, state: State) -> Option<&Clock> {
        match state {
            State::Idle => Some(&self.idle),
            State::Busy => Some(&self.busy),
            State::Blocked => Some(&self.blocked),
            State::Parked => None,
        }
    }
}

/// Counters of the reorder buffer.
#[derive(Debug, Default)]
pub(super) struct ReorderGauge {
    pending: AtomicUsize,
    stalled: Clock,
}

impl ReorderGauge {
    pub(super) fn set_pending(&self, pending: usize) {
        self.pending.store(pending, Ordering::Relaxed);
    }

    pub(super) fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// The sink begins to wait with items at hand, or ends to.
    pub(super) fn stall(&self, begins: bool, at: Duration) {
        if begins {
            self.stalled.enter(at);
        } else {
            self.stalled.leave(at);
        }
    }

    pub(super) fn stalled(&self, elapsed: Duration) -> Duration {
        self.stalled.read(elapsed)
    }
}

/// The time that threads have spent in one state, summed over the threads, to
/// the present moment: a thread that has hung for an hour shows that hour.
///
/// One word holds the number of threads in the state, in its upper 16 bits, and
/// the sum of the times at which threads left less those at which they entered,
/// in microseconds, below. Being one word, it can be read at any moment.
#[derive(Debug, Default)]
struct Clock {
    word: AtomicI64,
    /// The most that was read: a thread that enters while the clock is read
    /// must not turn it back.
    shown: AtomicU64,
}

const TIME_BITS: u32 = 48;
const ONE_THREAD: i64 = 1 << TIME_BITS;

impl Clock {
    /// A clock with threads that entered at the start.
    fn with(threads: usize) -> Self {
        Self {
            word: AtomicI64::new(ONE_THREAD.wrapping_mul(threads as i64)),
            ..Self::default()
        }
    }

    fn enter(&self, at: Duration) {
        let change = ONE_THREAD - at.as_micros() as i64;
        self.word.fetch_add(change, Ordering::Relaxed);
    }

    fn leave(&self, at: Duration) {
        let change = at.as_micros() as i64 - ONE_THREAD;
        self.word.fetch_add(change, Ordering::Relaxed);
    }

    fn read(&self, now: Duration) -> Duration {
        let word = self.word.load(Ordering::Relaxed);
        // The lower part with its sign, and what is left above it.
        let spent = word << (64 - TIME_BITS) >> (64 - TIME_BITS);
        let threads = word.wrapping_sub(spent) >> TIME_BITS;
        let micros = spent + threads * now.as_micros() as i64;
        let micros = u64::try_from(micros).unwrap_or(0);
        let shown = self.shown.fetch_max(micros, Ordering::Relaxed);
        Duration::from_micros(micros.max(shown))
    }
}

fn add(counter: &AtomicU64, time: Duration) {
    counter.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
}

fn read(counter: &AtomicU64) -> Duration {
    Duration::from_nanos(counter.load(Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_wait_shows_while_it_lasts() {
        let gauge = Gauge::new(2);
        gauge.switch(State::Idle, State::Blocked, SECOND);
        let time = gauge.time(10 * SECOND);
        assert_eq!((time.idle, time.blocked), (11 * SECOND, 9 * SECOND));
    }

    #[test]
    fn a_thread_that_enters_during_the_reading_does_not_turn_it_back() {
        let clock = Clock::default();
        clock.enter(SECOND);
        clock.leave(2 * SECOND);
        clock.enter(4 * SECOND);
        assert_eq!(clock.read(3 * SECOND), Duration::ZERO);
        assert_eq!(clock.read(5 * SECOND), 2 * SECOND);
        assert_eq!(clock.read(4 * SECOND), 2 * SECOND);
    }

    proptest! {
        /// Whatever the threads do, their times add up to threads × elapsed.
        #[test]
        fn the_states_add_up(
            steps in prop::collection::vec((0..40_usize, 0..3_u8, 0..1_000_000_u64), 0..200),
        ) {
            let gauge = Gauge::new(40);
            let mut states = [State::Idle; 40];
            let mut now = Duration::ZERO;
            for (thread, to, later) in steps {
                now += Duration::from_micros(later);
                let to = [State::Idle, State::Busy, State::Blocked][to as usize];
                gauge.switch(states[thread], to, now);
                states[thread] = to;
            }
            let time = gauge.time(now);
            prop_assert_eq!(time.idle + time.busy + time.blocked, 40 * now);
        }
    }
}

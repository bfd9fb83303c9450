//! How a thread spends its time.

use std::time::{Duration, Instant};

use cpu_time::ThreadTime;

/// Cuts a thread's time into pieces, without gaps.
pub(super) struct Lap {
    wall: Instant,
    cpu: ThreadTime,
}

impl Lap {
    pub(super) fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: ThreadTime::now(),
        }
    }

    /// Wall time since the last piece.
    pub(super) fn wall(&mut self) -> Duration {
        let now = Instant::now();
        let time = now - self.wall;
        self.wall = now;
        time
    }

    /// Wall time and processor time since the last piece; to be exact, the
    /// latter since the last call of this or `skip`.
    pub(super) fn work(&mut self) -> (Duration, Duration) {
        let cpu = self.cpu.elapsed();
        self.cpu = ThreadTime::now();
        (self.wall(), cpu)
    }

    /// Leaves out the time since the last piece.
    pub(super) fn skip(&mut self) {
        self.work();
    }
}

//! What the governor may do, and when.

use std::time::Duration;

/// When to look, and how much must be gained.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Time before the first allocation.
    pub calibration: Duration,
    /// Time of one window.
    pub window: Duration,
    /// Time after a change that no window counts.
    pub settling: Duration,
    /// Items that a window must see leave each stage; a tenth is enough for
    /// the first allocation.
    pub items: u64,
    /// Gain, as a share, that an allocation must promise to be adopted.
    pub hysteresis: f64,
    /// Windows for which a step that did not help is not tried again, the
    /// first time.
    pub cooldown: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            calibration: Duration::from_secs(1),
            window: Duration::from_secs(3),
            settling: Duration::from_secs(1),
            items: 50,
            hysteresis: 0.02,
            cooldown: 4,
        }
    }
}

/// What may be done to one stage of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fewest workers.
    pub min: usize,
    /// Most workers; the same as `min` fixes them.
    pub max: usize,
    /// Whether its work is done by a device, while the workers wait.
    pub on_device: bool,
}

impl Limits {
    /// Always so many workers.
    pub fn fixed(workers: usize) -> Self {
        Self {
            min: workers,
            max: workers,
            on_device: false,
        }
    }

    /// From one to so many workers.
    pub fn up_to(workers: usize) -> Self {
        Self {
            max: workers,
            ..Self::fixed(1)
        }
    }
}

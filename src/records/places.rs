//! How far turns of recordings have come.

use serde::{Deserialize, Serialize};

use super::{Met, Open, Visit};

/// Recordings that are taken in turns together.
pub const BLOCK: u32 = 1024;

/// How far the turns have come: what a build goes on from.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Places {
    /// Which block.
    pub block: u32,
    /// The next recording that a place takes.
    pub next: u32,
    /// The place that is visited next.
    pub place: usize,
    /// What is in the places, as far as they were visited.
    pub slots: Vec<Slot>,
}

/// What is in a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Nothing yet.
    #[default]
    Fresh,
    /// A recording.
    Open(Open),
    /// Nothing any more.
    Closed,
}

impl Places {
    /// Before the first visit of a block.
    pub fn at(block: u32) -> Self {
        Self {
            block,
            next: block * BLOCK,
            ..Self::default()
        }
    }

    /// Takes note of a visit; visits come in order.
    pub fn note(&mut self, visit: &Visit, met: &Met) {
        if visit.block != self.block {
            *self = Self::at(visit.block);
        }
        self.next += met.taken;
        self.place = visit.place + 1;
        if self.slots.len() <= visit.place {
            self.slots.resize(visit.place + 1, Slot::Fresh);
        }
        self.slots[visit.place] = met.open.map_or(Slot::Closed, Slot::Open);
    }
}

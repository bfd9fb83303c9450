//! The order in which recordings are taken in turns.
//!
//! A number of *places* each hold one open recording. They are visited in turn;
//! each visit gives a piece of the recording in the place, which, where that has
//! ended, takes the next recording in the same visit, and is closed when there
//! is none. That order needs no look ahead and no lengths. It begins anew with
//! every [`BLOCK`] recordings, so that a run of such blocks is the same rows
//! alone, as a shard has them, and among others.
//!
//! The visits are numbered here before anybody knows what they come to; one that
//! comes to a closed place comes to nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use crate::records::{BLOCK, Places, Slot};
use crate::records::{Batch, Visit};

/// Who takes which recording, shared by the source and those who open them.
#[derive(Debug)]
pub struct Turns {
    recordings: u32,
    interleave: u32,
    table: Mutex<Table>,
}

#[derive(Debug)]
struct Table {
    block: u32,
    /// The block behind the last.
    end: u32,
    next: u32,
    closed: Vec<bool>,
}

impl Turns {
    /// The turns of so many recordings, and every visit from a state on.
    pub fn begin(recordings: usize, interleave: usize, from: &Places) -> (Arc<Self>, Visits) {
        let recordings = u32::try_from(recordings).unwrap_or(u32::MAX);
        let turns = Self {
            recordings,
            interleave: interleave.max(1) as u32,
            table: Mutex::new(Table {
                block: from.block,
                end: Self::blocks(recordings as usize),
                next: from.next,
                closed: Vec::new(),
            }),
        };
        let mut table = turns.lock();
        turns.enter(&mut table);
        for (closed, slot) in table.closed.iter_mut().zip(&from.slots) {
            *closed = *slot == Slot::Closed;
        }
        let places = table.closed.len();
        drop(table);
        let turns = Arc::new(turns);
        let visits = Visits {
            turns: Arc::clone(&turns),
            place: from.place % places.max(1),
            turn: 0,
            laps: Vec::new(),
        };
        (turns, visits)
    }

    /// Blocks of so many recordings.
    pub fn blocks(recordings: usize) -> u32 {
        u32::try_from(recordings.div_ceil(BLOCK as usize)).unwrap_or(u32::MAX)
    }

    /// Places that there may be.
    pub fn places(&self) -> usize {
        self.interleave.min(self.recordings.min(BLOCK)) as usize
    }

    /// Whether a visit comes to a place that is open.
    pub fn is_open(&self, visit: &Visit) -> bool {
        let table = self.lock();
        table.block == visit.block && table.closed.get(visit.place) == Some(&false)
    }

    /// The next recording, for the place of a visit, which is closed where there
    /// is none. Visits must ask in their order.
    pub fn take(&self, visit: &Visit) -> Option<u32> {
        let mut table = self.lock();
        if table.next < self.end_of(table.block) {
            table.next += 1;
            return Some(table.next - 1);
        }
        if let Some(closed) = table.closed.get_mut(visit.place) {
            *closed = true;
        }
        None
    }

    /// Opens the places of the table's block.
    fn enter(&self, table: &mut Table) {
        let recordings = self.end_of(table.block).saturating_sub(table.block * BLOCK);
        let places = self.interleave.min(recordings);
        table.closed = vec![false; places as usize];
    }

    fn end_of(&self, block: u32) -> u32 {
        (block + 1).saturating_mul(BLOCK).min(self.recordings)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Every visit, until all places of the last block are closed.
#[derive(Debug)]
pub struct Visits {
    turns: Arc<Turns>,
    place: usize,
    turn: u64,
    laps: Vec<u64>,
}

impl Iterator for Visits {
    type Item = Visit;

    fn next(&mut self) -> Option<Visit> {
        let mut table = self.turns.lock();
        while table.closed.iter().all(|closed| *closed) {
            if table.block + 1 >= table.end {
                return None;
            }
            table.block += 1;
            table.next = table.block * BLOCK;
            self.turns.enter(&mut table);
            self.place = 0;
        }
        let places = table.closed.len();
        let mut place = self.place % places;
        while table.closed[place] {
            place = (place + 1) % places;
        }
        self.place = (place + 1) % places;
        if self.laps.len() < places {
            self.laps.resize(places, 0);
        }
        let visit = Visit {
            block: table.block,
            place,
            turn: self.turn,
            lap: self.laps[place],
            met: None,
        };
        self.turn += 1;
        self.laps[place] += 1;
        Some(visit)
    }
}

/// A batch of nothing yet.
pub fn batch(split: usize, visit: Visit) -> Batch<()> {
    Batch {
        split,
        epoch: 0,
        spans: Vec::new(),
        visit: Some(Box::new(visit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Met, Open};
    use proptest::prelude::*;

    /// Which recording each visit gives a piece of, where recordings have so many
    /// pieces, from a state on; visits are taken so far ahead of what they find.
    fn order(
        pieces: &[u64],
        interleave: usize,
        ahead: usize,
        from: &Places,
    ) -> (Vec<Open>, Vec<Places>) {
        let (turns, mut visits) = Turns::begin(pieces.len(), interleave, from);
        let mut open: Vec<Option<Open>> = vec![None; turns.places()];
        for (open, slot) in open.iter_mut().zip(&from.slots) {
            if let Slot::Open(there) = slot {
                *open = Some(*there);
            }
        }
        let (mut taken, mut states) = (Vec::new(), Vec::new());
        let (mut state, mut queue) = (from.clone(), std::collections::VecDeque::new());
        loop {
            while queue.len() < ahead
                && let Some(visit) = visits.next()
            {
                queue.push_back(visit);
            }
            let Some(visit) = queue.pop_front() else {
                return (taken, states);
            };
            if !turns.is_open(&visit) {
                continue;
            }
            let (place, mut met) = (&mut open[visit.place], Met::default());
            while place.is_none_or(|open| open.rows == pieces[open.recording as usize]) {
                *place = turns.take(&visit).map(|recording| Open {
                    recording,
                    ..Open::default()
                });
                if place.is_none() {
                    break;
                }
                met.taken += 1;
            }
            if let Some(open) = place {
                taken.push(*open);
                open.rows += 1;
            }
            met.open = *place;
            state.note(&visit, &met);
            states.push(state.clone());
        }
    }

    proptest! {
        /// The order is the same however far visits run ahead, has every piece
        /// once, and goes on from any of its states.
        #[test]
        fn the_order_depends_on_the_recordings_alone(
            pieces in prop::collection::vec(0u64..5, 1..40),
            interleave in 1usize..9,
            ahead in 1usize..12,
            at in any::<prop::sample::Index>(),
        ) {
            let (whole, states) = order(&pieces, interleave, 1, &Places::at(0));
            prop_assert_eq!(whole.len() as u64, pieces.iter().sum::<u64>());
            let (other, _) = order(&pieces, interleave, ahead, &Places::at(0));
            prop_assert_eq!(&other, &whole);
            if !states.is_empty() {
                let at = at.index(states.len());
                let done = whole.iter().zip(0..=at).count();
                let (rest, _) = order(&pieces, interleave, ahead, &states[at]);
                prop_assert!(whole.ends_with(&rest));
                prop_assert!(rest.len() + done >= whole.len());
            }
        }
    }

    #[test]
    fn places_take_turns_and_a_block_ends_before_the_next_begins() {
        let (order, _) = order(&[2, 1, 3], 2, 3, &Places::at(0));
        let order: Vec<(u32, u64)> = order
            .iter()
            .map(|open| (open.recording, open.rows))
            .collect();
        assert_eq!(order, [(0, 0), (1, 0), (0, 1), (2, 0), (2, 1), (2, 2)]);

        let mut pieces = vec![1; BLOCK as usize + 1];
        pieces[BLOCK as usize - 1] = 4;
        let (order, _) = super::tests::order(&pieces, 16, 5, &Places::at(0));
        assert_eq!(order.last().map(|open| open.recording), Some(BLOCK));
        assert_eq!(order[order.len() - 2].rows, 3);
    }
}

//! Work that is begun by several workers and must be done in order.
//!
//! Whoever holds a ticket waits until all before it are through, or passes
//! without waiting. Items go to workers in order, so the holders of all tickets
//! before are at work, or have dropped theirs: a ticket that is dropped before it
//! is through tells those behind it that their turn never comes.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::budget::Cancelled;

/// Lets tickets through in the order of their numbers.
#[derive(Clone, Debug)]
pub struct Turnstile(Arc<Inner>);

/// One turn; the numbers of a turnstile's tickets leave out none.
#[derive(Debug)]
pub struct Ticket {
    stile: Arc<Inner>,
    turn: u64,
    through: bool,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// All before are through.
    next: u64,
    /// Later ones that are through.
    ahead: BTreeSet<u64>,
    /// The first that never will be.
    dropped: Option<u64>,
}

impl Turnstile {
    /// A turnstile whose first ticket is 0.
    pub fn new() -> Self {
        Self(Arc::default())
    }

    /// The ticket of a number; each is given once.
    pub fn ticket(&self, turn: u64) -> Ticket {
        Ticket {
            stile: Arc::clone(&self.0),
            turn,
            through: false,
        }
    }
}

impl Default for Turnstile {
    fn default() -> Self {
        Self::new()
    }
}

impl Ticket {
    /// Waits until all before are through.
    ///
    /// # Errors
    /// [`Cancelled`] where one of those never will be.
    pub fn wait(&self) -> Result<(), Cancelled> {
        let waits = |state: &mut State| {
            let never = state.dropped.is_some_and(|dropped| dropped < self.turn);
            state.next < self.turn && !never
        };
        let state = self.stile.changed.wait_while(self.stile.lock(), waits);
        let state = state.unwrap_or_else(PoisonError::into_inner);
        match state.next < self.turn {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }

    /// Goes through, whether all before are or not.
    pub fn pass(mut self) {
        self.through = true;
        let mut state = self.stile.lock();
        state.ahead.insert(self.turn);
        while state.ahead.first() == Some(&state.next) {
            state.ahead.pop_first();
            state.next += 1;
        }
        drop(state);
        self.stile.changed.notify_all();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.through {
            let mut state = self.stile.lock();
            let first = state
                .dropped
                .map_or(self.turn, |first| first.min(self.turn));
            state.dropped = Some(first);
            drop(state);
            self.stile.changed.notify_all();
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn turns_come_in_order_whoever_is_first() {
        let stile = Turnstile::new();
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for turn in (0..8).rev() {
                let (ticket, order) = (stile.ticket(turn), &order);
                scope.spawn(move || {
                    if turn % 3 != 1 {
                        ticket.wait().expect("nobody gives up");
                        order.lock().expect("no panic").push(turn);
                    }
                    ticket.pass();
                });
            }
        });
        assert_eq!(order.into_inner().expect("no panic"), [0, 2, 3, 5, 6]);
    }

    #[test]
    fn behind_a_dropped_ticket_no_turn_comes_and_before_it_all_do() {
        let stile = Turnstile::new();
        let tickets: Vec<Ticket> = (0..4).map(|turn| stile.ticket(turn)).collect();
        let [first, second, third, last] = <[Ticket; 4]>::try_from(tickets).expect("four");
        drop(third);
        assert_eq!(last.wait(), Err(Cancelled));
        thread::scope(|scope| {
            let waits = scope.spawn(|| second.wait());
            first.pass();
            assert_eq!(waits.join().expect("no panic"), Ok(()));
        });
    }
}

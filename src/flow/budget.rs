//! A budget of bytes: the bound on what large items take.
//!
//! Who takes of it opens an account, takes before it fills memory, and gives
//! back by dropping. Whoever holds the oldest account is never kept waiting, so
//! that somebody can always go on: no two wait for each other. The budget is
//! exceeded by what one account takes beyond it, where that alone is too much.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// So many bytes, which accounts share.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inner>);

/// What one item has taken of a [`Budget`]; dropping it gives all back.
#[derive(Debug)]
pub struct Account {
    budget: Arc<Inner>,
    ticket: u64,
    held: u64,
}

/// The flow was cancelled: what was waited for is not wanted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the flow was cancelled")]
pub struct Cancelled;

#[derive(Debug)]
struct Inner {
    total: u64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    used: u64,
    next_ticket: u64,
    /// The tickets of the accounts that are open.
    open: BTreeSet<u64>,
    closed: bool,
}

impl Budget {
    /// A budget of `total` bytes.
    pub fn new(total: u64) -> Self {
        Self(Arc::new(Inner {
            total,
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Opens an account, with nothing taken.
    pub fn open(&self) -> Account {
        let mut state = self.0.lock();
        let ticket = state.next_ticket;
        state.next_ticket += 1;
        state.open.insert(ticket);
        Account {
            budget: Arc::clone(&self.0),
            ticket,
            held: 0,
        }
    }

    /// Nothing is handed out any more: everybody who waits is told so.
    pub fn close(&self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }

    /// Bytes are handed out again, to the next flow.
    pub fn reopen(&self) {
        self.0.lock().closed = false;
    }

    /// Bytes that are taken.
    pub fn used(&self) -> u64 {
        self.0.lock().used
    }
}

impl Account {
    /// Takes bytes, as soon as there are so many left or this is the oldest
    /// account.
    ///
    /// # Errors
    /// [`Cancelled`] once the budget is closed.
    pub fn take(&mut self, bytes: u64) -> Result<(), Cancelled> {
        let waits = |state: &mut State| {
            let fits = state.used.saturating_add(bytes) <= self.budget.total;
            !fits && !state.closed && state.open.first() != Some(&self.ticket)
        };
        let state = self.budget.lock();
        let state = self.budget.changed.wait_while(state, waits);
        let mut state = state.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(Cancelled);
        }
        state.used += bytes;
        self.held += bytes;
        Ok(())
    }

    /// Gives back all but so many bytes.
    pub fn keep(&mut self, bytes: u64) {
        let given = self.held.saturating_sub(bytes);
        self.held -= given;
        self.budget.lock().used -= given;
        self.budget.changed.notify_all();
    }

    /// Bytes that it has taken.
    pub fn held(&self) -> u64 {
        self.held
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.used -= self.held;
        state.open.remove(&self.ticket);
        drop(state);
        self.budget.changed.notify_all();
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever accounts take in whatever steps, all of them get it, and no
        /// more is out than the budget and what the oldest takes beyond it.
        #[test]
        fn all_go_on_and_the_bound_holds(
            total in 0u64..100,
            wants in prop::collection::vec(prop::collection::vec(1u64..60, 1..6), 1..12),
        ) {
            let budget = Budget::new(total);
            let most = AtomicU64::new(0);
            let largest = wants.iter().map(|steps| steps.iter().sum()).max().unwrap_or(0);
            thread::scope(|scope| {
                for steps in &wants {
                    let (budget, most) = (&budget, &most);
                    scope.spawn(move || {
                        let mut account = budget.open();
                        for step in steps {
                            account.take(*step).expect("not closed");
                            most.fetch_max(budget.used(), Ordering::Relaxed);
                        }
                    });
                }
            });
            prop_assert_eq!(budget.used(), 0);
            // One was the oldest, ended, and left what it had taken beyond the
            // budget to none.
            prop_assert!(most.into_inner() <= total + largest);
        }
    }

    #[test]
    fn the_oldest_goes_on_and_others_wait_for_it() {
        let budget = Budget::new(10);
        let mut oldest = budget.open();
        let mut other = budget.open();
        other.take(10).expect("there is room");
        oldest.take(25).expect("the oldest never waits");
        assert_eq!((budget.used(), oldest.held()), (35, 25));
        oldest.keep(5);
        assert_eq!(budget.used(), 15);
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let mut third = budget.open();
                third.take(4).map(|()| budget.used())
            });
            drop(other);
            assert_eq!(waiter.join().expect("no panic"), Ok(9));
        });
    }

    #[test]
    fn closing_tells_those_who_wait() {
        let budget = Budget::new(1);
        let (_oldest, mut other) = (budget.open(), budget.open());
        thread::scope(|scope| {
            let waiter = scope.spawn(|| other.take(2));
            budget.close();
            assert_eq!(waiter.join().expect("no panic"), Err(Cancelled));
        });
        assert_eq!(budget.open().take(1), Err(Cancelled), "closed stays closed");
        budget.reopen();
        assert_eq!(budget.open().take(1), Ok(()));
    }
}

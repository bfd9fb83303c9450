//! How many workers of a stage may take items: a number that may change.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets the first workers of a stage through and parks the rest.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    open: usize,
    ended: bool,
}

impl Gate {
    /// Lets workers below `open` through; at least one.
    pub(super) fn new(open: usize) -> Self {
        let state = State {
            open: open.max(1),
            ended: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Whether worker `index` is let through.
    pub(super) fn is_open(&self, index: usize) -> bool {
        index < self.lock().open
    }

    /// Waits until worker `index` is let through, or there will be no more
    /// items.
    pub(super) fn wait(&self, index: usize) {
        let parked = |state: &mut State| index >= state.open && !state.ended;
        drop(self.changed.wait_while(self.lock(), parked));
    }

    /// Lets workers below `open` through from now on, at least one; tells
    /// whether that changes anything.
    pub(super) fn set(&self, open: usize) -> bool {
        let mut state = self.lock();
        let open = open.max(1);
        if state.ended || open == state.open {
            return false;
        }
        state.open = open;
        self.changed.notify_all();
        true
    }

    /// There will be no more items: wakes everybody, and changes no more.
    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// How many are let through, or were until the end.
    pub(super) fn open(&self) -> usize {
        self.lock().open
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

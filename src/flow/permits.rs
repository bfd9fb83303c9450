//! A fixed number of permits: the bound on what is in flight.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A fixed number of permits, handed out and given back.
#[derive(Clone, Debug)]
pub struct Permits(Arc<Inner>);

/// One permit; dropping it gives it back.
#[derive(Debug)]
pub struct Permit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    total: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    free: usize,
    closed: bool,
}

impl Permits {
    /// `total` permits, at least one.
    pub fn new(total: usize) -> Self {
        let total = total.max(1);
        let state = State {
            free: total,
            closed: false,
        };
        Self(Arc::new(Inner {
            total,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// Waits for a permit; `None` once the permits are closed.
    pub fn acquire(&self) -> Option<Permit> {
        let mut state = self
            .0
            .changed
            .wait_while(self.0.lock(), |state| state.free == 0 && !state.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return None;
        }
        state.free -= 1;
        Some(Permit(Arc::clone(&self.0)))
    }

    /// Hands out no more permits and wakes everybody who waits for one.
    pub fn close(&self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.0.total
    }

    /// How many are handed out.
    pub fn in_use(&self) -> usize {
        self.0.total - self.0.lock().free
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.lock().free += 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is taken and given back, as many are in use as are held,
        /// and never more than the total.
        #[test]
        fn in_use_is_what_is_held(total in 1usize..8, steps in prop::collection::vec(any::<(bool, u8)>(), 0..60)) {
            let permits = Permits::new(total);
            let mut held = Vec::new();
            for (take, which) in steps {
                if take && held.len() < total {
                    held.push(permits.acquire().expect("open"));
                } else if !held.is_empty() {
                    held.swap_remove(usize::from(which) % held.len());
                }
                prop_assert_eq!(permits.in_use(), held.len());
            }
            drop(held);
            prop_assert_eq!(permits.in_use(), 0);
        }
    }

    #[test]
    fn close_wakes_a_waiter() {
        let permits = Permits::new(1);
        let held = permits.acquire();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| permits.acquire().is_none());
            permits.close();
            assert!(waiter.join().expect("no panic"));
        });
        drop(held);
        assert!(permits.acquire().is_none(), "closed stays closed");
    }
}

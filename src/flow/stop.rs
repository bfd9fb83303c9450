//! The one mechanism that ends a flow early: a limit on sequence numbers.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::budget::Budget;
use super::error::FlowError;
use super::facts::Seq;
use super::permits::Permits;

/// Items at or beyond the limit are dropped, those before it are finished.
#[derive(Debug)]
pub(super) struct Stop {
    limit: AtomicU64,
    cause: Mutex<Option<FlowError>>,
    permits: Permits,
    budget: Option<Budget>,
}

impl Stop {
    /// No limit; `permits` are closed when there is one, and `budget` where it is
    /// zero: those who wait in items before the limit must go on.
    pub(super) fn new(permits: Permits, budget: Option<Budget>) -> Self {
        Self {
            limit: AtomicU64::new(Seq::MAX),
            cause: Mutex::new(None),
            permits,
            budget,
        }
    }

    pub(super) fn limit(&self) -> Seq {
        self.limit.load(Ordering::Acquire)
    }

    /// Ends the flow because of `cause`. Of several failing items the earliest
    /// in order is the cause, whichever thread was first; otherwise the first
    /// to come stays.
    pub(super) fn stop(&self, cause: FlowError) {
        let mut current = self.cause();
        let replaces = match (&*current, item(&cause)) {
            (None, _) => true,
            (Some(earlier), Some(seq)) => item(earlier).is_some_and(|earlier| seq < earlier),
            (Some(_), None) => false,
        };
        self.limit
            .fetch_min(item(&cause).unwrap_or(0), Ordering::AcqRel);
        if replaces {
            *current = Some(cause);
        }
        drop(current);
        self.permits.close();
        if self.limit() == 0
            && let Some(budget) = &self.budget
        {
            budget.close();
        }
    }

    pub(super) fn into_cause(self) -> Option<FlowError> {
        self.cause
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn cause(&self) -> MutexGuard<'_, Option<FlowError>> {
        self.cause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The item that a cause is about; a cause about none ends the flow at once.
fn item(cause: &FlowError) -> Option<Seq> {
    match cause {
        FlowError::Failed { seq, .. } | FlowError::Panicked { seq, .. } => Some(*seq),
        FlowError::Start { .. } | FlowError::NoThread(_) | FlowError::Cancelled => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(seq: Seq) -> FlowError {
        FlowError::Failed {
            stage: "a",
            seq,
            focus: None,
            source: "bad".into(),
        }
    }

    #[test]
    fn the_earliest_item_is_the_cause_whoever_comes_first() {
        let stop = Stop::new(Permits::new(1), None);
        for seq in [7, 3, 5] {
            stop.stop(failed(seq));
        }
        assert_eq!(stop.limit(), 3);
        assert!(matches!(
            stop.into_cause(),
            Some(FlowError::Failed { seq: 3, .. })
        ));
    }

    #[test]
    fn a_cancel_does_not_hide_a_failure_nor_a_failure_a_cancel() {
        let stop = Stop::new(Permits::new(1), None);
        stop.stop(failed(7));
        stop.stop(FlowError::Cancelled);
        assert_eq!(stop.limit(), 0);
        assert!(matches!(
            stop.into_cause(),
            Some(FlowError::Failed { seq: 7, .. })
        ));

        let stop = Stop::new(Permits::new(1), None);
        stop.stop(FlowError::Cancelled);
        stop.stop(failed(0));
        assert!(matches!(stop.into_cause(), Some(FlowError::Cancelled)));
    }
}

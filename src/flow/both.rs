//! Two things at once.

use std::panic::resume_unwind;
use std::thread;

/// Does two things, the first on a thread of its own where one is to be had. A panic of
/// either is the caller's.
pub fn both<A: Send, B>(first: impl Fn() -> A + Sync, second: impl FnOnce() -> B) -> (A, B) {
    thread::scope(|scope| {
        let beside = thread::Builder::new().spawn_scoped(scope, &first);
        let second = second();
        let first = match beside {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => first(),
        };
        (first, second)
    })
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn both_are_done_and_panics_are_passed_on() {
        let here = thread::current().id();
        let (there, sum) = both(|| thread::current().id(), || 1 + 2);
        assert_eq!(sum, 3);
        assert_ne!(there, here);
        assert!(catch_unwind(|| both(|| panic!("first"), || 1)).is_err());
        assert!(catch_unwind(|| both(|| 1, || panic!("second"))).is_err());
    }
}

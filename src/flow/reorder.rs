//! The reorder buffer: out of order in, in order out. Pure.

use std::collections::VecDeque;

use super::facts::Seq;

/// Holds items back until all before them have come.
#[derive(Debug)]
pub struct Reorder<T> {
    next: Seq,
    /// Slot `i` is for sequence number `next + i`.
    slots: VecDeque<Option<T>>,
    pending: usize,
}

/// A sequence number came twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("sequence number {0} came twice")]
pub struct Repeated(pub Seq);

impl<T> Default for Reorder<T> {
    fn default() -> Self {
        Self {
            next: 0,
            slots: VecDeque::new(),
            pending: 0,
        }
    }
}

impl<T> Reorder<T> {
    /// Takes the item with sequence number `seq`.
    pub fn push(&mut self, seq: Seq, item: T) -> Result<(), Repeated> {
        let Some(slot) = seq.checked_sub(self.next) else {
            return Err(Repeated(seq));
        };
        let slot = slot as usize;
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, || None);
        }
        if self.slots[slot].is_some() {
            return Err(Repeated(seq));
        }
        self.slots[slot] = Some(item);
        self.pending += 1;
        Ok(())
    }

    /// The next item in order, if it has come.
    pub fn pop(&mut self) -> Option<(Seq, T)> {
        self.slots.front()?.as_ref()?;
        let item = self.slots.pop_front()??;
        let seq = self.next;
        self.next += 1;
        self.pending -= 1;
        Some((seq, item))
    }

    /// The sequence number that `pop` waits for.
    pub fn next(&self) -> Seq {
        self.next
    }

    /// How many items are held.
    pub fn pending(&self) -> usize {
        self.pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn permutation() -> impl Strategy<Value = Vec<Seq>> {
        (0u64..200).prop_flat_map(|n| Just((0..n).collect::<Vec<_>>()).prop_shuffle())
    }

    proptest! {
        /// Any order in is the one order out, each item exactly once, and none
        /// is held that could go.
        #[test]
        fn any_order_in_is_in_order_out(order in permutation()) {
            let mut reorder = Reorder::default();
            let mut out = Vec::new();
            for (pushed, &seq) in order.iter().enumerate() {
                reorder.push(seq, seq * 10).expect("each comes once");
                while let Some((at, item)) = reorder.pop() {
                    prop_assert_eq!(item, at * 10);
                    out.push(at);
                }
                prop_assert_eq!(reorder.pending(), pushed + 1 - out.len());
                prop_assert!(!order[..=pushed].contains(&reorder.next()));
            }
            prop_assert_eq!(out, (0..order.len() as u64).collect::<Vec<_>>());
        }

        #[test]
        fn a_repeat_is_refused_and_changes_nothing(order in permutation(), again in any::<prop::sample::Index>()) {
            prop_assume!(!order.is_empty());
            let mut reorder = Reorder::default();
            for &seq in &order {
                reorder.push(seq, ()).expect("each comes once");
                reorder.pop();
            }
            let seq = *again.get(&order);
            let before = (reorder.next(), reorder.pending());
            prop_assert_eq!(reorder.push(seq, ()), Err(Repeated(seq)));
            prop_assert_eq!((reorder.next(), reorder.pending()), before);
        }
    }
}

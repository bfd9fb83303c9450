//! A free-list of buffers that travel through the flow and come back.

use std::sync::Arc;

use crossbeam::queue::ArrayQueue;

/// A bounded, lock-free list of used buffers, shared by the stage that fills
/// them and the stage that empties them. Large allocations go to the operating
/// system and back each time; a recycled buffer costs nothing.
#[derive(Debug)]
pub struct Recycler<T>(Arc<ArrayQueue<Vec<T>>>);

impl<T> Recycler<T> {
    /// Keeps up to `capacity` buffers.
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(ArrayQueue::new(capacity.max(1))))
    }

    /// An empty buffer, used before if there is one.
    pub fn take(&self) -> Vec<T> {
        self.0.pop().unwrap_or_default()
    }

    /// Gives a buffer back; it is freed if the list is full.
    pub fn give(&self, mut buffer: Vec<T>) {
        buffer.clear();
        // A full list hands the buffer back, and dropping it is what we want.
        drop(self.0.push(buffer));
    }
}

impl<T> Clone for Recycler<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_with_its_memory() {
        let recycler = Recycler::new(1);
        recycler.give(vec![1, 2, 3]);
        recycler.give(vec![4; 100]);
        let buffer = recycler.take();
        assert!(buffer.is_empty());
        assert_eq!(buffer.capacity(), 3, "the second one found the list full");
        assert_eq!(recycler.take().capacity(), 0);
    }
}

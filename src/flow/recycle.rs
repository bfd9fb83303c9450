//! A free-list of buffers that travel through the flow and come back.

use std::sync::Arc;

use crossbeam::queue::ArrayQueue;

/// A bounded, lock-free list of used buffers, shared by the stage that fills
/// them and the stage that empties them. Large allocations go to the operating
/// system and back each time; a recycled buffer costs nothing.
#[derive(Debug)]
pub struct Recycler<T> {
    buffers: Arc<ArrayQueue<Vec<T>>>,
    longest: usize,
}

impl<T> Recycler<T> {
    /// Keeps up to `capacity` buffers with room for at most `longest` values.
    pub fn new(capacity: usize, longest: usize) -> Self {
        Self {
            buffers: Arc::new(ArrayQueue::new(capacity.max(1))),
            longest,
        }
    }

    /// An empty buffer, used before if there is one.
    pub fn take(&self) -> Vec<T> {
        self.buffers.pop().unwrap_or_default()
    }

    /// Gives a buffer back; it is freed if the list is full, or if it is longer
    /// than what is kept: else a few long clips would leave every buffer long.
    pub fn give(&self, mut buffer: Vec<T>) {
        if buffer.capacity() > self.longest {
            return;
        }
        buffer.clear();
        // A full list hands the buffer back, and dropping it is what we want.
        drop(self.buffers.push(buffer));
    }
}

impl<T> Clone for Recycler<T> {
    fn clone(&self) -> Self {
        Self {
            buffers: Arc::clone(&self.buffers),
            longest: self.longest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_empty_with_its_memory() {
        let recycler = Recycler::new(1, 100);
        recycler.give(vec![1, 2, 3]);
        recycler.give(vec![4; 100]);
        let buffer = recycler.take();
        assert!(buffer.is_empty());
        assert_eq!(buffer.capacity(), 3, "the second one found the list full");
        assert_eq!(recycler.take().capacity(), 0);
    }

    #[test]
    fn a_long_buffer_is_not_kept() {
        let recycler = Recycler::new(1, 100);
        recycler.give(vec![1; 101]);
        assert_eq!(recycler.take().capacity(), 0);
    }
}

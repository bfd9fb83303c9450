//! A bounded channel from a flow to a caller.

use std::time::Duration;

/// The end that the flow has.
#[derive(Debug)]
pub struct Sender<T>(flume::Sender<T>);

/// The end that the caller has: gives what was sent, in order, until no sender
/// is left.
#[derive(Debug)]
pub struct Receiver<T>(flume::Receiver<T>);

/// Nobody is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody is at the other end any more")]
pub struct Closed;

/// A channel in which up to `capacity` items wait; at least one.
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = flume::bounded(capacity.max(1));
    (Sender(sender), Receiver(receiver))
}

impl<T> Sender<T> {
    /// Sends an item, as soon as there is room for it.
    ///
    /// # Errors
    /// [`Closed`]: the receiver was dropped, also while this waited for room.
    pub fn send(&self, item: T) -> Result<(), Closed> {
        self.0.send(item).map_err(|_| Closed)
    }
}

impl<T> Receiver<T> {
    /// The next item, or `None` where none came in this time.
    ///
    /// # Errors
    /// [`Closed`]: none will come any more.
    pub fn within(&self, time: Duration) -> Result<Option<T>, Closed> {
        match self.0.recv_timeout(time) {
            Ok(item) => Ok(Some(item)),
            Err(flume::RecvTimeoutError::Timeout) => Ok(None),
            Err(flume::RecvTimeoutError::Disconnected) => Err(Closed),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Iterator for Receiver<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Background;

    #[test]
    fn items_come_in_order_until_the_last_sender_is_gone() {
        let (sender, receiver) = channel(3);
        let other = sender.clone();
        sender.send(1).unwrap();
        other.send(2).unwrap();
        drop((sender, other));
        assert_eq!(receiver.collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn a_sender_that_waits_for_room_hears_that_the_receiver_is_gone() {
        let (sender, receiver) = channel(1);
        let _ends = Background::start("sender", move || while sender.send(0).is_ok() {});
        drop(receiver);
    }
}

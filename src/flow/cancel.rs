//! Asking a flow to stop, from outside.

use std::time::Duration;

use crossbeam::channel::{Receiver, Sender, bounded};

/// Asks a flow to stop; clones ask the same flow.
#[derive(Clone, Debug)]
pub struct Cancel(Sender<()>);

/// The flow's end of a [`Cancel`].
#[derive(Clone, Debug)]
pub struct CancelToken(Receiver<()>);

impl Cancel {
    /// A pair of ends.
    pub fn new() -> (Self, CancelToken) {
        let (sender, receiver) = bounded(1);
        (Self(sender), CancelToken(receiver))
    }

    /// Asks the flow to stop; asking twice is asking once.
    pub fn cancel(&self) {
        // A full channel means that somebody has asked already.
        let _ = self.0.try_send(());
    }
}

impl CancelToken {
    /// Waits until somebody asks, or the time has passed; tells whether
    /// somebody asked. What a flow has heard is not heard again.
    pub fn wait(&self, time: Duration) -> bool {
        self.0.recv_timeout(time).is_ok()
    }

    /// Becomes ready when somebody asks, and errs when nobody can any more.
    pub(super) fn receiver(&self) -> &Receiver<()> {
        &self.0
    }
}

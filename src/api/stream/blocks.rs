//! The rows of a build as they are made, for a caller instead of a folder.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::build::{BuildError, Ready, Watch};
use crate::dataset::write::WriteError;
use crate::dataset::{RowBlock, RowSink};
use crate::flow::{Background, Cancel, CancelToken, Receiver, Sender, channel};

/// The blocks of rows of a build, in the order of its splits and clips. A clip
/// that is left out is in its block, with the reason.
///
/// The build goes on in the background, at most a few blocks ahead of its
/// caller; it ends when this is dropped.
pub struct Blocks {
    // Dropped in this order: the build cannot end while it waits for room.
    receiver: Receiver<Message>,
    cancel: Cancel,
    _build: Background,
    ended: bool,
}

/// What there is of a build within a time.
pub(super) enum Within {
    Block(RowBlock),
    /// Nothing yet.
    Later,
    /// It has ended.
    End,
}

/// What the build tells its caller.
enum Message {
    Block(RowBlock),
    End(Result<(), BuildError>),
}

/// Runs a build into an iterator; up to `ahead` blocks wait for the caller.
///
/// # Errors
/// No more threads to be had.
pub fn stream(ready: Arc<Ready>, watch: Arc<dyn Watch>, ahead: usize) -> io::Result<Blocks> {
    Blocks::start(ahead, move |sink, token| ready.stream(sink, &*watch, token))
}

impl Blocks {
    /// Starts a build in the background that gives its blocks to a sink.
    pub(super) fn start(
        ahead: usize,
        build: impl FnOnce(&mut dyn RowSink, &CancelToken) -> Result<(), BuildError> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, receiver) = channel(ahead);
        let (cancel, token) = Cancel::new();
        let mut sink = ToCaller {
            sender,
            cancel: cancel.clone(),
        };
        let build = Background::start("stream", move || {
            let ended = build(&mut sink, &token);
            // A caller that has gone need not know how it ended.
            let _ = sink.sender.send(Message::End(ended));
        })?;
        Ok(Self {
            receiver,
            cancel,
            _build: build,
            ended: false,
        })
    }

    /// The next block, if it comes in this time.
    pub(super) fn within(&mut self, time: Duration) -> Result<Within, BuildError> {
        match self.receiver.within(time) {
            Ok(Some(Message::Block(block))) => Ok(Within::Block(block)),
            Ok(None) => Ok(Within::Later),
            Ok(Some(Message::End(Ok(())))) => Ok(Within::End),
            Ok(Some(Message::End(Err(error)))) => Err(error),
            Err(_) => Err(BuildError::BrokenOff),
        }
    }
}

impl Iterator for Blocks {
    type Item = Result<RowBlock, BuildError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let last = match self.receiver.next() {
            Some(Message::Block(block)) => return Some(Ok(block)),
            Some(Message::End(ended)) => ended.err(),
            // It panicked: that must not look like the last row.
            None => Some(BuildError::BrokenOff),
        };
        self.ended = true;
        last.map(Err)
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Hands blocks to a caller.
struct ToCaller {
    sender: Sender<Message>,
    cancel: Cancel,
}

impl RowSink for ToCaller {
    fn take(&mut self, block: RowBlock, _: &mut dyn FnMut(&Arc<str>)) -> Result<(), WriteError> {
        if self.sender.send(Message::Block(block)).is_err() {
            self.cancel.cancel();
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

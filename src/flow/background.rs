//! A thread beside the flow.

use std::io;
use std::thread::{self, JoinHandle};

/// A thread that does something beside the flow; waited for when dropped, so
/// whoever owns it has to make it end first.
#[derive(Debug)]
pub struct Background(Option<JoinHandle<()>>);

impl Background {
    /// Starts a thread with a name.
    ///
    /// # Errors
    /// No more threads to be had.
    pub fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self(Some(thread)))
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            // A panic in it has been shown where it happened.
            let _ = thread.join();
        }
    }
}

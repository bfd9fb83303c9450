//! Long work that Ctrl-C ends.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use wakemill::api::Cancel;

use crate::error::BuildError;

/// Time between two looks for a signal.
pub const LOOK: Duration = Duration::from_millis(50);
/// How long work that was told to end may take until it is left to itself.
const PATIENCE: Duration = Duration::from_millis(800);

/// Does work on another thread and waits for it without the interpreter's lock.
/// A signal whose handler raises cancels the work, and is raised; what has not
/// ended soon after goes on to its end unheard.
pub fn interruptible<T: Send + 'static>(
    py: Python<'_>,
    cancel: Option<&Cancel>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (tell, told) = mpsc::channel();
    thread::Builder::new()
        .name("wakemill".to_owned())
        .spawn(move || {
            // Whoever waited may have gone.
            let _ = tell.send(work());
        })
        .map_err(|error| BuildError::new_err(format!("cannot start a thread: {error}")))?;
    // A receiver is for one thread, and this is the only one that has it.
    let told = Mutex::new(told);
    let wait = || {
        let told = told.lock().unwrap_or_else(PoisonError::into_inner);
        told.recv_timeout(LOOK)
    };
    loop {
        match py.detach(wait) {
            Ok(done) => return Ok(done),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(BuildError::new_err(
                    "wakemill panicked: this is a bug in it",
                ));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Err(raised) = py.check_signals() {
            cancel.into_iter().for_each(Cancel::cancel);
            let since = Instant::now();
            while since.elapsed() < PATIENCE
                && matches!(py.detach(wait), Err(RecvTimeoutError::Timeout))
            {}
            return Err(raised);
        }
    }
}

//! Long work that Ctrl-C ends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

/// Longest that the interpreter's end waits for threads to come back.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Threads that work without the interpreter's lock.
static AWAY: AtomicUsize = AtomicUsize::new(0);
/// Whether the interpreter is about to end.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Does short work without the interpreter's lock, unless the interpreter is about
/// to end: it would end a thread that comes back too late in the middle of native
/// code, which no Rust survives.
pub fn away<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    // Whoever holds the lock sees both as they are.
    if ENDING.load(Ordering::SeqCst) {
        return Err(BuildError::new_err("the interpreter is ending"));
    }
    AWAY.fetch_add(1, Ordering::SeqCst);
    let done = py.detach(work);
    AWAY.fetch_sub(1, Ordering::SeqCst);
    Ok(done)
}

/// Lets no thread go any more, and waits for those that are away: what the
/// interpreter does before it ends.
#[pyfunction]
pub fn end(py: Python<'_>) {
    ENDING.store(true, Ordering::SeqCst);
    let since = Instant::now();
    while AWAY.load(Ordering::SeqCst) > 0 && since.elapsed() < LAST_WAIT {
        py.detach(|| thread::sleep(Duration::from_millis(1)));
    }
}

/// Forgets the threads that are away: in a process just forked there are none.
#[pyfunction]
pub fn forked() {
    AWAY.store(0, Ordering::SeqCst);
}

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
        let waited = away(py, wait).inspect_err(|_| cancel.into_iter().for_each(Cancel::cancel))?;
        match waited {
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
                && matches!(away(py, wait), Ok(Err(RecvTimeoutError::Timeout)))
            {}
            return Err(raised);
        }
    }
}

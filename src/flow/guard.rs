//! Calling what may fail or panic.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::{BoxError, FlowError};
use super::facts::Seq;
use super::stage::Focus;

/// Why a call did not end well.
pub(super) enum Trouble {
    Error(BoxError),
    Panic(String),
}

impl Trouble {
    pub(super) fn at(self, stage: &'static str, seq: Seq, focus: &mut Focus) -> FlowError {
        let focus = focus.take();
        match self {
            Trouble::Error(source) => FlowError::Failed {
                stage,
                seq,
                focus,
                source,
            },
            Trouble::Panic(message) => FlowError::Panicked {
                stage,
                seq,
                focus,
                message,
            },
        }
    }

    pub(super) fn into_error(self) -> BoxError {
        match self {
            Trouble::Error(error) => error,
            Trouble::Panic(message) => format!("panicked: {message}").into(),
        }
    }
}

/// Calls `work`, and catches its panic.
pub(super) fn guard<T>(work: impl FnOnce() -> Result<T, BoxError>) -> Result<T, Trouble> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(Trouble::Error),
        Err(panic) => Err(Trouble::Panic(message(panic.as_ref()))),
    }
}

/// Calls what is only told something, and lets its panic be its own: the panic
/// hook has shown it, and what is told of goes on.
pub fn shelter(tell: impl FnOnce()) {
    // What the panic left half done is the listener's.
    let _ = catch_unwind(AssertUnwindSafe(tell));
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
        .to_owned()
}

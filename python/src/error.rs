//! Errors as exceptions, with the command line's texts.

use std::error::Error as StdError;

use pyo3::create_exception;
use pyo3::exceptions::{PyException, PyKeyboardInterrupt};
use pyo3::prelude::*;
use wakemill::api::{self, Fault};

create_exception!(
    wakemill,
    Error,
    PyException,
    "Something that wakemill could not do: the base of its exceptions."
);
create_exception!(
    wakemill,
    UsageError,
    Error,
    "A setting, an argument or an input has to be changed before any work can start."
);
create_exception!(
    wakemill,
    BuildError,
    Error,
    "Something failed on the way; what was built is kept, where the text says so."
);

/// An error as the exception that it is.
pub fn raise(error: &(dyn StdError + 'static)) -> PyErr {
    let text = api::explain(error);
    match Fault::of_any(error) {
        Some(Fault::Usage) => UsageError::new_err(text),
        Some(Fault::Interrupt) => PyKeyboardInterrupt::new_err(text),
        Some(Fault::Failure) | None => BuildError::new_err(text),
    }
}

/// What fails as an exception.
pub trait Raise<T> {
    /// The error as an exception.
    fn or_raise(self) -> PyResult<T>;
}

impl<T, E: StdError + 'static> Raise<T> for Result<T, E> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|error| raise(&error))
    }
}

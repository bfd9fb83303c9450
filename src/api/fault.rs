//! Whose fault an error is, and what it says.

use std::error::Error;

use super::embed::EmbedError;
use crate::build::BuildError;
use crate::config::ConfigError;
use crate::dataset::inspect::InspectError;
use crate::eval::EvalError;
use crate::metrics::MetricsError;
use crate::runtime::ModelError;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The caller has to change a setting, a flag or an input before any work
    /// can start.
    Usage,
    /// Something failed on the way.
    Failure,
    /// Somebody asked for the end.
    Interrupt,
}

impl Fault {
    /// Whose fault an error of this crate is; `None` for any other.
    pub fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        if error.is::<ConfigError>() || error.is::<MetricsError>() {
            return Some(Self::Usage);
        }
        if let Some(error) = error.downcast_ref::<BuildError>() {
            return Some(Self::new(error.is_usage(), error.is_cancelled()));
        }
        if let Some(error) = error.downcast_ref::<EvalError>() {
            return Some(Self::new(error.is_usage(), error.is_cancelled()));
        }
        if let Some(error) = error.downcast_ref::<EmbedError>() {
            return Some(Self::new(error.is_usage(), false));
        }
        if let Some(error) = error.downcast_ref::<ModelError>() {
            return Some(Self::new(error.is_usage(), false));
        }
        let error = error.downcast_ref::<InspectError>()?;
        Some(Self::new(error.is_usage(), false))
    }

    /// Whose fault an error is, by itself or the first of its causes that says so.
    pub fn of_any(error: &(dyn Error + 'static)) -> Option<Self> {
        causes(error).find_map(Self::of)
    }

    fn new(usage: bool, interrupt: bool) -> Self {
        match (interrupt, usage) {
            (true, _) => Self::Interrupt,
            (_, true) => Self::Usage,
            _ => Self::Failure,
        }
    }
}

/// An error with its causes, each said once.
pub fn explain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

/// An error and what it comes from.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

//! Whose fault an error is.

use std::error::Error;

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
        if let Some(error) = error.downcast_ref::<ModelError>() {
            return Some(Self::new(error.is_usage(), false));
        }
        let error = error.downcast_ref::<InspectError>()?;
        Some(Self::new(error.is_usage(), false))
    }

    fn new(usage: bool, interrupt: bool) -> Self {
        match (interrupt, usage) {
            (true, _) => Self::Interrupt,
            (_, true) => Self::Usage,
            _ => Self::Failure,
        }
    }
}

//! Worker counts that find their place: the governor of real builds, on flows
//! with known costs and a virtual clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod convergence;
mod simulator;

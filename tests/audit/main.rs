//! The audit, through the program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod finished;
mod rules;
mod same;
mod scores;
mod support;

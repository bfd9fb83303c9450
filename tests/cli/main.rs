//! The program from outside: real clips, real models, real processes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod chain;
mod deaf;
mod determinism;
mod elsewhere;
mod errors;
mod fetch;
mod interrupt;
mod memory;
mod quickstart;
mod support;
mod tune;

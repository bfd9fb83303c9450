//! The program from outside: real clips, real models, real processes.

mod determinism;
mod errors;
mod interrupt;
mod memory;
mod quickstart;
mod support;
mod tune;

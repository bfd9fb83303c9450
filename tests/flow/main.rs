//! The dataflow runtime, by behaviour, with small made-up stages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod backpressure;
mod ordering;
mod resizing;
mod shutdown;
mod support;

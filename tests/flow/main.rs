//! The dataflow runtime, by behaviour, with small made-up stages.

mod backpressure;
mod ordering;
mod shutdown;
mod support;

//! The dataflow runtime, by behaviour, with small made-up stages.

mod backpressure;
mod ordering;
mod resizing;
mod shutdown;
mod support;

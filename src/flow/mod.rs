//! The generic dataflow runtime.

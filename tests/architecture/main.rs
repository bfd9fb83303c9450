//! The rooms of the crate docs, held against the source.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod circles;
mod layers;
mod source;

//! An interrupted build is completed to the bytes of one that was not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod guard;
mod kill;
mod panics;
mod steps;
mod support;

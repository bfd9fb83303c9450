//! The effects of openWakeWord's chain, each alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../livekit/bounds.rs"]
mod bounds;
mod golden;
mod statistics;
mod support;

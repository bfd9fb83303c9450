//! openWakeWord's flow: its training configurations from end to end, and the effects
//! of its chain, each alone. `tests/parity/oww_parity.py` holds rows against the
//! Python originals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../livekit/bounds.rs"]
mod bounds;
mod flow;
mod golden;
mod project;
mod statistics;
mod support;

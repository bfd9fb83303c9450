//! livekit-wakeword configurations from end to end: which files, which rows,
//! which numbers. `tests/parity` holds the same against the Python originals.

#![allow(clippy::unwrap_used, clippy::panic)]

mod bounds;
mod golden;
mod inspect;
mod layout;
mod statistics;
mod support;

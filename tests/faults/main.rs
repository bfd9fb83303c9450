//! Whatever befalls a build, it ends in a complete data set or in a state that
//! `--resume` completes, and says what happened. The table is in
//! `src/build/faults.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod found;
mod input;
mod machine;
mod sounds;
#[path = "../resume/support.rs"]
mod support;
mod table;

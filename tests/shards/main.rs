//! A build in shards, on any number of machines, is the bytes of one build, or says
//! what is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bytes;
mod planned;
mod platform;
mod recordings;
mod refused;
#[path = "../resume/support.rs"]
#[allow(dead_code, reason = "made for other tests")]
mod sounds;
mod support;
mod unfinished;

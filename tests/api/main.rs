//! The library as somebody else's program uses it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
#[path = "../resume/support.rs"]
mod support;

mod feed;
mod stream;

//! Writing to a terminal, or whatever stands in its place.
//!
//! `println!` and `eprintln!` panic where the reader is gone or the disk is
//! full. What is only told must never end what it tells of.

use std::fmt;
use std::io::{self, Write};

/// Standard output takes no more.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
pub(super) struct OutputError(#[from] io::Error);

impl OutputError {
    /// Whether the reader has seen enough, as `head` has.
    pub(super) fn is_reader_gone(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Tells the user something on standard error, if anybody is there to hear it.
pub(super) fn tell(text: impl fmt::Display) {
    // One write a line, so that lines of several threads stay whole.
    let line = format!("{text}\n");
    let _ = io::stderr().lock().write_all(line.as_bytes());
}

/// Writes a result to standard output as it is.
///
/// # Errors
/// Standard output takes no more.
pub(super) fn print(text: impl fmt::Display) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    write!(out, "{text}")?;
    Ok(out.flush()?)
}

/// Writes a line of a result to standard output.
///
/// # Errors
/// Standard output takes no more.
pub(super) fn line(text: impl fmt::Display) -> Result<(), OutputError> {
    print(format_args!("{text}\n"))
}

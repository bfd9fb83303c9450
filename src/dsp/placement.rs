//! Placing a clip in a window of fixed length.

use serde::Serialize;

/// Where a clip goes in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// At the end, less a random jitter: for wake words.
    End,
    /// In the middle: for everything else.
    Center,
}

/// One drawn placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Placement {
    /// The clip ends `jitter` samples before the window does.
    End {
        /// Samples between the clip's end and the window's.
        jitter: u32,
    },
    /// The clip's centre is the window's.
    Center,
}

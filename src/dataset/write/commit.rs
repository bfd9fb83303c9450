//! What a commit says.

use serde::{Deserialize, Serialize};

use crate::dataset::found::Found;
use crate::dataset::partial::Committed;

/// How far the files have come: everything before `spans` is in them and on
/// the disk, each span as rows or as a line in `quarantine.jsonl`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Commit {
    /// Spans of all splits, in order.
    pub spans: u64,
    /// What each split has come to.
    pub splits: Vec<SplitCommit>,
    /// `rows.jsonl`, where it is written.
    pub lines: Option<Committed>,
    /// `quarantine.jsonl`.
    pub quarantine: Committed,
}

/// How far one split has come.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitCommit {
    /// Rows in the feature file.
    pub rows: u64,
    /// Spans left out.
    pub left_out: u64,
    /// What was found out about its clips.
    #[serde(default, skip_serializing_if = "Found::is_empty")]
    pub found: Found,
    /// The data in the feature file, without its header.
    pub data: Committed,
}

impl Commit {
    /// Rows, of all splits.
    pub fn rows(&self) -> u64 {
        self.splits.iter().map(|split| split.rows).sum()
    }

    /// Spans left out, of all splits.
    pub fn left_out(&self) -> u64 {
        self.splits.iter().map(|split| split.left_out).sum()
    }
}

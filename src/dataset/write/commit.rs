//! What a commit says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dataset::audit::AuditCommit;
use crate::dataset::found::Found;
use crate::dataset::manifest::Hours;
use crate::dataset::partial::Committed;
use crate::records::{Ended, Places};

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
    /// `recordings.jsonl`, where there are recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recordings: Option<Committed>,
    /// The audit's files, where there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit: Option<AuditCommit>,
    /// How far the turns of a split's recordings have come, where one is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<TurnsCommit>,
}

/// How far the turns of a split's recordings have come.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct TurnsCommit {
    /// Index of the split.
    pub split: usize,
    /// What is in the places.
    pub places: Places,
    /// Recordings of the split that have a line.
    pub lines: u32,
    /// Those that have come to their end before one listed before them.
    pub ended: BTreeMap<u32, Ended>,
    /// Rows that could not be made, of recordings that are open.
    #[serde(default)]
    pub unmade: BTreeMap<u32, u64>,
}

/// How far one split has come.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitCommit {
    /// Rows in the feature file.
    pub rows: u64,
    /// Spans left out.
    pub left_out: u64,
    /// Those of them that a rule of the audit left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unwanted: u64,
    /// What the audit found of its clips and rows.
    #[serde(default, skip_serializing_if = "Found::is_empty")]
    pub audit: Found,
    /// What was found out about its clips.
    #[serde(default, skip_serializing_if = "Found::is_empty")]
    pub found: Found,
    /// The data in the feature file, without its header.
    pub data: Committed,
    /// The index of its rows, where it has recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<Committed>,
    /// What its recordings have come to, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recordings: Option<Hours>,
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

    /// Those that could not be processed: what a rule left out is not among them.
    pub fn failed(&self) -> u64 {
        let splits = self.splits.iter();
        splits.map(|split| split.left_out - split.unwanted).sum()
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

//! The names of what is in an output folder.

/// What was built, from what, by what, and how fast; written last.
pub const DATASET_FILE: &str = "dataset.json";
/// One line a row.
pub const ROWS_FILE: &str = "rows.jsonl";
/// One line a recording, and a part of one that was listed.
pub const RECORDINGS_FILE: &str = "recordings.jsonl";
/// Samples of one step of an index of rows: as embeddings follow each other.
pub const INDEX_STEP: u64 = 1280;
/// One line a clip left out.
pub const QUARANTINE_FILE: &str = "quarantine.jsonl";
/// One line a finding of the audit.
pub const AUDIT_FILE: &str = "audit.jsonl";
/// What the audit of the whole set knows of each clip: hash, print and length.
pub const AUDIT_FACTS_FILE: &str = "audit.npy";
/// One line a negative row of those that the audit's classifier scores highest.
pub const HARD_FILE: &str = "hard.jsonl";
/// What that is made of while a build runs: never whole, it is gone when the data set
/// is there.
pub const HARD_SO_FAR_FILE: &str = "hard.rows.jsonl";
/// What went in and where the time went, to look at.
pub const REPORT_FILE: &str = "report.html";
/// How far a build has come, until it is finished.
pub const JOURNAL_FILE: &str = "build.journal";
/// Empty; locked by the running build.
pub const LOCK_FILE: &str = ".wakemill.lock";
/// The folder of the rows' audio, a folder a split below it, where it is written
/// there.
pub const AUGMENTED_FOLDER: &str = "augmented";
/// The folder of a build's shards, with their plan, in its output folder.
pub const SHARDS_FOLDER: &str = "shards";

/// The name of the file that says where each row of a split of recordings is from.
pub fn index_file(split: &str) -> String {
    format!("{split}.index.npy")
}

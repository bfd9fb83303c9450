//! Files in and out: audio, `.npy`, JSON lines, and which files there are.
//!
//! Nothing here knows what the files are for. Reading never trusts a header:
//! lengths are checked against the file, and memory follows what was read, not
//! what was claimed. Writing goes to `<name>.partial` and is renamed when whole.

pub mod audio;
pub mod discover;
pub mod journal;
pub mod jsonl;
mod mapped;
pub mod npy;
pub mod partial;
pub mod wav;

//! What is on the disk: the files of a data set, written durably and read back.
//!
//! Reading never trusts a header: lengths are checked against the file, and
//! memory follows what was read, not what was claimed. Writing goes to
//! `<name>.partial` and is renamed when whole.

pub mod audit;
pub mod error;
pub mod folder;
pub mod found;
pub mod hard;
pub mod inspect;
pub mod journal;
pub mod jsonl;
pub mod layout;
pub mod manifest;
pub mod npy;
pub mod partial;
pub mod parts;
pub mod rows;
pub mod seal;
pub mod shards;
pub mod sink;
pub mod statistics;
pub mod write;

mod mapped;

pub use error::DatasetError;
pub use folder::Existing;
pub use manifest::{Dataset, StageTimes};
pub use sink::{RowBlock, RowSink};

//! A build in shards, on any number of machines: planned once, built in any order
//! and any number of times, and merged to the bytes of one build.

mod agree;
mod audit;
mod inputs;
mod merge;
mod plan;
mod shard;
mod sum;

pub use merge::{MergeOptions, Merging, Standing, merge, ready as ready_to_report, remove, status};
pub use plan::{Planning, plan};
pub use shard::{ReadyShard, ready};

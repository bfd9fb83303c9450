//! A data set that is built in parts, on any number of machines: who builds what
//! ([`plan`], [`clips`]), what each has built ([`shard`]), whether all is there
//! ([`survey`]), and how it becomes one ([`merge`]).
//!
//! ```text
//! <output>/shards/plan.json           how many, of what
//!                 sounds.json         every background and impulse response
//!                 inputs.json         what stands for every file, to name a change
//!                 clips/00003         the clips and recordings of shard 3
//!                 00003-of-00008/     shard 3: an output folder, shard.json at last
//! ```

pub mod clips;
pub mod error;
pub mod merge;
pub mod plan;
pub mod shard;
pub mod status;
pub mod survey;

mod copy;
mod lines;
mod split;

pub use error::ShardsError;
pub use plan::ShardPlan;
pub use shard::{Shard, ShardSplit};
pub use status::Status;
pub use survey::Survey;

//! The rows of a build for a caller instead of a folder: as the blocks in which
//! they are made ([`stream`]), or in batches of the caller's own order, epoch by
//! epoch ([`Feed`]).

mod assembly;
mod blocks;
mod feed;
mod order;
mod turns;

pub use assembly::{LeftOut, RowOf, Rows};
pub use blocks::{Blocks, stream};
pub use feed::{Feed, Position};
pub use order::{Draw, Wanted};

pub use crate::source::order::Shard;

//! The two frozen networks as kernels written for them.

pub mod dispatch;
pub mod embed;
pub mod lanes;
pub mod layer;
pub mod mel;
mod product;
pub mod recognise;
pub mod stem;
mod winograd;

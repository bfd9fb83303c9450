//! How many workers each stage has: the first guess, and what changes while a
//! flow runs.

pub mod allocate;
pub mod balance;
pub mod bottleneck;
pub mod sizing;
pub mod tune;

mod policy;
pub mod window;

pub use balance::{Balance, CAUSES, Decision};
pub use policy::{Limits, Policy};

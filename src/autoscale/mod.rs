//! How many workers each stage has: the first guess, and what changes while a
//! flow runs.

pub mod allocate;
pub mod balance;
pub mod sizing;

mod policy;
pub(crate) mod window;

pub use balance::{Balance, CAUSES, Decision};
pub use policy::{Limits, Policy};

//! What the command line uses, and whoever embeds wakemill.

mod build;

pub use build::{Ended, run};

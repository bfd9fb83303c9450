//! wakemill builds wake-word training sets in one shot.

pub mod cli;
pub mod config;
pub mod dsp;
pub mod eval;
pub mod flow;
pub mod formats;
pub mod metrics;
pub mod models;
pub mod pipeline;
pub mod records;
pub mod stages;

//! What the user wrote, and what will run.

pub mod plan;

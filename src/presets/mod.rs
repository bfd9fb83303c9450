//! Other programs' configurations, as pipelines.

pub mod livekit;

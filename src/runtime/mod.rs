//! ONNX Runtime: found or fetched, loaded once a process, its providers and
//! sessions; and the files of the networks that it runs.

pub mod batch;
pub mod cache;
pub mod error;
pub mod fetch;
pub mod file;
pub mod library;
pub mod networks;
pub mod packages;
pub mod provider;
pub mod serve;
pub mod session;

mod python;

pub use error::ModelError;
pub use serve::runtime_kind;

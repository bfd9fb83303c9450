//! From samples to features: what a front end is, and the one that there is.
//!
//! A [`FrontEnd`] is loaded once: it reads the two networks, proposes kernels of
//! this crate or rewritten graphs, uses what is proven on probe inputs, and
//! settles on an execution provider. Each worker then takes its own [`Net`] from
//! it. Another front end is another room beside [`speech`].

pub mod speech;

mod features;
mod files;
mod front_end;
mod native;
mod net;
mod onnx;
pub mod piece;
pub mod proof;
mod spec;
pub mod stream;
mod verify;

pub use features::FeatureSpec;
pub use front_end::FrontEnd;
pub use net::{Net, Network};
pub use spec::{Backend, Floor, FrontEndReport, FrontEndSpec, RuntimeReport, Strategy};
pub use verify::Differences;

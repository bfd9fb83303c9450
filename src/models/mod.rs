//! The frozen networks; the one place that knows ONNX Runtime.

pub mod native;
pub mod onnx;

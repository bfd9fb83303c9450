//! The two frozen networks as kernels written for them.
//!
//! Reading order: `recognise` checks that a graph is the network it should
//! be, and takes its weights. `mel` and `embed` run them. The first goes from
//! samples to power (`fourier`, or `direct` where that is not exact enough) to
//! mel `bands`; the second is a chain of layers, `stem` and `layer`. Below
//! those, `walk` carries a layer over a map, `repeats` finds what need not be
//! computed again, `winograd` holds the transforms that save multiplications,
//! `product` the matrix product that does the rest, `lanes` the eight floats
//! that everything is made of, and `dispatch` picks the instruction set.
//! [`prove`] compares the whole with stored results of ONNX Runtime.
//!
//! Weights are shared between workers, scratch is not.

mod bands;
mod direct;
mod dispatch;
mod embed;
mod fourier;
mod lanes;
mod layer;
mod mel;
mod probe;
mod product;
mod recognise;
#[cfg(test)]
mod reference;
mod repeats;
mod spectrum;
mod stem;
mod walk;
mod winograd;

pub use dispatch::Isa;
pub use embed::{EmbedKernel, EmbedScratch, STRIDE, windows};
pub use mel::{HOP, MelKernel, MelScratch, WINDOW, bites, floor, frames, scale};
pub use probe::{EMBEDDING_TOLERANCE, Golden, MEL_TOLERANCE_DB, MaxDifference, Refused, prove};
pub use recognise::Unknown;

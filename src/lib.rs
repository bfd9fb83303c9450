//! wakemill builds wake-word training sets in one shot: audio clips in,
//! `(N, 16, 96)` speech-embedding arrays out, in one streaming run.
//!
//! ```text
//!          ┌────────┐   ┌─────────┐   ┌───────┐   ┌─────────┐   ┌───────┐
//! scan ──▶ │ decode │ ▶ │ augment │ ▶ │  mel  │ ▶ │  embed  │ ▶ │ write │ ──▶ .npy, rows.jsonl,
//!          └────────┘   └─────────┘   └───────┘   └─────────┘   └───────┘     dataset.json
//!           N workers    N workers    N workers    N workers    in order
//! ```
//!
//! # Invariants
//!
//! 1. **What flows is a batch of consecutive clips with a sequence number.**
//!    Every stage maps one batch to one batch; none re-batches. So what is in a
//!    batch never depends on timing, and the output is the same bytes for any
//!    number of workers.
//! 2. **Every clip ends as rows or as a reason.** A clip that cannot be
//!    processed stays in its place as a rejection until the writer records it.
//! 3. **Everything is bounded.** Channels are, and so is the total in flight:
//!    a batch holds a permit from scan to write, the reorder buffer included.
//!    Memory follows from the configuration, never from the data set.
//! 4. **Randomness belongs to the row and the effect.** Seed, epoch, split, clip
//!    name, round and effect key a random stream of their own, so any row can be
//!    made again alone, and taking an effect out leaves every other draw as it
//!    was.
//! 5. **The runtime knows nothing of audio.** [`flow`] moves items, counts time
//!    and shuts down; [`stages`] are thin adapters; [`dsp`] is pure functions;
//!    [`runtime`] alone knows ONNX Runtime.
//!
//! # Layers
//!
//! | room | may import of this crate |
//! |---|---|
//! | [`flow`], [`dsp`], [`onnx`], [`audio`] | nothing |
//! | [`records`] | `dsp` |
//! | [`runtime`] | `onnx` |
//! | [`frontend`] | `records`, `onnx`, `runtime` |
//! | [`source`] | `records`, `audio` |
//! | [`augment`] | `records`, `dsp`, `audio` |
//! | [`config`] | `records`, `dsp` |
//! | [`dataset`] | `records`, `dsp`, `config` (the plan that a data set was built by) |
//! | [`presets`] | `config` |
//! | [`autoscale`], [`metrics`] | `flow` |
//! | [`stages`] | `flow`, `records`, `audio`, `source`, `augment`, `frontend`, `dataset` (the sink) |
//! | [`build`] | all above |
//! | [`report`] | `records`, `dataset`, `autoscale`, `build` (render only) |
//! | [`eval`] | `flow`, `records`, `dataset`, `onnx`, `runtime`, `config` |
//! | [`api`] | all above |
//! | [`cli`] | `api` alone |
//!
//! `ort` appears only in [`runtime`], `symphonia` and `hound` only in
//! [`audio`], `figment` only in [`config`], threads and channels only in
//! [`flow`]. A test holds all of this.
//!
//! The modules, in reading order:

pub mod flow;

pub mod dsp;

pub mod records;

pub mod audio;

pub mod source;

pub mod augment;

pub mod onnx;

pub mod runtime;

pub mod frontend;

pub mod dataset;

pub mod stages;

pub mod config;

pub mod presets;

pub mod build;

pub mod autoscale;

pub mod report;

pub mod eval;

pub mod metrics;

pub mod api;

#[cfg(feature = "cli")]
pub mod cli;

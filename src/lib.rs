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
//! 1. **What flows is a batch of consecutive spans with a sequence number.** A span
//!    is a clip with all of its rounds, or with one of them, or a piece of a long
//!    recording: up to eight rows. Which piece a batch is of, the source leaves to
//!    the turns of the recordings ([`source::turns`]); they depend on the
//!    recordings alone.
//!    Every stage maps one batch to one batch; none re-batches. So what is in a
//!    batch never depends on timing, and the output is the same bytes for any
//!    number of workers, shards and hosts of one platform.
//! 2. **Every span ends as rows or as a reason.** One that cannot be
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
//! # Rooms
//!
//! | room | what is in it | may import of this crate |
//! |---|---|---|
//! | [`flow`] | the generic runtime: stages, channels, permits, shutdown | nothing |
//! | [`dsp`] | signal processing: one file an effect, on slices | nothing |
//! | [`onnx`] | ONNX graphs: reading, rewriting, proofs | nothing |
//! | [`audio`] | reading and writing audio files | nothing |
//! | [`paths`] | what a path means that somebody wrote | nothing |
//! | [`records`] | what travels between stages, and what was drawn | `dsp`, `audio` (where a clip is read) |
//! | [`runtime`] | ONNX Runtime: finding, fetching, providers, sessions | `onnx` |
//! | [`frontend`] | from samples to features: networks, kernels | `records`, `onnx`, `runtime` |
//! | [`classifier`] | wake-word classifiers: rows in, scores out | `records`, `onnx`, `runtime` |
//! | [`source`] | which clips there are; the one ordered sequence of them | `records`, `audio`, `paths` |
//! | [`audit`] | what is wrong with clips, rows and the set: measures and judgements | `records`, `dsp` |
//! | [`augment`] | the chain of effects, rounds, random streams, sounds | `records`, `dsp`, `audio`, `audit` |
//! | [`config`] | what the user wrote, and the plan that comes of it | `records`, `dsp`, `paths` |
//! | [`dataset`] | what is on the disk: files, rows, manifest, sinks, statistics | `records`, `dsp`, `config` (the plan that it was built by) |
//! | [`presets`] | other programs' configurations, as pipelines | `config` |
//! | [`autoscale`] | how many workers: sizing, allocation, balance, tuning | `flow` |
//! | [`metrics`] | what Prometheus is told | `flow` |
//! | [`stages`] | thin adapters from the flow to the work | `flow`, `records`, `dsp`, `audio`, `source`, `audit`, `augment`, `frontend`, `classifier`, `dataset` (the sink) |
//! | [`build`] | from a plan to a data set, whole or in shards | all above but `presets` and `metrics` |
//! | [`report`] | `report.html` of a finished data set | `flow` (two things at once), `records`, `dataset`, `autoscale`, `audit` (what a measure says), `build` (what was built, and its rows made again) |
//! | [`eval`] | evaluating classifiers | `flow`, `records`, `dataset`, `classifier`, `runtime`, `config` |
//! | [`api`] | what the command line and embedders use | all above |
//! | [`cli`] | the command line | `api` alone |
//!
//! The Python package (`python/`, a crate of the workspace) uses [`api`] alone, and
//! the command line as a whole. No room imports one that imports it, and in `flow`, `frontend`, `runtime` and
//! `dataset` no file does. `ort` appears only in [`runtime`] and [`frontend`],
//! `symphonia`, `hound` and `dasp` only in [`audio`], `figment` only in
//! [`config`], metric names only in [`metrics`], threads and channels only in
//! [`flow`]. A test holds all of this.
//!
//! # Where to add something
//!
//! | what | where |
//! |---|---|
//! | an effect | a file in [`dsp`] that implements [`dsp::effect::Effect`], and its line in [`dsp::chain`]: keys, records, statistics, report and README follow |
//! | a codec | [`audio`] |
//! | a source of clips | [`source`]: a [`source::ClipSource`], whose clips are [`audio::FileRange`]s; [`config::plan::Input`] names it |
//! | a sink for rows | a [`dataset::RowSink`]; [`build::Ready::stream`] runs a build into it |
//! | what is kept of a recording that breaks | [`audio::Recording`] |
//! | an order of rows | [`source::order`]; [`api::Feed`] gives them to a caller |
//! | a front end | a room beside [`frontend::speech`], whose networks are [`frontend::Net`]s |
//! | a preset | [`presets`]: a function from a document to a table of keys; defaults of effects: `config/preset.rs` |
//! | a metric | [`metrics::table`] |
//! | a check of the audit | its line in [`records::Check`], and where it is measured in [`audit`]: keys, lines, counts and README follow |
//! | a key | [`config::keys`], and its field in `config/settings.rs` |
//! | a command | a file in [`cli`], over what [`api`] gives |
//!
//! # Packages
//!
//! | package | does | because |
//! |---|---|---|
//! | flume | the edges between stages | bounded channels of many producers and consumers |
//! | crossbeam | the supervisor's `select!`, free-lists, padded counters | the control side waits for several things at once |
//! | ort | ONNX Runtime, loaded at run time | no runtime is linked or shipped |
//! | symphonia | compressed formats | uncompressed WAV and AIFF and the frames of MP3 are walked by hand, for their lengths |
//! | tar | the members of a tar | names and lengths in all the ways that there are |
//! | opus-pure | Opus packets | symphonia has no decoder of it, and this one needs no C compiler |
//! | twox-hash | the hash of a clip's samples | the audit looks at every sample in passing: a cryptographic one takes as long as decoding |
//! | hound | writing WAV | |
//! | libm | transcendental functions in the path of the bytes | those of the C library differ by version and processor |
//! | gethostname | the host in `shard.json` | |
//! | dasp | integer samples of WAV to float | its values are libsndfile's |
//! | rubato, realfft | resampling, convolution | |
//! | ndarray, ndarray-npy | the block of rows at the sinks; views of float32 feature files | files of float16, and of a length not yet known, are our own |
//! | half | float16 | round to nearest even, as numpy |
//! | include_dir | the quickstart's clips inside the program | |
//! | serde, figment | configuration in layers | every value remembers its layer |
//! | rand_chacha | the random streams | a stream for each key, the same everywhere |
//! | metrics, metrics-exporter-prometheus | instruments and their text | |
//!
//! The rooms, in reading order:

// They panic where nobody reads: `cli::terminal` writes instead.
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod flow;

pub mod dsp;

pub mod records;

pub mod paths;

pub mod audio;

pub mod source;

pub mod audit;

pub mod augment;

pub mod onnx;

pub mod runtime;

pub mod frontend;

pub mod classifier;

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

//! The composition root: from a plan to a data set, in an order that the types
//! hold.
//!
//! ```text
//! prepare ──▶ Prepared ──ready──▶ Ready ──run──▶ Outcome
//!             every input found   networks       the data set, or that
//!                                 and sounds      it was there already
//! ```
//!
//! A plan can be shown or refused, and a row rendered, by what is [`Prepared`];
//! only what is [`Ready`] can run: into the output folder ([`Ready::run`]), or
//! into any other sink ([`Ready::stream`]). The flow is wired in one function
//! of `stream.rs`. [`faults`] says what happens when something goes wrong.

mod audit;
pub mod booth;
mod describe;
mod effects;
mod error;
#[doc = include_str!("faults.md")]
pub mod faults {}
mod front_end;
mod inputs;
mod levels;
mod manifest;
mod origin;
mod platform;
mod prepare;
mod ready;
pub mod render;
mod run;
mod scoring;
pub mod shards;
mod sizing;
mod split;
mod stream;
mod timeline;
mod tune;
mod watch;
mod window;

pub use audit::{Finished, Looked};
pub use error::BuildError;
pub use inputs::Inputs;
pub use levels::{LevelPoint, RecordingLevels};
pub use prepare::{Prepared, prepare};
pub use ready::Ready;
pub use run::{Built, Outcome};
pub use split::Split;
pub use timeline::Moment;
pub use tune::sample_rows;
pub use watch::{Event, Watch};

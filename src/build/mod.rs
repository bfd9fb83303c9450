//! The composition root: from a plan to a data set.
//!
//! [`prepare`] finds every input and settles every number, so that a plan can
//! be shown or refused before any work starts; [`Build::run`] in `build.rs` is the
//! whole build, `stream.rs` the flow in it. [`faults`] says what happens when something goes wrong.

mod describe;
mod error;
#[doc = include_str!("faults.md")]
pub mod faults {}
mod front_end;
mod inputs;
mod manifest;
mod origin;
pub mod render;
mod run;
mod sizing;
mod stream;
mod tune;

use std::sync::Arc;

use crate::autoscale::sizing::Sizing;
use crate::dataset::Dataset;
pub use error::BuildError;
pub use inputs::Inputs;
pub use tune::sample_rows;

use crate::audio::Limits;
use crate::augment::Augment;
use crate::config::plan::Plan;
use crate::dataset::write::{Commit, Step, Taken};
use crate::flow::Observer;
use crate::stages::Buffers;
use crate::stages::decode::Decode;

/// Is told how a build goes.
pub trait Watch: Observer {
    /// Something the user should know.
    fn warn(&self, text: &str);

    /// The flow starts.
    fn started(&self, _splits: &[&str], _inputs: &Inputs) {}

    /// The writer has taken a batch.
    fn taken(&self, _taken: &Taken<'_>) {}

    /// The flow goes on where an earlier one was interrupted, after what it had
    /// committed.
    fn resumed(&self, _commit: &Commit) {}

    /// The writer has made a step that a crash must be able to follow.
    fn reached(&self, _step: Step) {}
}

/// A build that is ready to run.
#[derive(Debug)]
pub struct Build {
    /// What will run.
    pub plan: Plan,
    /// Every clip, background and impulse response.
    pub inputs: Inputs,
    /// Workers, batches and memory.
    pub sizing: Sizing,
}

/// How a build ended well.
#[derive(Debug)]
pub enum Outcome {
    /// The data set was built.
    Built(Box<Dataset>),
    /// It was there already, from the same configuration and inputs.
    UpToDate,
}

/// Finds every input and settles every number.
///
/// # Errors
/// A split without clips, an input that is missing or unreadable.
pub fn prepare(mut plan: Plan, cores: usize, watch: &dyn Watch) -> Result<Build, BuildError> {
    inputs::skip_missing(&mut plan, watch);
    let inputs = inputs::find(&plan, watch)?;
    let sizing = sizing::of(&plan, cores, sizing::wants_device(&plan));
    Ok(Build {
        plan,
        inputs,
        sizing,
    })
}

impl Build {
    /// The stage that reads clips.
    fn decode(&self, buffers: &Buffers) -> Decode {
        Decode {
            sample_rate: self.plan.audio.sample_rate,
            limits: Limits {
                max_seconds: self.plan.audio.max_seconds,
            },
            buffers: buffers.clone(),
        }
    }

    /// The stage that augments clips.
    ///
    /// # Errors
    /// A background or impulse response that cannot be read, under the policy
    /// `stop`.
    pub fn augment(&self, watch: &dyn Watch) -> Result<Augment, BuildError> {
        Ok(Augment {
            effects: Arc::new(inputs::effects(&self.plan)),
            splits: inputs::rules(&self.plan).into(),
            sounds: Arc::new(inputs::sounds(&self.plan, &self.inputs, watch)?),
        })
    }
}

//! The composition root: from a plan to a data set.
//!
//! [`prepare`] finds every input and settles every number, so that a plan can
//! be shown or refused before any work starts; [`Build::run`] is the whole flow
//! in one function.

pub mod balance;

mod dataset;
mod describe;
mod error;
mod folder;
mod inputs;
mod render;
mod sizing;
mod tune;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

pub use dataset::{Dataset, StageTimes};
pub use error::BuildError;
pub use folder::Existing;
pub use inputs::Inputs;
pub use sizing::{STAGES, Sizing, cores};
pub use tune::{Prediction, Sample, StageCost, Tuning, sample_rows};

use crate::config::plan::{FailurePolicy, InputScale, Plan};
use crate::flow::{CancelToken, Flow, FlowFacts, Observer, Settings};
use crate::formats::audio::Limits;
use crate::models::FrontEnd;
use crate::stages::augment::Augment;
use crate::stages::decode::Decode;
use crate::stages::embed::{EMBEDDING_SIZE, Embed};
use crate::stages::mel::ComputeMel;
use crate::stages::write::{SplitWritten, Taken, WriteSettings, Writer};
use crate::stages::{Buffers, scan};

use balance::Decision;
use folder::{Folder, State};

/// How often an observer is told how things are.
const TICK: Duration = Duration::from_millis(250);

/// Is told how a build goes.
pub trait Watch: Observer {
    /// Something the user should know.
    fn warn(&self, text: &str);

    /// The flow starts.
    fn started(&self, _splits: &[&str], _inputs: &Inputs) {}

    /// The writer has taken a batch.
    fn taken(&self, _taken: &Taken<'_>) {}
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

/// What came of a flow.
struct Streamed {
    splits: Vec<SplitWritten>,
    resizes: Vec<Decision>,
    facts: FlowFacts,
}

/// Finds every input and settles every number.
///
/// # Errors
/// A split without clips, an input that is missing or unreadable.
pub fn prepare(plan: Plan, cores: usize, watch: &dyn Watch) -> Result<Build, BuildError> {
    let inputs = inputs::find(&plan, watch)?;
    let sizing = sizing::settle(&plan, cores);
    Ok(Build {
        plan,
        inputs,
        sizing,
    })
}

impl Build {
    /// Builds the data set.
    ///
    /// # Errors
    /// An output folder that cannot be used as `existing` says; whatever stops
    /// the flow: a clip under the policy `stop`, a full disk, a cancel.
    pub fn run(
        &self,
        front_end: FrontEnd,
        existing: Existing,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Outcome, BuildError> {
        let plan = &self.plan;
        let front_end = Arc::new(front_end);
        let fingerprint = dataset::fingerprint(plan, &self.inputs, &front_end)?;
        let features: Vec<&str> = plan
            .splits
            .iter()
            .map(|split| split.features.as_str())
            .collect();
        let folder = match Folder::open(&plan.output, &features, &fingerprint, existing)? {
            State::UpToDate => return Ok(Outcome::UpToDate),
            State::Ready(folder) => folder,
        };
        if plan.output_files.wavs {
            self.inputs.remove_stale_wavs()?;
        }
        let names: Vec<&str> = plan
            .splits
            .iter()
            .map(|split| split.name.as_str())
            .collect();
        watch.started(&names, &self.inputs);
        let streamed = self.stream(&front_end, folder.path(), watch, cancel)?;
        let dataset = Dataset::new(self, fingerprint, streamed, &front_end)?;
        folder.complete(&dataset)?;
        Ok(Outcome::Built(Box::new(dataset)))
    }

    /// Runs every clip through the stages, into the files of a folder.
    fn stream(
        &self,
        front_end: &Arc<FrontEnd>,
        folder: &Path,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Streamed, BuildError> {
        let plan = &self.plan;
        let buffers = Buffers::new(self.sizing.rows_in_flight());
        let decode = Decode {
            sample_rate: plan.audio.sample_rate,
            limits: Limits {
                max_seconds: plan.audio.max_seconds,
            },
            buffers: buffers.clone(),
        };
        let augment = self.augment(watch, &buffers)?;
        let mel = ComputeMel {
            front_end: Arc::clone(front_end),
            full_scale: match plan.features.input_scale {
                InputScale::Unit => 1.0,
                InputScale::Int16 => 32768.0,
            },
            buffers: buffers.clone(),
        };
        let embed = Embed {
            front_end: Arc::clone(front_end),
            timesteps: plan.features.timesteps,
            buffers: buffers.clone(),
        };
        let told = |taken: &Taken<'_>| watch.taken(taken);
        let mut write = Writer::create(folder, self.write_settings(), buffers, told)?;

        let clips = scan::batches(&self.inputs.clips, self.sizing.clips_per_batch);
        let settings = Settings {
            in_flight: self.sizing.in_flight,
            tick: TICK,
        };
        let [decoding, augmenting, computing, embedding] = self.sizing.stages;
        let mut balance = self.sizing.balance();
        let (facts, ended) = Flow::source("scan", clips, settings)
            .stage(&decode, decoding)
            .stage(&augment, augmenting)
            .stage(&mel, computing)
            .stage(&embed, embedding)
            .sink(&mut write, self.sizing.in_flight)
            .governed(&mut balance)
            .run(watch, cancel);
        ended?;
        Ok(Streamed {
            splits: write.finish()?,
            resizes: balance.decisions().to_vec(),
            facts,
        })
    }

    /// The stage that augments clips.
    ///
    /// # Errors
    /// A background or impulse response that cannot be read, under the policy
    /// `stop`.
    pub fn augment(&self, watch: &dyn Watch, buffers: &Buffers) -> Result<Augment, BuildError> {
        Ok(Augment {
            effects: Arc::new(inputs::effects(&self.plan)),
            splits: inputs::rules(&self.plan).into(),
            sounds: Arc::new(inputs::sounds(&self.plan, &self.inputs, watch)?),
            buffers: buffers.clone(),
        })
    }

    fn write_settings(&self) -> WriteSettings {
        let plan = &self.plan;
        let splits = plan.splits.iter();
        let planned = self.inputs.clip_count() as f64;
        WriteSettings {
            splits: splits
                .map(|split| (split.name.clone(), split.features.clone()))
                .collect(),
            row_shape: [plan.features.timesteps, EMBEDDING_SIZE],
            rows: plan.output_files.rows,
            tolerated: match plan.failures.policy {
                FailurePolicy::Stop => None,
                FailurePolicy::Skip => Some((plan.failures.max_rate * planned).floor() as u64),
            },
        }
    }
}

//! The flow: its stages in order, from the clips to a sink.

use std::sync::Arc;
use std::time::Duration;

use crate::flow::{CancelToken, Flow, FlowError, FlowFacts, Observer, Settings, Sink};
use crate::models::FrontEnd;
use crate::records::{Batch, Embedding, Rows};
use crate::stages::augment::Augment;
use crate::stages::decode::Decode;
use crate::stages::embed::Embed;
use crate::stages::mel::ComputeMel;
use crate::stages::{Buffers, scan};

use super::balance::Decision;
use super::{Build, BuildError, Watch};

/// How often an observer is told how things are.
const TICK: Duration = Duration::from_millis(250);

/// The stages between scan and write.
pub(super) struct Stages {
    pub(super) decode: Decode,
    pub(super) augment: Augment,
    pub(super) mel: ComputeMel,
    embed: Embed,
    pub(super) buffers: Buffers,
}

/// What a flow came to, however it ended.
pub(super) struct Streamed {
    pub(super) facts: FlowFacts,
    /// Every change of workers.
    pub(super) resizes: Vec<Decision>,
}

impl Build {
    /// The stages of this build.
    pub(super) fn stages(
        &self,
        front_end: &Arc<FrontEnd>,
        watch: &dyn Watch,
    ) -> Result<Stages, BuildError> {
        let features = &self.plan.features;
        let buffers = Buffers::new(self.sizing.rows_in_flight(), self.plan.audio.clip_samples);
        Ok(Stages {
            decode: self.decode(&buffers),
            augment: self.augment(watch, &buffers)?,
            mel: ComputeMel {
                front_end: Arc::clone(front_end),
                full_scale: features.input_scale.full_scale(),
                buffers: buffers.clone(),
            },
            embed: Embed {
                front_end: Arc::clone(front_end),
                timesteps: features.timesteps,
                buffers: buffers.clone(),
            },
            buffers,
        })
    }

    /// Runs every clip but the first `skip` through the stages into `write`.
    pub(super) fn stream<S>(
        &self,
        stages: &Stages,
        skip: u64,
        write: &mut S,
        observer: &dyn Observer,
        cancel: &CancelToken,
    ) -> (Streamed, Result<(), FlowError>)
    where
        S: Sink<In = Batch<Rows<Embedding>>>,
    {
        let sizing = &self.sizing;
        let clips = scan::batches(&self.inputs.clips, sizing.clips_per_batch, skip);
        let settings = Settings {
            in_flight: sizing.in_flight,
            tick: TICK,
        };
        let [decode, augment, mel, embed] = sizing.stages;
        let mut balance = sizing.balance();
        let (facts, ended) = Flow::source("scan", clips, settings)
            .stage(&stages.decode, decode)
            .stage(&stages.augment, augment)
            .stage(&stages.mel, mel)
            .stage(&stages.embed, embed)
            .sink(write, sizing.in_flight)
            .governed(&mut balance)
            .run(observer, cancel);
        let resizes = balance.decisions().to_vec();
        (Streamed { facts, resizes }, ended)
    }
}

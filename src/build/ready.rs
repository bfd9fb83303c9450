//! A build that has everything it needs.

use std::sync::Arc;

use crate::augment::{Augment, Sounds};
use crate::autoscale::sizing::Sizing;
use crate::config::plan::Plan;
use crate::dataset::RowSink;
use crate::flow::{CancelToken, Sheltered};
use crate::frontend::FrontEnd;
use crate::source::order::Walk;
use crate::source::sequence::{self, Run};
use crate::stages::recordings::{Entering, Reads};
use crate::stages::score::Scoring;

use super::render::Renderer;
use super::stream::Stages;
use super::{BuildError, Event, Inputs, Watch, effects};

/// A build that has everything it needs: inputs found, networks loaded, sounds
/// opened, workers settled.
pub struct Ready {
    pub(super) plan: Plan,
    pub(super) inputs: Inputs,
    pub(super) sizing: Sizing,
    pub(super) front_end: Arc<FrontEnd>,
    pub(super) stages: Stages,
}

impl Ready {
    /// Makes the stages.
    pub(super) fn new(
        plan: Plan,
        inputs: Inputs,
        sizing: Sizing,
        augment: Augment,
        front_end: Arc<FrontEnd>,
        scoring: Option<Arc<Scoring>>,
    ) -> Self {
        Self {
            stages: Stages::new(&plan, &sizing, augment, &front_end, scoring),
            plan,
            inputs,
            sizing,
            front_end,
        }
    }

    /// What will run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Every file that it reads.
    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Workers, batches and memory.
    pub fn sizing(&self) -> &Sizing {
        &self.sizing
    }

    /// The networks.
    pub fn front_end(&self) -> &FrontEnd {
        &self.front_end
    }

    /// What makes the rows of single clips.
    ///
    /// # Errors
    /// A sample rate that cannot be converted to.
    pub fn renderer(&self) -> Result<Renderer, BuildError> {
        let stages = &self.stages;
        Renderer::new(&stages.decode, &stages.augment.augment, self.plan.rounds())
    }

    /// What is read of a split's recordings; nothing of clips.
    pub fn reads(&self, split: usize) -> Option<Reads> {
        let planned = self.inputs.splits.get(split)?.plan.recordings.as_ref()?;
        Some(effects::reads(&self.plan, planned))
    }

    /// Runs every clip through the stages into `sink`, and commits at the end;
    /// no file of a data set is written. Clips that are left out come in their
    /// place, with the reason: whether that is an error is the sink's to say.
    ///
    /// # Errors
    /// Whatever stops the flow: the sink, a cancel.
    pub fn stream(
        &self,
        sink: &mut dyn RowSink,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<(), BuildError> {
        self.stream_batches(self.batches(0, None), sink, watch, cancel)
    }

    /// As [`Ready::stream`], in another order.
    ///
    /// # Errors
    /// As [`Ready::stream`].
    pub fn stream_in(
        &self,
        walk: Walk,
        sink: &mut dyn RowSink,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<(), BuildError> {
        let splits = self.inputs.splits.iter();
        let lists = splits.map(|split| split.clips.as_slice()).collect();
        let at_once = self.sizing.spans_per_batch;
        let batches = sequence::ordered(lists, self.inputs.passes, walk, at_once);
        let batches = batches.map(Entering::from);
        self.stream_batches(batches, sink, watch, cancel)
    }

    /// As [`Ready::stream`], of some runs of the sequence, in an epoch.
    ///
    /// # Errors
    /// As [`Ready::stream`].
    pub fn stream_runs(
        &self,
        runs: &[Run],
        epoch: u64,
        sink: &mut dyn RowSink,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<(), BuildError> {
        let batches = self.batches_of(runs, epoch, 0, None);
        self.stream_batches(batches, sink, watch, cancel)
    }

    fn stream_batches(
        &self,
        batches: impl Iterator<Item = Entering> + Send,
        sink: &mut dyn RowSink,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<(), BuildError> {
        let watch = &Sheltered(watch);
        watch.hear(Event::Started(&self.inputs));
        let (_, ended) = self.flow(batches, sink, watch, cancel);
        ended?;
        Ok(sink.commit()?)
    }

    pub(super) fn sounds(&self) -> &Sounds {
        &self.stages.augment.augment.sounds
    }
}

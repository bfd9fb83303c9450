//! A build whose inputs are found.

use crate::augment::Augment;
use crate::autoscale::sizing::Sizing;
use crate::config::plan::Plan;

use super::{
    BuildError, Inputs, Ready, Split, Watch, effects, front_end, inputs, scoring, sizing, window,
};

/// A build whose inputs are found. It can be described, and its rows rendered,
/// without any network.
#[derive(Debug)]
pub struct Prepared {
    pub(super) plan: Plan,
    pub(super) inputs: Inputs,
    /// Processors to use.
    cores: usize,
}

/// Finds every input of a plan, to be built on so many processors.
///
/// # Errors
/// A split without clips, an input that is missing or unreadable; recordings
/// that take too much memory open at once.
pub fn prepare(mut plan: Plan, cores: usize, watch: &dyn Watch) -> Result<Prepared, BuildError> {
    inputs::skip_missing(&mut plan, watch);
    let inputs = inputs::find(&plan, watch)?;
    window::settle(&mut plan, &inputs, watch)?;
    let (open, memory) = (
        sizing::open_bytes(&plan, &inputs.splits),
        plan.flow.memory_bytes,
    );
    if open > memory / 2 {
        return Err(BuildError::OpenRecordings { open, memory });
    }
    Ok(Prepared::new(plan, inputs, cores))
}

impl Prepared {
    pub(super) fn new(plan: Plan, inputs: Inputs, cores: usize) -> Self {
        Self {
            plan,
            inputs,
            cores,
        }
    }

    /// What was planned.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The splits, in the order they are built.
    pub fn splits(&self) -> &[Split] {
        &self.inputs.splits
    }

    /// The same without any WAV of a row: for rows that go elsewhere than to the
    /// output folder.
    pub fn without_wavs(mut self) -> Self {
        for split in &mut self.inputs.splits {
            split.wavs = None;
        }
        self
    }

    /// What makes rows of the clips.
    ///
    /// # Errors
    /// A background or impulse response that cannot be read, under the policy
    /// `stop`.
    pub fn augment(&self, watch: &dyn Watch) -> Result<Augment, BuildError> {
        effects::augment(&self.plan, &self.inputs, watch)
    }

    /// Loads the networks and opens the sounds, and settles workers, batches
    /// and memory for what really runs. What has to be fetched first, `notice`
    /// is told.
    ///
    /// # Errors
    /// A network or runtime that cannot be had; a background or impulse
    /// response that cannot be read, under the policy `stop`.
    pub fn ready(
        self,
        notice: &mut dyn FnMut(&str),
        watch: &dyn Watch,
    ) -> Result<Ready, BuildError> {
        let rows_per_batch = self.expected().rows_per_batch;
        let front_end = front_end::load(&self.plan, rows_per_batch, notice)?;
        for warning in front_end.warnings() {
            watch.warn(warning);
        }
        let sizing = sizing::of(
            &self.plan,
            self.splits(),
            self.cores,
            front_end.is_on_device(),
        );
        let augment = self.augment(watch)?;
        let scoring = scoring::load(&self.plan, notice, watch)?;
        let front_end = front_end.into();
        Ok(Ready::new(
            self.plan,
            self.inputs,
            sizing,
            augment,
            front_end,
            scoring,
        ))
    }

    /// Workers, batches and memory where the first execution provider of the
    /// list serves.
    pub(super) fn expected(&self) -> Sizing {
        sizing::of(
            &self.plan,
            self.splits(),
            self.cores,
            sizing::wants_device(&self.plan),
        )
    }
}

//! Everybody who is told how a build goes.

use crate::autoscale::balance::CAUSES;
use crate::build::{Inputs, Ready, Watch};
use crate::dataset::write::{Commit, Step, Taken, WriteError};
use crate::flow::{FlowError, FlowFacts, Observer, Resize, StageId, Work};
use crate::metrics::{BuildFacts, Metrics};
use crate::stages::REFUSALS;

use super::progress::Progress;

/// The terminal, and Prometheus if it is wanted.
pub(super) struct Watchers<'a> {
    pub(super) progress: &'a Progress,
    pub(super) metrics: Option<&'a Metrics>,
}

impl Watchers<'_> {
    /// Tells Prometheus what is about to be built.
    pub(super) fn start(&self, ready: &Ready) {
        let Some(metrics) = self.metrics else {
            return;
        };
        let plan = ready.plan();
        let rounds = u64::from(plan.rounds());
        let splits = ready.inputs().splits.iter();
        metrics.start(&BuildFacts {
            splits: splits
                .map(|split| (split.name(), split.clips.len() as u64 * rounds))
                .collect(),
            rounds,
            rows_per_batch: ready.sizing().rows_per_batch,
            row_seconds: plan.audio.window_seconds(),
            networks: ready
                .front_end()
                .networks()
                .map(|network| (network.stage(), network.name()))
                .into(),
            provider: ready.front_end().report().provider,
            version: env!("CARGO_PKG_VERSION"),
            refusals: REFUSALS.map(|(stage, kind)| (stage, kind.name())).into(),
            resizes: ready
                .sizing()
                .stages
                .iter()
                .flat_map(|stage| CAUSES.map(|cause| (stage.name, cause)))
                .collect(),
        });
    }
}

impl Observer for Watchers<'_> {
    fn worked(&self, stage: StageId, work: &Work) {
        if let Some(metrics) = self.metrics {
            metrics.worked(stage, work);
        }
    }

    fn resized(&self, resize: &Resize) {
        self.progress.resized(resize);
        if let Some(metrics) = self.metrics {
            metrics.resized(resize);
        }
    }

    fn stopping(&self, cause: &FlowError) {
        if let (Some(metrics), Some((stage, reason))) = (self.metrics, classify(cause)) {
            metrics.failed(stage, reason);
        }
    }

    fn tick(&self, facts: &FlowFacts) {
        self.progress.tick(facts);
        if let Some(metrics) = self.metrics {
            metrics.tick(facts);
        }
    }
}

impl Watch for Watchers<'_> {
    fn warn(&self, text: &str) {
        self.progress.warn(text);
    }

    fn started(&self, inputs: &Inputs) {
        self.progress.started(inputs);
    }

    fn resumed(&self, commit: &Commit) {
        self.progress.resumed(commit);
        let Some(metrics) = self.metrics else {
            return;
        };
        for (split, before) in commit.splits.iter().enumerate() {
            metrics.resumed(split, before.rows, before.data.bytes, before.left_out);
        }
    }

    fn reached(&self, step: Step) {
        self.progress.reached(step);
    }

    fn taken(&self, taken: &Taken<'_>) {
        self.progress.taken(taken);
        let Some(metrics) = self.metrics else {
            return;
        };
        metrics.wrote(taken.split, taken.rows, taken.bytes);
        for (_, rejection) in taken.left_out {
            metrics.failed(rejection.stage, rejection.kind.name());
            metrics.left_out(taken.split, rejection.stage, rejection.kind.name());
        }
    }
}

/// Stage and kind of what ends a flow; nothing for somebody's wish.
fn classify(cause: &FlowError) -> Option<(&'static str, &'static str)> {
    match cause {
        FlowError::Failed { stage, source, .. } => match source.downcast_ref() {
            Some(
                WriteError::Rejected { stage, kind, .. } | WriteError::TooMany { stage, kind, .. },
            ) => Some((*stage, kind.name())),
            _ => Some((*stage, "error")),
        },
        FlowError::Panicked { stage, .. } => Some((*stage, "panic")),
        FlowError::Start { stage, .. } => Some((*stage, "start")),
        FlowError::Cancelled => None,
    }
}

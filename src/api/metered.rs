//! A build's progress, to Prometheus.

use crate::autoscale::balance::CAUSES;
use crate::build::{Event, Ready, Split, Watch};
use crate::config::plan::Plan;
use crate::dataset::audit::is_in_stream;
use crate::dataset::write::{Commit, Taken, WriteError};
use crate::flow::{FlowError, FlowFacts, Observer, Resize, Sheltered, StageId, Work};
use crate::metrics::{BuildFacts, Metrics, SplitFacts};
use crate::records::{Check, Policy};
use crate::stages::REFUSALS;

/// Tells Prometheus too what it tells another.
pub struct Metered<'a> {
    /// Sheltered, so that Prometheus is told whatever becomes of it.
    watch: Sheltered<'a, dyn Watch + 'a>,
    metrics: &'a Metrics,
}

impl<'a> Metered<'a> {
    /// Tells Prometheus what is about to be built, and then both how it goes.
    pub fn new(ready: &Ready, watch: &'a dyn Watch, metrics: &'a Metrics) -> Self {
        let plan = ready.plan();
        let inputs = ready.inputs();
        let rows_per_span = inputs.passes.rows().into();
        let splits = inputs.splits.iter().enumerate();
        metrics.start(&BuildFacts {
            splits: splits
                .map(|(index, split)| facts(ready, index, split))
                .collect(),
            rows_per_span,
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
            checks: looked_for(ready.plan()),
            resizes: ready
                .sizing()
                .stages
                .iter()
                .flat_map(|stage| CAUSES.map(|cause| (stage.name, cause)))
                .collect(),
        });
        Self {
            watch: Sheltered(watch),
            metrics,
        }
    }
}

/// The checks of clips and rows that are on.
fn looked_for(plan: &Plan) -> Vec<&'static str> {
    let in_stream = |check: &&Check| {
        is_in_stream(check.scope()) && plan.audit.rules.policy(**check) > Policy::Off
    };
    let checks = Check::ALL.iter().filter(in_stream);
    checks.map(|check| check.name()).collect()
}

/// What is known of a split before it is built.
fn facts<'a>(ready: &'a Ready, index: usize, split: &'a Split) -> SplitFacts<'a> {
    let plan = ready.plan();
    let recordings = split.plan.recordings.as_ref();
    let seconds = recordings.map(|_| ready.inputs().seconds_of(split));
    let rate = f64::from(plan.audio.sample_rate);
    let hop = recordings.map(|of| plan.hop_samples(of) as f64 / rate);
    SplitFacts {
        name: split.name(),
        rows: match (seconds, hop) {
            (Some(seconds), Some(hop)) => (seconds / hop) as u64,
            _ => ready.inputs().spans_of(index) * u64::from(ready.inputs().passes.rows()),
        },
        seconds,
    }
}

impl Observer for Metered<'_> {
    fn worked(&self, stage: StageId, work: &Work) {
        self.watch.worked(stage, work);
        self.metrics.worked(stage, work);
    }

    fn resized(&self, resize: &Resize) {
        self.watch.resized(resize);
        self.metrics.resized(resize);
    }

    fn stopping(&self, cause: &FlowError) {
        self.watch.stopping(cause);
        if let Some((stage, reason)) = classify(cause) {
            self.metrics.failed(stage, reason);
        }
    }

    fn tick(&self, facts: &FlowFacts) {
        self.watch.tick(facts);
        self.metrics.tick(facts);
    }
}

impl Watch for Metered<'_> {
    fn hear(&self, event: Event<'_>) {
        self.watch.hear(event);
        match event {
            Event::Resumed(commit) => self.resumed(commit),
            Event::Taken(taken) => self.taken(taken),
            Event::Warning(_) | Event::Started(_) | Event::Reached(_) => {}
        }
    }
}

impl Metered<'_> {
    fn resumed(&self, commit: &Commit) {
        for (split, before) in commit.splits.iter().enumerate() {
            self.metrics
                .resumed(split, before.rows, before.data.bytes, before.left_out);
            let hours = before.recordings.as_ref().map(|of| of.hours_read);
            self.metrics.read(split, hours.unwrap_or(0.0) * 3600.0);
        }
    }

    fn taken(&self, taken: &Taken<'_>) {
        self.metrics.wrote(taken.split, taken.rows, taken.bytes);
        self.metrics.read(taken.split, taken.seconds);
        for noted in taken.noted {
            self.metrics.found(noted.check.name());
        }
        for (_, rejection) in taken.left_out {
            let kind = rejection.kind.name();
            self.metrics.failed(rejection.stage, kind);
            self.metrics.left_out(taken.split, rejection.stage, kind);
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
        FlowError::NoThread(_) => Some(("flow", "start")),
        FlowError::Cancelled => None,
    }
}

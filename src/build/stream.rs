//! The flow: its stages in order, from the clips to a sink.

use std::sync::Arc;
use std::time::Duration;

use crate::dataset::RowSink;
use crate::dataset::write::TurnsCommit;
use crate::flow::{Budget, CancelToken, Flow, FlowError, FlowFacts, Observer, Settings, Stage};
use crate::frontend::FrontEnd;
use crate::records::{EMBEDDING, Places};
use crate::source::sequence::{self, Entry, Run};
use crate::source::turns::{self, Turns};
use crate::stages::Buffers;
use crate::stages::augment::AugmentStage;
use crate::stages::decode::Decode;
use crate::stages::net::NetStage;
use crate::stages::recordings::{Entering, Recordings};
use crate::stages::score::Scoring;
use crate::stages::write::Write;

use super::{Ready, Split, effects};
use crate::augment::Augment;
use crate::autoscale::balance::Decision;
use crate::autoscale::sizing::Sizing;
use crate::config::plan::{Plan, RecordingsPlan};

/// How often an observer is told how things are.
const TICK: Duration = Duration::from_millis(250);

/// The stages between scan and write.
pub(super) struct Stages {
    pub(super) decode: Decode,
    pub(super) augment: AugmentStage,
    nets: Vec<NetStage>,
    pub(super) scoring: Option<Arc<Scoring>>,
    pub(super) buffers: Buffers,
}

/// What a flow came to, however it ended.
pub(super) struct Streamed {
    pub(super) facts: FlowFacts,
    /// Every change of workers.
    pub(super) resizes: Vec<Decision>,
}

impl Stages {
    /// The stages of a build.
    pub(super) fn new(
        plan: &Plan,
        sizing: &Sizing,
        augment: Augment,
        front_end: &Arc<FrontEnd>,
        scoring: Option<Arc<Scoring>>,
    ) -> Self {
        let buffers = Buffers::new(sizing.rows_in_flight(), plan.audio.clip_samples);
        let decode = effects::decode(plan, sizing.windows, &buffers);
        Self {
            augment: AugmentStage {
                augment: Arc::new(augment),
                decode: decode.clone(),
                budget: Budget::new(sizing.budget_bytes),
                buffers: buffers.clone(),
            },
            decode,
            nets: NetStage::all(front_end, &buffers, scoring.as_ref()),
            scoring,
            buffers,
        }
    }
}

impl Ready {
    /// Every span but the first `skip`, in the order of the sequence; of
    /// recordings from where their turns stand.
    pub(super) fn batches(
        &self,
        skip: u64,
        turns: Option<TurnsCommit>,
    ) -> impl Iterator<Item = Entering> + Send {
        self.batches_of(&self.inputs.runs, 0, skip, turns)
    }

    /// The same of other runs, in an epoch.
    pub(super) fn batches_of(
        &self,
        runs: &[Run],
        epoch: u64,
        mut skip: u64,
        turns: Option<TurnsCommit>,
    ) -> impl Iterator<Item = Entering> + Send {
        let mut parts: Vec<Box<dyn Iterator<Item = Entering> + Send + '_>> = Vec::new();
        let lists: Vec<&[Entry]> = self
            .inputs
            .splits
            .iter()
            .map(|split| &*split.clips)
            .collect();
        for run in runs {
            let skipped = skip.min(run.spans());
            skip -= skipped;
            if skipped == run.spans() {
                continue;
            }
            let split = &self.inputs.splits[run.split];
            parts.push(match &split.plan.recordings {
                Some(planned) => {
                    let turns = turns.as_ref().filter(|turns| turns.split == run.split);
                    let from = turns.map_or_else(|| Places::at(0), |turns| turns.places.clone());
                    skip = 0;
                    Box::new(self.visits(run, split, planned, &from))
                }
                None => {
                    let (run, at_once) = (vec![run.clone()], self.sizing.spans_per_batch);
                    let batches = sequence::batches(lists.clone(), run, at_once, skipped);
                    Box::new(batches.map(Entering::from))
                }
            });
        }
        parts.into_iter().flatten().map(move |mut entering| {
            entering.batch.epoch = epoch;
            entering
        })
    }

    /// The visits of a run of a split's recordings.
    fn visits(
        &self,
        run: &Run,
        split: &Split,
        planned: &RecordingsPlan,
        from: &Places,
    ) -> impl Iterator<Item = Entering> + Send + use<> {
        let index = run.split;
        let entries: Arc<[Entry]> = split.clips[run.clips.clone()].into();
        let (turns, visits) = Turns::begin(entries.len(), planned.interleave, from);
        let reads = effects::reads(&self.plan, planned);
        let excluded = Arc::clone(&split.excluded);
        let recordings = Recordings::new(reads, entries, excluded, turns, from);
        visits.map(move |visit| recordings.admit(turns::batch(index, visit)))
    }

    /// Runs batches through the stages into `sink`.
    pub(super) fn flow(
        &self,
        batches: impl Iterator<Item = Entering> + Send,
        sink: &mut dyn RowSink,
        observer: &dyn Observer,
        cancel: &CancelToken,
    ) -> (Streamed, Result<(), FlowError>) {
        let stages = &self.stages;
        let row_shape = [self.plan.features.timesteps, EMBEDDING];
        let commit_every = self.plan.flow.commit_every;
        let mut write = Write::new(sink, row_shape, commit_every, stages.buffers.clone());
        let sizing = &self.sizing;
        let settings = Settings {
            in_flight: sizing.in_flight,
            tick: TICK,
        };
        let mut balance = sizing.balance();
        // Every stage is in the sizing: both are made of the same lists.
        let of = |name| sizing.settings(name);
        let (decode, augment) = (of(stages.decode.name()), of(stages.augment.name()));
        let mut flow = Flow::source(sequence::NAME, batches, settings)
            .stage(&stages.decode, decode)
            .stage(&stages.augment, augment);
        for net in &stages.nets {
            flow = flow.stage(net, of(net.name()));
        }
        let (facts, ended) = flow
            .sink(&mut write, sizing.in_flight)
            .governed(&mut balance)
            .within(&stages.augment.budget)
            .run(observer, cancel);
        let resizes = balance.decisions().to_vec();
        (Streamed { facts, resizes }, ended)
    }
}

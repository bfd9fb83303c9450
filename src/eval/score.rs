//! The flow of an evaluation: blocks of rows, scored and counted.

use std::ops::Range;
use std::sync::Arc;

use crate::classifier::{Classifier, Scorer};
use crate::flow::{BoxError, Focus, Seq, Sink, Stage, Worker};

use super::alarms::Alarms;
use super::continuous::{Continuous, STEP_SECONDS};
use super::error::EvalError;
use super::inputs::{FeatureFile, Features};
use super::tally::Tally;

/// A part of a file.
#[derive(Clone, Debug)]
pub(super) struct Block {
    file: usize,
    part: Part,
}

/// What is scored of a file.
#[derive(Clone, Debug)]
enum Part {
    /// Some of its rows.
    Rows(Range<usize>),
    /// Some windows over a stretch of its audio.
    Windows(usize, Range<usize>),
}

/// The scores of a block, by model.
pub(super) struct BlockScores {
    block: Block,
    by_model: Vec<Vec<f32>>,
}

/// How one model scored, counted.
#[derive(Clone, Debug)]
pub struct Scored {
    /// The scores of each file, in the order of the files.
    pub files: Vec<Tally>,
    /// The false alarms over the audio of each, where it is known.
    pub alarms: Vec<Option<Alarms>>,
    /// The lowest and the highest of all.
    pub range: [f32; 2],
}

/// Cuts the files into blocks, always at the same rows.
pub(super) fn blocks(features: &Features, block: usize) -> impl Iterator<Item = Block> + Send {
    let cut = move |all: usize| {
        let starts = (0..all).step_by(block);
        starts.map(move |start| start..all.min(start + block))
    };
    let files = features.files.iter().enumerate();
    files.flat_map(move |(file, of)| {
        let rows = cut(of.rows).map(Part::Rows);
        let continuous = of.continuous.iter();
        let windows = continuous.flat_map(move |of| {
            (0..of.stretches()).flat_map(move |stretch| {
                let windows = cut(of.windows(stretch, features.steps));
                windows.map(move |windows| Part::Windows(stretch, windows))
            })
        });
        rows.chain(windows).map(move |part| Block { file, part })
    })
}

/// Scores blocks with every model.
pub(super) struct Score<'a> {
    pub features: &'a Features,
    pub classifiers: &'a [Classifier],
    pub batch: usize,
}

/// One thread's sessions.
pub(super) struct ScoreWorker<'a> {
    features: &'a Features,
    models: Vec<(&'a Classifier, Scorer)>,
    names: Vec<Arc<str>>,
    scratch: Vec<f32>,
}

impl<'a> Stage for Score<'a> {
    type In = Block;
    type Out = BlockScores;
    type Worker = ScoreWorker<'a>;

    fn name(&self) -> &'static str {
        "score"
    }

    fn worker(&self) -> Result<ScoreWorker<'a>, BoxError> {
        let open = |model: &'a Classifier| -> Result<_, BoxError> {
            Ok((model, model.open(self.features.steps, self.batch)?))
        };
        let files = self.features.files.iter();
        Ok(ScoreWorker {
            features: self.features,
            models: self
                .classifiers
                .iter()
                .map(open)
                .collect::<Result<_, _>>()?,
            names: files
                .map(|file| file.path.display().to_string().into())
                .collect(),
            scratch: Vec::new(),
        })
    }
}

impl Worker for ScoreWorker<'_> {
    type In = Block;
    type Out = BlockScores;

    fn process(&mut self, block: Block, focus: &mut Focus) -> Result<BlockScores, BoxError> {
        focus.set(&self.names[block.file]);
        let (features, steps) = (&self.features.files[block.file], self.features.steps);
        let windows;
        let values = match &block.part {
            Part::Rows(rows) => features.values(rows.clone(), &mut self.scratch),
            Part::Windows(stretch, range) => {
                windows = features.windows(*stretch, range, steps);
                windows.as_deref()
            }
        };
        let values = values.ok_or("it has fewer rows than it had")?;
        let mut by_model = Vec::new();
        for (model, scorer) in &mut self.models {
            let mut scores = Vec::new();
            scorer.score(values, &mut scores)?;
            check(model, &block.part, values, &scores)?;
            by_model.push(scores);
        }
        if let Part::Rows(rows) = &block.part {
            features.release(rows);
        }
        Ok(BlockScores { block, by_model })
    }
}

/// Refuses scores that are no numbers.
fn check(model: &Classifier, part: &Part, values: &[f32], scores: &[f32]) -> Result<(), EvalError> {
    let Some(bad) = scores.iter().position(|score| !score.is_finite()) else {
        return Ok(());
    };
    let length = values.len() / scores.len();
    let row = &values[bad * length..(bad + 1) * length];
    Err(EvalError::Score {
        model: model.path().to_owned(),
        row: match part {
            Part::Rows(rows) => rows.start + bad,
            // Its rows were scored before.
            Part::Windows(_, windows) => windows.start + bad,
        },
        score: scores[bad],
        bad_features: row.iter().any(|value| !value.is_finite()),
    })
}

/// Counts the scores of each model and file.
pub(super) struct Count<'a> {
    features: &'a Features,
    pub scored: Vec<Scored>,
}

impl<'a> Count<'a> {
    /// None so far; after an alarm a detector is deaf for `refractory` seconds.
    pub fn new(features: &'a Features, models: usize, refractory: f64) -> Self {
        let alarms = |file: &FeatureFile| {
            let continuous = file.continuous.as_ref()?;
            let recordings = continuous.recordings.len();
            Some(Alarms::new(recordings, refractory, STEP_SECONDS))
        };
        let scored = Scored {
            files: vec![Tally::default(); features.files.len()],
            alarms: features.files.iter().map(alarms).collect(),
            range: [f32::INFINITY, f32::NEG_INFINITY],
        };
        Self {
            features,
            scored: vec![scored; models],
        }
    }
}

impl Sink for Count<'_> {
    type In = BlockScores;

    fn name(&self) -> &'static str {
        "count"
    }

    fn take(&mut self, _seq: Seq, scores: BlockScores, _focus: &mut Focus) -> Result<(), BoxError> {
        let BlockScores { block, by_model } = scores;
        let file = &self.features.files[block.file];
        for (scored, scores) in self.scored.iter_mut().zip(&by_model) {
            let [low, high] = &mut scored.range;
            for &score in scores {
                (*low, *high) = (low.min(score), high.max(score));
            }
            match (&block.part, &file.continuous) {
                (Part::Windows(stretch, windows), Some(continuous)) => {
                    let alarms = scored.alarms[block.file].iter_mut();
                    alarms.for_each(|alarms| {
                        let steps = self.features.steps;
                        hear(alarms, continuous, (*stretch, windows.start), steps, scores);
                    });
                }
                _ => {
                    let tally = &mut scored.files[block.file];
                    scores.iter().for_each(|score| tally.add(*score));
                }
            }
        }
        Ok(())
    }
}

/// Counts the alarms of the scores of windows from `first` of a stretch on.
fn hear(
    alarms: &mut Alarms,
    continuous: &Continuous,
    (stretch, first): (usize, usize),
    steps: usize,
    scores: &[f32],
) {
    if first == 0 {
        alarms.begin();
    }
    let recording = continuous.recording(stretch);
    for (window, score) in (first..).zip(scores) {
        let at = || continuous.heard_at(stretch, window, steps);
        alarms.hear(window as u64, *score, recording, at);
    }
}

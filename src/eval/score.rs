//! The flow of an evaluation: blocks of rows, scored and counted.

use std::ops::Range;
use std::sync::Arc;

use super::classifier::{Classifier, Scorer};
use crate::flow::{BoxError, Focus, Seq, Sink, Stage, Worker};

use super::error::EvalError;
use super::inputs::Features;
use super::tally::Tally;

/// Some rows of a file.
pub(super) struct Block {
    file: usize,
    rows: Range<usize>,
}

/// The scores of a block, by model.
pub(super) struct BlockScores {
    file: usize,
    by_model: Vec<Vec<f32>>,
}

/// How one model scored, counted.
#[derive(Clone, Debug)]
pub struct Scored {
    /// The scores of each file, in the order of the files.
    pub files: Vec<Tally>,
    /// The lowest and the highest of all.
    pub range: [f32; 2],
}

/// Cuts the files into blocks, always at the same rows.
pub(super) fn blocks(features: &Features, block: usize) -> impl Iterator<Item = Block> + Send {
    let files = features.files.iter().enumerate();
    files.flat_map(move |(file, features)| {
        let rows = features.rows;
        (0..rows).step_by(block).map(move |start| Block {
            file,
            rows: start..rows.min(start + block),
        })
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
        let Block { file, rows } = block;
        focus.set(&self.names[file]);
        let features = &self.features.files[file];
        let values = features
            .values(rows.clone(), &mut self.scratch)
            .ok_or("it has fewer rows than it had")?;
        let mut by_model = Vec::new();
        for (model, scorer) in &mut self.models {
            let mut scores = Vec::with_capacity(rows.len());
            scorer.score(values, &mut scores)?;
            check(model, &rows, values, &scores)?;
            by_model.push(scores);
        }
        features.release(&rows);
        Ok(BlockScores { file, by_model })
    }
}

/// Refuses scores that are no numbers.
fn check(
    model: &Classifier,
    rows: &Range<usize>,
    values: &[f32],
    scores: &[f32],
) -> Result<(), EvalError> {
    let Some(bad) = scores.iter().position(|score| !score.is_finite()) else {
        return Ok(());
    };
    let length = values.len() / scores.len();
    let row = &values[bad * length..(bad + 1) * length];
    Err(EvalError::Score {
        model: model.path().to_owned(),
        row: rows.start + bad,
        score: scores[bad],
        bad_features: row.iter().any(|value| !value.is_finite()),
    })
}

/// Counts the scores of each model and file.
pub(super) struct Count {
    pub scored: Vec<Scored>,
}

impl Count {
    pub fn new(features: &Features, models: usize) -> Self {
        let files = vec![Tally::default(); features.files.len()];
        Self {
            scored: vec![
                Scored {
                    files,
                    range: [f32::INFINITY, f32::NEG_INFINITY],
                };
                models
            ],
        }
    }
}

impl Sink for Count {
    type In = BlockScores;

    fn name(&self) -> &'static str {
        "count"
    }

    fn take(&mut self, _seq: Seq, block: BlockScores, _focus: &mut Focus) -> Result<(), BoxError> {
        for (scored, scores) in self.scored.iter_mut().zip(&block.by_model) {
            let tally = &mut scored.files[block.file];
            let [low, high] = &mut scored.range;
            for &score in scores {
                tally.add(score);
                (*low, *high) = (low.min(score), high.max(score));
            }
        }
        Ok(())
    }
}

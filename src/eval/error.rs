//! Why an evaluation failed.

use std::path::PathBuf;

use crate::dataset::inspect::InspectError;
use crate::dataset::npy::NpyError;
use crate::dataset::partial::WriteError;
use crate::flow::FlowError;
use crate::runtime::ModelError;

/// Why an evaluation failed.
#[derive(Debug, thiserror::Error)]
pub enum EvalError {
    /// A feature file cannot be read.
    #[error(transparent)]
    Features(#[from] NpyError),
    /// A feature file holds something else than rows of embeddings.
    #[error("{}: shape {found:?}, expected {expected}", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// What was expected.
        expected: String,
    },
    /// A file that would be replaced, and that no evaluation wrote.
    #[error("{} is there already, and not of an evaluation\n  move it away, or replace it (--overwrite)", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// What says how the rows of a feature file follow each other cannot be read.
    #[error(transparent)]
    Origin(#[from] InspectError),
    /// A named file of negatives is missing.
    #[error("there is no file {}, which --negatives names", path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to measure recall on.
    #[error(
        "no positives: {} {}\n  build the features first (`wakemill run`)",
        path.display(),
        if *there { "holds no rows" } else { "does not exist" }
    )]
    NoPositives {
        /// Where they were looked for.
        path: PathBuf,
        /// Whether the file is there.
        there: bool,
    },
    /// There is nothing to measure false positives on.
    #[error(
        "no negatives: none of these files exists and holds rows: {}\n  build the features first \
         (`wakemill run`)",
        paths(looked)
    )]
    NoNegatives {
        /// Where they were looked for.
        looked: Vec<PathBuf>,
    },
    /// Two models cannot read the same features.
    #[error(
        "{} takes {} embeddings a row and {} takes {}: evaluate them apart",
        first.display(), steps[0], second.display(), steps[1]
    )]
    Steps {
        /// A model.
        first: PathBuf,
        /// Another model.
        second: PathBuf,
        /// How many embeddings each takes.
        steps: [usize; 2],
    },
    /// Two models would write the same file.
    #[error("{} and {} would both write {name}_eval.json: rename one", first.display(), second.display())]
    SameName {
        /// A model.
        first: PathBuf,
        /// Another model.
        second: PathBuf,
        /// The name that they share.
        name: String,
    },
    /// A model gives NaN or an infinite score.
    #[error(
        "{} gives the score {score} for row {row}{}",
        model.display(),
        if *bad_features { ", where the features hold NaN or infinite values" } else { "" }
    )]
    Score {
        /// The model.
        model: PathBuf,
        /// The row within the file.
        row: usize,
        /// The score.
        score: f32,
        /// Whether the row itself is not finite.
        bad_features: bool,
    },
    /// A classifier cannot be loaded or run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The scoring ended early.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The figures cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The figures cannot be put in words.
    #[error("cannot write the figures as JSON")]
    Json(#[from] serde_json::Error),
    /// The plot cannot be drawn or written.
    #[error("cannot draw {}: {reason}", path.display())]
    Plot {
        /// The picture's file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

impl EvalError {
    /// Whether the caller has to change an argument or an input before any
    /// work can start.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Features(_)
            | Self::Shape { .. }
            | Self::Origin(_)
            | Self::NoFile { .. }
            | Self::NoPositives { .. }
            | Self::NoNegatives { .. }
            | Self::Steps { .. }
            | Self::SameName { .. }
            | Self::Foreign { .. } => true,
            Self::Model(error) => error.is_usage(),
            _ => false,
        }
    }

    /// Whether somebody asked for the end.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Flow(FlowError::Cancelled))
    }
}

fn paths(paths: &[PathBuf]) -> String {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    paths.join(", ")
}

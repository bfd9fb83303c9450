//! Wake-word classifiers: rows of speech embeddings in, one score a row out.
//!
//! livekit-wakeword exports `(n, 16, 96)` to `(n, 1)`; openWakeWord's have
//! another number of time steps at times, and often a batch of 1 baked in.
//! Others take a row as one flat vector.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::onnx::rewrite::Rewrite;
use crate::onnx::shape::{dims_text, single_input};
use crate::onnx::{FLOAT, Graph, TypeValue, ValueInfo};
use crate::records::EMBEDDING;
use crate::runtime::batch;
pub use crate::runtime::error::ModelError;
use crate::runtime::file::ModelFile;
use crate::runtime::library::Runtime;
use crate::runtime::provider::{self, Provider};
use crate::runtime::serve;
use crate::runtime::session::Network;

mod baked;

/// Classifiers that are checked and can be opened in any number of workers.
pub struct Classifiers {
    /// Each, in the order of the paths.
    pub all: Vec<Classifier>,
    /// ONNX Runtime's name of the execution provider in use.
    pub provider: &'static str,
    /// What the user must see: a provider that was asked for and is not in use.
    pub warnings: Vec<String>,
}

/// A classifier that is checked.
pub struct Classifier {
    file: ModelFile,
    input: Input,
    baked: Option<BakedBatch>,
    runtime: Arc<Runtime>,
    provider: Provider,
}

/// A batch that a model has baked in, and whether it can do without.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BakedBatch {
    /// The number of rows that the published model takes at once.
    pub rows: usize,
    /// Whether it runs in larger batches all the same: rewritten, and proven to
    /// give the same scores.
    pub rewrite: Rewrite,
}

/// What a classifier takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Input {
    /// The number of rows, where it is baked in.
    rows: Option<usize>,
    /// Embeddings in a row, where the model says so.
    steps: Option<usize>,
    /// Whether a row is one dimension rather than two.
    flat: bool,
}

/// Reads and checks classifiers, all for the first provider of the list that
/// can serve. One that has a batch of 1 baked in is rewritten to take any number
/// of rows, where the scores are proven to stay. ONNX Runtime is fetched where
/// it is missing, and `notice` told before.
///
/// # Errors
/// A file that is missing or no classifier, a provider that is unknown or
/// cannot serve.
pub fn load(
    paths: &[PathBuf],
    providers: &[String],
    library: Option<&Path>,
    notice: &mut dyn FnMut(&str),
) -> Result<Classifiers, ModelError> {
    let mut files = Vec::new();
    for path in paths {
        let file = ModelFile::read(path)?;
        let input = check(&file)?;
        files.push((file, input));
    }
    let providers = serve::named_providers(providers)?;
    let (runtime, _) = serve::open_runtime(library, &providers, notice)?;
    // Proofs are on the CPU, whose scores are the most exact.
    let mut all: Vec<_> = files
        .into_iter()
        .map(|(file, input)| Classifier {
            file,
            input,
            baked: None,
            runtime: Arc::clone(&runtime),
            provider: provider::CPU,
        })
        .map(Classifier::without_baked_batch)
        .collect();
    let models: Vec<_> = all.iter().map(|classifier| &classifier.file).collect();
    let (provider, warnings) = serve::choose_provider(&runtime, &providers, &models)?;
    for classifier in &mut all {
        classifier.provider = provider;
    }
    Ok(Classifiers {
        all,
        provider: provider.name,
        warnings,
    })
}

impl Classifier {
    /// The model's file.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The number of embeddings that it takes a row; `None` for any.
    pub fn steps(&self) -> Option<usize> {
        self.input.steps
    }

    /// What became of a batch that is baked into the model.
    pub fn baked_batch(&self) -> Option<&BakedBatch> {
        self.baked.as_ref()
    }

    /// The number of rows that it takes at once, where any number would be
    /// given `batch`.
    pub fn batch(&self, batch: usize) -> usize {
        self.input.rows.unwrap_or(batch).max(1)
    }

    /// Opens a session for one worker, for rows of `steps` embeddings, `batch`
    /// of them at once unless the model has a number of its own.
    ///
    /// # Errors
    /// Where ONNX Runtime refuses the model.
    pub fn open(&self, steps: usize, batch: usize) -> Result<Scorer, ModelError> {
        let Self { file, provider, .. } = self;
        let row = if self.input.flat {
            vec![steps * EMBEDDING]
        } else {
            vec![steps, EMBEDDING]
        };
        Ok(Scorer {
            network: Network::open(&self.runtime, *provider, &file.bytes, &file.path)?,
            path: Arc::clone(&file.path),
            row,
            batch: self.batch(batch),
            // A device is slow at new shapes, and a baked shape is the only one.
            padded: provider.is_accelerator || self.input.rows.is_some_and(|rows| rows > 1),
        })
    }
}

/// A worker's classifier.
pub struct Scorer {
    network: Network,
    path: Arc<Path>,
    /// The shape of a row.
    row: Vec<usize>,
    batch: usize,
    padded: bool,
}

impl Scorer {
    /// Appends the score of each row; `rows` holds whole rows in C order.
    ///
    /// # Errors
    /// Where ONNX Runtime fails, or the model gives another number of values
    /// than rows.
    pub fn score(&mut self, rows: &[f32], scores: &mut Vec<f32>) -> Result<(), ModelError> {
        let length: usize = self.row.iter().product();
        for rows in rows.chunks(self.batch * length) {
            let count = rows.len() / length;
            let at_once = if self.padded { self.batch } else { count };
            let mut given = 0;
            let mut take = |values: &[f32]| {
                given = values.len();
                scores.extend(values.iter().take(count));
            };
            let mut shape = vec![at_once];
            shape.extend(&self.row);
            if self.padded {
                let rows: Vec<_> = rows.chunks_exact(length).collect();
                let fill = |input: &mut [f32]| batch::fill(input, length, &rows);
                self.network.run_bound(&shape, fill, &mut take)?;
            } else {
                self.network.run(&shape, rows, &mut take)?;
            }
            if given != at_once {
                let reason = format!("it gives {given} values for {at_once} rows");
                return Err(not_a_classifier(&self.path, reason));
            }
        }
        Ok(())
    }
}

/// Checks the shapes and types that a model declares.
fn check(file: &ModelFile) -> Result<Input, ModelError> {
    let graph = file.model.graph.as_ref();
    let refuse = |reason| not_a_classifier(&file.path, reason);
    let input = graph
        .ok_or_else(|| "it holds no graph".to_owned())
        .and_then(|graph| {
            let input = check_input(graph)?;
            check_output(graph)?;
            Ok(input)
        });
    input.map_err(refuse)
}

fn check_input(graph: &Graph) -> Result<Input, String> {
    let input = single_input(graph).ok_or("it has more than one input")?;
    if !is_float(input) {
        return Err(format!("its input '{}' is not float32", input.name));
    }
    let dims = input.dims();
    let size = |dim: Option<i64>| dim.and_then(|dim| usize::try_from(dim).ok());
    let parsed = match dims.as_deref() {
        Some(&[rows, steps, None | Some(96)]) => Some(Input {
            rows: size(rows),
            steps: size(steps),
            flat: false,
        }),
        Some(&[rows, values]) => size(values)
            .is_none_or(|values| values > 0 && values.is_multiple_of(EMBEDDING))
            .then(|| Input {
                rows: size(rows),
                steps: size(values).map(|values| values / EMBEDDING),
                flat: true,
            }),
        _ => None,
    };
    parsed.ok_or_else(|| {
        let found = dims_text(dims);
        format!("its input has shape {found}, expected (n, T, 96) or (n, T x 96)")
    })
}

/// The first output counts, as for livekit-wakeword.
fn check_output(graph: &Graph) -> Result<(), String> {
    let output = graph.output.first().ok_or("it has no output")?;
    if !is_float(output) {
        return Err(format!("its first output '{}' is not float32", output.name));
    }
    match output.dims().as_deref() {
        Some([_, rest @ ..]) if rest.iter().any(|dim| dim.is_some_and(|dim| dim != 1)) => {
            let found = dims_text(output.dims());
            Err(format!(
                "its first output has shape {found}, expected one score a row: (n, 1) or (n)"
            ))
        }
        _ => Ok(()),
    }
}

fn is_float(value: &ValueInfo) -> bool {
    let kind = value.r#type.as_ref().and_then(|kind| kind.value.as_ref());
    matches!(kind, Some(TypeValue::Tensor(tensor)) if tensor.elem_type == FLOAT)
}

fn not_a_classifier(path: &Path, reason: String) -> ModelError {
    ModelError::NotAClassifier {
        path: path.to_owned(),
        reason,
    }
}

//! What is in an `.npy` file.

use std::path::Path;

use serde::Serialize;

use crate::dataset::npy::{DType, NpyReader};
use crate::records::EMBEDDING;

use super::error::InspectError;
use super::scale::{ScaleGuess, ScaleMeter};

/// Values looked at before the next are mapped in.
const BLOCK: usize = 1 << 18;

/// What is in an `.npy` file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ArrayFacts {
    /// Its shape.
    pub shape: Vec<usize>,
    /// Type of its values: `float32` or `float16`.
    pub dtype: &'static str,
    /// Number of values.
    pub values: u64,
    /// How many of them are numbers; the statistics are of these.
    pub finite: u64,
    /// The least; `None` of no values, as are the next three.
    pub min: Option<f32>,
    /// The greatest.
    pub max: Option<f32>,
    /// Their mean.
    pub mean: Option<f64>,
    /// Their standard deviation.
    pub std: Option<f64>,
    /// Rows that begin with an embedding of zeros: padding of clips too short
    /// for all embeddings of a row.
    pub padded_rows: u64,
    /// The input scale, for embeddings.
    pub input_scale: Option<ScaleGuess>,
}

/// Reads an `.npy` file.
///
/// # Errors
/// [`InspectError::Array`] where it is none, or is cut off.
pub fn array(path: &Path) -> Result<ArrayFacts, InspectError> {
    let npy = NpyReader::open_any(path)?;
    let mut meter = Meter::default();
    let row_len = npy.row_len();
    let rows_at_once = (BLOCK / row_len.max(1)).max(1);
    let mut scratch = Vec::new();
    let mut row = 0;
    while row < npy.rows() && row_len > 0 {
        let end = (row + rows_at_once).min(npy.rows());
        let values = npy.values(row..end, &mut scratch).unwrap_or_default();
        values.chunks_exact(row_len).for_each(|row| meter.add(row));
        row = end;
    }
    let embeddings = npy.shape().last() == Some(&EMBEDDING);
    Ok(meter.facts(npy.shape().to_vec(), npy.dtype(), embeddings))
}

/// Statistics of values that are not kept.
struct Meter {
    values: u64,
    finite: u64,
    min: f32,
    max: f32,
    sum: f64,
    squares: f64,
    padded_rows: u64,
    scale: ScaleMeter,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            values: 0,
            finite: 0,
            min: f32::INFINITY,
            max: f32::NEG_INFINITY,
            sum: 0.0,
            squares: 0.0,
            padded_rows: 0,
            scale: ScaleMeter::default(),
        }
    }
}

impl Meter {
    fn add(&mut self, row: &[f32]) {
        self.values += row.len() as u64;
        for value in row.iter().copied().filter(|value| value.is_finite()) {
            self.finite += 1;
            self.min = self.min.min(value);
            self.max = self.max.max(value);
            self.sum += f64::from(value);
            self.squares += f64::from(value).powi(2);
        }
        let embeddings = row.chunks_exact(EMBEDDING);
        let first = embeddings.clone().next();
        let padded = first.is_some_and(|first| first.iter().all(|value| *value == 0.0));
        self.padded_rows += u64::from(padded);
        embeddings.for_each(|embedding| self.scale.add(embedding));
    }

    fn facts(&self, shape: Vec<usize>, dtype: DType, embeddings: bool) -> ArrayFacts {
        let any = self.finite > 0;
        let mean = self.sum / self.finite as f64;
        let variance = self.squares / self.finite as f64 - mean * mean;
        ArrayFacts {
            shape,
            dtype: match dtype {
                DType::Float16 => "float16",
                DType::Float32 => "float32",
                DType::Int32 => "int32",
            },
            values: self.values,
            finite: self.finite,
            min: any.then_some(self.min),
            max: any.then_some(self.max),
            mean: any.then_some(mean),
            std: any.then_some(variance.max(0.0).sqrt()),
            padded_rows: if embeddings { self.padded_rows } else { 0 },
            input_scale: self.scale.guess().filter(|_| embeddings),
        }
    }
}

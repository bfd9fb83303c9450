//! Features of arrays in memory.

use std::sync::Arc;

use numpy::ndarray::Array2;
use numpy::{IntoPyArray, PyArray2, PyReadonlyArray1};
use pyo3::prelude::*;
use wakemill::api::{self, EmbedError, InputScale};

use crate::error::{Raise, UsageError};
use crate::wait::interruptible;

/// The two networks, loaded.
#[pyclass(frozen)]
pub struct Embedder(Arc<api::Embedder>);

#[pymethods]
impl Embedder {
    /// Loads the networks for a scale, "unit" or "int16".
    #[new]
    fn new(py: Python<'_>, scale: &str) -> PyResult<Self> {
        let scale = match scale {
            "unit" => InputScale::Unit,
            "int16" => InputScale::Int16,
            other => {
                return Err(UsageError::new_err(format!(
                    "there is no scale '{other}'; there are: unit, int16"
                )));
            }
        };
        let load = move || api::Embedder::load(scale, &mut |_| ());
        let embedder = interruptible(py, None, load)?.or_raise()?;
        Ok(Self(Arc::new(embedder)))
    }

    /// The mel spectrogram of samples in [-1, 1].
    fn mel<'py>(
        &self,
        py: Python<'py>,
        samples: PyReadonlyArray1<'py, f32>,
        rate: u32,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        self.apply(py, &samples, move |of, samples| of.mel(samples, rate))
    }

    /// The embeddings of samples in [-1, 1].
    fn embed<'py>(
        &self,
        py: Python<'py>,
        samples: PyReadonlyArray1<'py, f32>,
        rate: u32,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        self.apply(py, &samples, move |of, samples| of.embed(samples, rate))
    }
}

impl Embedder {
    fn apply<'py>(
        &self,
        py: Python<'py>,
        samples: &PyReadonlyArray1<'py, f32>,
        work: impl FnOnce(&api::Embedder, &[f32]) -> Result<Array2<f32>, EmbedError> + Send + 'static,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let samples = samples.as_array().to_vec();
        let embedder = Arc::clone(&self.0);
        let made = interruptible(py, None, move || work(&embedder, &samples))?;
        Ok(made.or_raise()?.into_pyarray(py))
    }
}

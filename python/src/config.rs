//! A configuration as Python names it.

use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use wakemill::api::{self, Inputs, Loaded, Prepared, Source, Watch};

use crate::error::{Raise, UsageError};

/// How a configuration that is in no file is called.
const UNNAMED: &str = "the configuration";

/// A file or the keys of a pipeline as JSON, and what overrides them.
#[pyclass(frozen, from_py_object)]
#[derive(Clone)]
pub struct Config {
    file: Option<PathBuf>,
    keys: Option<String>,
    with: Vec<PathBuf>,
    set: Vec<String>,
}

#[pymethods]
impl Config {
    #[new]
    fn new(
        file: Option<PathBuf>,
        keys: Option<String>,
        with: Vec<PathBuf>,
        set: Vec<String>,
    ) -> Self {
        Self {
            file,
            keys,
            with,
            set,
        }
    }
}

impl Config {
    /// The file, where it is one.
    pub fn file(&self) -> PyResult<&Path> {
        let missing = || UsageError::new_err("this needs the path of a configuration file");
        self.file.as_deref().ok_or_else(missing)
    }

    /// Reads and checks it.
    pub fn load(&self) -> PyResult<Loaded> {
        let path = self.file.as_deref().unwrap_or(Path::new(UNNAMED));
        let source = Source {
            with: &self.with,
            set: &self.set,
            ..Source::new(path)
        };
        match &self.keys {
            None => api::load(&source).or_raise(),
            Some(keys) => {
                let table = serde_json::from_str(keys)
                    .map_err(|error| UsageError::new_err(format!("{UNNAMED}: {error}")))?;
                api::load_table(table, &source).or_raise()
            }
        }
    }

    /// Reads it, and finds every input.
    pub fn prepare(&self, watch: &dyn Watch) -> PyResult<Prepared> {
        let loaded = self.load()?;
        loaded.warnings.iter().for_each(|text| watch.warn(text));
        api::prepare(loaded.plan, api::cores(), watch).or_raise()
    }
}

/// The names of splits, in order.
pub fn names(inputs: &Inputs) -> Vec<String> {
    let splits = inputs.splits.iter();
    splits.map(|split| split.name().to_owned()).collect()
}

//! What is there, and what would be: nothing here writes a data set.

use std::path::PathBuf;

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use serde::Serialize;
use wakemill::api::eval::{self as api_eval, Evaluated};
use wakemill::api::inspect::InspectError;
use wakemill::api::{self, Cancel, Quiet, inspect as look};

use crate::config::Config;
use crate::error::{BuildError, Raise, UsageError};
use crate::wait::interruptible;

/// What is in an `.npy` or the folder of a data set, as JSON.
#[pyfunction]
pub fn inspect(py: Python<'_>, path: PathBuf, verify: bool) -> PyResult<String> {
    interruptible(py, None, move || {
        if path.is_dir() {
            return json(&look::folder(&path, verify).or_raise()?);
        }
        if verify {
            let path = path.display();
            let text = format!("{path}: verify is for the output folder of a build");
            return Err(UsageError::new_err(text));
        }
        if !path.exists() {
            return Err(InspectError::Missing(path)).or_raise();
        }
        json(&look::array(&path).or_raise()?)
    })?
}

/// A plan as JSON, the clips of each split, and the plan in words.
type Planned = (String, Vec<(String, usize)>, String);

/// The plan as JSON, the clips of each split, and the plan in words.
#[pyfunction]
pub fn plan(py: Python<'_>, config: Config) -> PyResult<Planned> {
    interruptible(py, None, move || {
        let prepared = config.prepare(&Quiet)?;
        let splits = prepared.splits().iter();
        let clips = splits.map(|split| (split.name().to_owned(), split.clips.len()));
        let clips = clips.collect();
        Ok((json(prepared.plan())?, clips, prepared.describe()))
    })?
}

/// One row's 16-bit samples or, decoded, its clip's as 32-bit floats; the rate;
/// and what was drawn, as JSON.
#[pyfunction]
pub fn render<'py>(
    py: Python<'py>,
    config: Config,
    split: String,
    clip: String,
    round: u32,
    decoded: bool,
) -> PyResult<(Bound<'py, PyAny>, u32, Option<String>)> {
    let work = move || {
        let prepared = config.prepare(&Quiet)?;
        let rate = prepared.plan().audio.sample_rate;
        if decoded {
            let samples = prepared.decoded(&split, &clip).or_raise()?;
            return Ok((Rendered::Clip(samples), rate));
        }
        let row = prepared.render(&split, &clip, round, &Quiet).or_raise()?;
        let drawn = json(&*row.provenance)?;
        Ok::<_, PyErr>((Rendered::Row(row.data, drawn), rate))
    };
    match interruptible(py, None, work)?? {
        (Rendered::Clip(samples), rate) => {
            let array: Bound<'py, PyArray1<f32>> = samples.into_pyarray(py);
            Ok((array.into_any(), rate, None))
        }
        (Rendered::Row(samples, drawn), rate) => {
            let array: Bound<'py, PyArray1<i16>> = samples.into_pyarray(py);
            Ok((array.into_any(), rate, Some(drawn)))
        }
    }
}

enum Rendered {
    Clip(Vec<f32>),
    Row(Vec<i16>, String),
}

/// Scores classifiers: each one's name with its figures as JSON; the files that
/// were written; and what the user should know.
#[pyfunction]
#[expect(clippy::type_complexity, reason = "Python takes it apart at once")]
pub fn evaluate(
    py: Python<'_>,
    config: Config,
    models: Vec<PathBuf>,
    overwrite: bool,
) -> PyResult<(Vec<(String, String)>, Vec<PathBuf>, Vec<String>)> {
    let (cancel, token) = Cancel::new();
    let work = move || {
        let file = config.file()?;
        let loaded = config.load()?;
        let Some((project, mut notes)) = api::project(file).or_raise()? else {
            return Err(UsageError::new_err(format!(
                "{}: eval reads configurations of livekit-wakeword and openWakeWord (.yaml, \
                 .yml), which name the model, its features and its target",
                file.display()
            )));
        };
        let mut notice = |text: &str| notes.push(text.to_owned());
        let loaded =
            api_eval::classifiers(&models, project, &loaded.plan, &mut notice).or_raise()?;
        if !overwrite {
            loaded.check_outputs().or_raise()?;
        }
        notes.extend(loaded.classifiers.warnings.iter().cloned());
        let evaluating = loaded.open(&[], api_eval::REFRACTORY).or_raise()?;
        notes.extend(evaluating.features.warnings.iter().cloned());
        let scored = evaluating.score(&Quiet, &token).or_raise()?;
        let Evaluated {
            evaluations,
            written,
        } = evaluating.write(scored).or_raise()?;
        let figures = evaluations.iter();
        let figures = figures.map(|(name, figures)| Ok((name.clone(), json(figures)?)));
        let files = written.figures.iter().chain([&written.plot]);
        Ok((
            figures.collect::<PyResult<_>>()?,
            files.cloned().collect(),
            notes,
        ))
    };
    interruptible(py, Some(&cancel), work)?
}

fn json(of: &impl Serialize) -> PyResult<String> {
    serde_json::to_string(of)
        .map_err(|error| BuildError::new_err(format!("cannot be described: {error}")))
}

//! The files that an evaluation leaves.

use std::fs;
use std::path::{Path, PathBuf};

use crate::dataset::folder::is_there;
use crate::dataset::partial::PartialFile;

use super::error::EvalError;
use super::plot::{self, Curve};
use super::report::{Evaluation, Setting};
use super::score::Scored;

/// How the names of files of figures end.
const FIGURES: &str = "_eval.json";

/// Where the files are.
#[derive(Clone, Debug)]
pub struct Written {
    /// `<name>_eval.json` of each model.
    pub figures: Vec<PathBuf>,
    /// `<title>_det.png`, of all models.
    pub plot: PathBuf,
}

/// Refuses to replace what no evaluation wrote.
///
/// # Errors
/// [`EvalError::Foreign`].
pub fn check(folder: &Path, title: &str, names: &[String]) -> Result<(), EvalError> {
    for name in names {
        let path = figures_path(folder, name);
        if is_there(&path) && !holds_figures(&path) {
            return Err(EvalError::Foreign { path });
        }
    }
    // A picture does not say whose it is; figures beside it do.
    let path = plot_path(folder, title);
    if is_there(&path) && !has_figures(folder) {
        return Err(EvalError::Foreign { path });
    }
    Ok(())
}

fn figures_path(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{FIGURES}"))
}

fn plot_path(folder: &Path, title: &str) -> PathBuf {
    folder.join(format!("{title}_det.png"))
}

/// Whether a file holds figures, ours or livekit-wakeword's.
fn holds_figures(path: &Path) -> bool {
    let value = fs::read(path).ok();
    let value = value.and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    value.is_some_and(|value| ["aut", "fpph"].iter().all(|key| value.get(key).is_some()))
}

/// Whether there are any figures in a folder.
fn has_figures(folder: &Path) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut named = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(FIGURES));
    named.any(|entry| holds_figures(&entry.path()))
}

/// Writes each model's figures, and one plot of all.
///
/// # Errors
/// A folder that cannot be written to.
pub fn write(
    folder: &Path,
    title: &str,
    models: &[(Setting, Scored, Evaluation)],
) -> Result<Written, EvalError> {
    let mut figures = Vec::new();
    for (setting, _, evaluation) in models {
        let path = figures_path(folder, &setting.name);
        let mut json = serde_json::to_string_pretty(evaluation)?;
        json.push('\n');
        let mut file = PartialFile::create(&path, &[])?;
        file.append(json.as_bytes())?;
        file.finish(&[])?;
        figures.push(path);
    }
    let curves: Vec<_> = models
        .iter()
        .map(|(setting, scored, evaluation)| Curve::new(&setting.name, scored, evaluation))
        .collect();
    let plot = plot_path(folder, title);
    plot::draw(&plot, title, &curves).map_err(|reason| EvalError::Plot {
        path: plot.clone(),
        reason,
    })?;
    Ok(Written { figures, plot })
}

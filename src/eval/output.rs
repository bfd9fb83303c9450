//! The files that an evaluation leaves.

use std::path::{Path, PathBuf};

use crate::dataset::partial::PartialFile;

use super::error::EvalError;
use super::plot::{self, Curve};
use super::report::{Evaluation, Setting};
use super::score::Scored;

/// Where the files are.
#[derive(Clone, Debug)]
pub struct Written {
    /// `<name>_eval.json` of each model.
    pub figures: Vec<PathBuf>,
    /// `<title>_det.png`, of all models.
    pub plot: PathBuf,
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
        let path = folder.join(format!("{}_eval.json", setting.name));
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
    let plot = folder.join(format!("{title}_det.png"));
    plot::draw(&plot, title, &curves).map_err(|reason| EvalError::Plot {
        path: plot.clone(),
        reason,
    })?;
    Ok(Written { figures, plot })
}

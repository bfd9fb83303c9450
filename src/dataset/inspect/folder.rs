//! What is in an output folder.

use std::path::Path;

use serde::Serialize;

use crate::dataset::layout::JOURNAL_FILE;
use crate::dataset::layout::ROWS_FILE;
use crate::dataset::manifest::{Dataset, Hours, SplitReport};
use crate::dataset::partial::sha256_of;
use crate::dataset::parts::FeatureReader;

use super::error::InspectError;
use crate::config::plan::{Floor, InputScale, Plan};
use crate::dataset::statistics::Statistics;

/// What is in an output folder.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FolderFacts {
    /// Version of the program that built it.
    pub wakemill: String,
    /// The seed.
    pub seed: u64,
    /// The fingerprint of configuration and inputs.
    pub fingerprint: String,
    /// The input scale that the build used: `unit` or `int16`.
    pub input_scale: InputScale,
    /// What the mel network's floor was taken of: `clip` or `stream`.
    pub floor: Floor,
    /// The splits, in order.
    pub splits: Vec<SplitFacts>,
    /// What was done to the rows; `None` without `rows.jsonl`.
    pub provenance: Option<Statistics>,
    /// Whether every file was hashed, and is the one that was built.
    pub verified: bool,
}

/// What is there of one split.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SplitFacts {
    /// Its name.
    pub name: String,
    /// Clips that were to be built.
    pub planned: u64,
    /// Clips left out.
    pub left_out: u64,
    /// Rows built.
    pub rows: u64,
    /// Its feature file.
    pub features: String,
    /// The files that it is in, where it is in parts.
    #[serde(skip_serializing_if = "is_in_one_file")]
    pub parts: usize,
    /// Shape of the array in it.
    pub shape: Vec<usize>,
    /// What its recordings came to, where it has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Hours>,
}

/// Reads an output folder; with `verify` also every byte of its files.
///
/// # Errors
/// A folder that holds no finished data set, a file of it that cannot be read,
/// or that is not what `dataset.json` says: [`InspectError::Changed`].
pub fn folder(path: &Path, verify: bool) -> Result<FolderFacts, InspectError> {
    let Some(dataset) = Dataset::read(path)? else {
        let unfinished = path.join(JOURNAL_FILE).exists();
        return Err(match unfinished {
            true => InspectError::Unfinished(path.to_path_buf()),
            false => InspectError::NoDataset(path.to_path_buf()),
        });
    };
    let mut splits = Vec::with_capacity(dataset.splits.len());
    for split in &dataset.splits {
        let timesteps = dataset.configuration.features.timesteps;
        splits.push(split_facts(path, split, timesteps)?);
        if verify && split.written.parts.is_empty() {
            check_hash(&path.join(&split.written.features), &split.written.sha256)?;
        }
        for part in split.written.parts.iter().filter(|_| verify) {
            check_hash(&path.join(&part.features), &part.sha256)?;
        }
    }
    if verify {
        for (name, sha256) in &dataset.files {
            check_hash(&path.join(name), sha256)?;
        }
    }
    let provenance = match dataset.configuration.output_files.rows {
        true => {
            let statistics = Statistics::read(path, &dataset.configuration, &dataset.sounds)?;
            let plan = &dataset.configuration;
            check_counts(&path.join(ROWS_FILE), &dataset.splits, plan, &statistics)?;
            Some(statistics)
        }
        false => None,
    };
    Ok(FolderFacts {
        input_scale: dataset.configuration.features.input_scale,
        floor: dataset.configuration.features.floor,
        wakemill: dataset.wakemill,
        seed: dataset.seed,
        fingerprint: dataset.fingerprint,
        splits,
        provenance,
        verified: verify,
    })
}

fn is_in_one_file(parts: &usize) -> bool {
    *parts == 0
}

fn split_facts(
    folder: &Path,
    split: &SplitReport,
    timesteps: usize,
) -> Result<SplitFacts, InspectError> {
    let written = &split.written;
    let path = folder.join(&written.features);
    let npy = match FeatureReader::open(&path)? {
        Some(npy) => npy,
        None => return Err(InspectError::Missing(path)),
    };
    // Of steps, a row is several.
    let rows = match npy.shape() {
        [steps, _] if written.hours.is_some() => *steps as u64 / timesteps.max(1) as u64,
        _ => npy.rows() as u64,
    };
    if rows != written.rows {
        return Err(InspectError::Changed {
            difference: format!("it has {rows} rows, {} were built", written.rows),
            path,
        });
    }
    Ok(SplitFacts {
        name: written.name.clone(),
        planned: split.planned,
        left_out: written.left_out,
        rows: written.rows,
        features: written.features.clone(),
        parts: written.parts.len(),
        shape: npy.shape().to_vec(),
        hours: written.hours.clone(),
    })
}

fn check_counts(
    path: &Path,
    splits: &[SplitReport],
    plan: &Plan,
    statistics: &Statistics,
) -> Result<(), InspectError> {
    let has_lines = |split: &&SplitReport| {
        let planned = plan
            .splits
            .iter()
            .find(|plan| plan.name == split.written.name);
        let recordings = planned.and_then(|plan| plan.recordings.as_ref());
        recordings.is_none_or(|of| of.augment)
    };
    for split in splits.iter().filter(has_lines) {
        let lines = statistics
            .splits
            .get(&split.written.name)
            .copied()
            .unwrap_or(0);
        if lines != split.written.rows {
            let (name, rows) = (&split.written.name, split.written.rows);
            return Err(InspectError::Changed {
                path: path.to_path_buf(),
                difference: format!("it has {lines} lines of split '{name}', {rows} were built"),
            });
        }
    }
    Ok(())
}

fn check_hash(path: &Path, expected: &str) -> Result<(), InspectError> {
    let found = sha256_of(path).map_err(InspectError::io(path))?;
    if found != expected {
        return Err(InspectError::Changed {
            path: path.to_path_buf(),
            difference: format!("its SHA-256 is {found}, {expected} was built"),
        });
    }
    Ok(())
}

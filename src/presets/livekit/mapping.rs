//! The pipeline that a livekit-wakeword configuration maps to.

use std::num::NonZero;
use std::path::Path;

use super::document::Document;
use crate::config::Problem;
use crate::presets::table::{self, insert, text};

/// The splits in the order in which livekit-wakeword writes their features,
/// with the names of the files.
const SPLITS: &[(&str, &str)] = &[
    ("positive_train", "positive_features_train.npy"),
    ("positive_test", "positive_features_test.npy"),
    ("negative_train", "negative_features_train.npy"),
    ("negative_test", "negative_features_test.npy"),
    ("background_train", "background_noise_features_train.npy"),
    ("background_test", "background_noise_features_test.npy"),
];

/// Keys of a pipeline, and the keys that they are here.
const MAPPED: &[(&str, &str)] = &[
    ("audio.clip_seconds", "augmentation.clip_duration"),
    ("augment.rounds", "augmentation.rounds"),
    ("augment.backgrounds", "augmentation.background_paths"),
    ("augment.rirs", "augmentation.rir_paths"),
    ("stages.decode.workers", "augmentation.n_workers"),
    ("stages.augment.workers", "augmentation.n_workers"),
    ("stages.mel.workers", "feature_extraction.n_workers"),
    ("stages.embed.workers", "feature_extraction.n_workers"),
    (
        "features.execution_providers",
        "feature_extraction.execution_providers",
    ),
];

/// The pipeline; warns about sounds that do not exist. Relative paths start at
/// `folder`.
pub fn pipeline(
    document: &Document,
    folder: &Path,
    augmented: bool,
    warnings: &mut Vec<String>,
) -> toml::Table {
    let augmentation = &document.augmentation;
    let mut existing = |paths: &toml::Value| {
        let mut paths = paths.clone();
        if let toml::Value::Array(paths) = &mut paths {
            paths.retain(|path| exists(folder, path, warnings));
        }
        paths
    };
    let backgrounds = existing(&augmentation.background_paths);
    let rirs = existing(&augmentation.rir_paths);
    let mut pipeline = toml::Table::new();
    let mut set = |key: &str, value: toml::Value| insert(&mut pipeline, key, value);
    set("output", text(&document.output()));
    set("split", splits(document, augmented));
    set("audio.clip_seconds", augmentation.clip_duration.clone());
    set("augment.rounds", augmentation.rounds.clone());
    let chain = ["equalizer", "distortion", "reverb", "background", "place"];
    set("augment.chain", chain.to_vec().into());
    set("augment.row_order", "name".into());
    set("augment.sound_files", "wav".into());
    set("augment.backgrounds", backgrounds);
    set("augment.rirs", rirs);
    if let Some(workers) = &augmentation.n_workers {
        set("stages.decode.workers", all_cores_if_zero(workers));
        set("stages.augment.workers", all_cores_if_zero(workers));
    }
    if let Some(workers) = &document.feature_extraction.n_workers {
        set("stages.mel.workers", all_cores_if_zero(workers));
        set("stages.embed.workers", all_cores_if_zero(workers));
    }
    if let Some(providers) = &document.feature_extraction.execution_providers {
        set("features.execution_providers", providers.clone());
    }
    pipeline
}

/// What livekit-wakeword does where a pipeline by default does otherwise, in
/// effects that a chain of the user's own need not have; nor does it audit.
pub fn defaults() -> toml::Table {
    let mut defaults = toml::Table::new();
    insert(&mut defaults, "augment.reverb.align", false.into());
    insert(&mut defaults, "audit.checks", "off".into());
    defaults
}

/// Names the keys of a problem as they are in the YAML.
pub fn rename(problem: Problem) -> Problem {
    table::rename(problem, MAPPED)
}

fn splits(document: &Document, augmented: bool) -> toml::Value {
    let split = |&(name, features): &(&str, &str)| {
        let (files, place) = match augmented {
            true => ("clip_NNNNNN_rR.wav", "none"),
            false if name.contains("positive") => ("clip_NNNNNN.wav", "end"),
            false => ("clip_NNNNNN.wav", "center"),
        };
        let mut split = toml::Table::new();
        insert(&mut split, "name", name.into());
        insert(&mut split, "input", text(&document.output().join(name)));
        insert(&mut split, "features", features.into());
        insert(&mut split, "files", files.into());
        insert(&mut split, "missing", "skip".into());
        insert(&mut split, "place", place.into());
        toml::Value::Table(split)
    };
    toml::Value::Array(SPLITS.iter().map(split).collect())
}

/// Whether a path exists, with a warning if not. Anything else than a path is
/// left for the checks of the pipeline.
fn exists(folder: &Path, path: &toml::Value, warnings: &mut Vec<String>) -> bool {
    let Some(path) = path.as_str().filter(|path| !folder.join(path).exists()) else {
        return true;
    };
    warnings.push(format!(
        "{path} does not exist; it is skipped, as livekit-wakeword does"
    ));
    false
}

fn all_cores_if_zero(workers: &toml::Value) -> toml::Value {
    if workers.as_integer() != Some(0) {
        return workers.clone();
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    i64::try_from(cores).unwrap_or(i64::MAX).into()
}

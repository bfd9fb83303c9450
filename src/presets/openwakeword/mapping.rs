//! The pipeline that an openWakeWord training configuration maps to.

use std::path::Path;

use toml::Value;

use super::document::Document;
use crate::config::Problem;
use crate::presets::table::{self, insert, text};

/// The splits in the order in which openWakeWord writes their features, with the
/// names of the files.
const SPLITS: &[(&str, &str)] = &[
    ("positive_train", "positive_features_train.npy"),
    ("negative_train", "negative_features_train.npy"),
    ("positive_test", "positive_features_test.npy"),
    ("negative_test", "negative_features_test.npy"),
];

/// Keys of a pipeline, and the keys that they are here.
const MAPPED: &[(&str, &str)] = &[
    ("augment.rounds", "augmentation_rounds"),
    ("augment.backgrounds", "background_paths"),
    (
        "augment.background_repeats",
        "background_paths_duplication_rate",
    ),
    ("augment.rirs", "rir_paths"),
];

/// The pipeline; notes what the user should know of it. Relative paths start at
/// `folder`.
pub fn pipeline(document: &Document, folder: &Path, notes: &mut Vec<String>) -> toml::Table {
    let mut pipeline = toml::Table::new();
    let mut set = |key: &str, value: Value| insert(&mut pipeline, key, value);
    set("output", text(&document.output()));
    set("split", splits(document));
    set("audio.clip_seconds", "auto".into());
    set("audio.clip_split", "positive_test".into());
    set("features.input_scale", "int16".into());
    set("features.timesteps", "auto".into());
    set("augment.preset", "openwakeword".into());
    set("augment.rounds", document.augmentation_rounds.clone());
    set("augment.sound_files", "wav_nocase".into());
    set("augment.rir_files", "audio".into());
    let (backgrounds, repeats) = backgrounds(document, folder, notes);
    set("augment.backgrounds", backgrounds);
    set("augment.background_repeats", repeats);
    set("augment.background_channel", "mean".into());
    set("augment.rirs", document.rir_paths.clone());
    set("output_files.wavs_in", "output".into());
    if let Some(rounds @ 2..) = document.augmentation_rounds.as_integer() {
        notes.push(format!(
            "augmentation_rounds is {rounds}: {rounds} rows of each clip; openWakeWord itself would write those of round 0 alone"
        ));
    }
    pipeline
}

/// What openWakeWord does where a pipeline by default does otherwise.
pub fn defaults() -> toml::Table {
    let mut defaults = toml::Table::new();
    let mut set = |key: &str, value: Value| insert(&mut defaults, key, value);
    set("augment.overflow", "wrap".into());
    set("augment.pitch_shift.ratios", "divisors".into());
    set("augment.reverb.align", false.into());
    set("augment.reverb.tail", "wrap".into());
    set("audit.checks", "off".into());
    defaults
}

/// Names the keys of a problem as they are in the YAML.
pub fn rename(problem: Problem) -> Problem {
    table::rename(problem, MAPPED)
}

fn splits(document: &Document) -> Value {
    let split = |&(name, features): &(&str, &str)| {
        let mut split = toml::Table::new();
        insert(&mut split, "name", name.into());
        insert(&mut split, "input", text(&document.output().join(name)));
        insert(&mut split, "features", features.into());
        insert(&mut split, "files", "*.wav".into());
        insert(&mut split, "place", "start".into());
        Value::Table(split)
    };
    Value::Array(SPLITS.iter().map(split).collect())
}

/// The folders of backgrounds that exist, and how often the files of each are
/// listed. Values that are no lists are left for the checks of the pipeline.
fn backgrounds(document: &Document, folder: &Path, notes: &mut Vec<String>) -> (Value, Value) {
    let paths = &document.background_paths;
    let rates = &document.background_paths_duplication_rate;
    let (Value::Array(places), Value::Array(times)) = (paths, rates) else {
        return (paths.clone(), rates.clone());
    };
    let one = Value::from(1);
    if !times.is_empty() && times.len() != places.len() {
        notes.push(format!(
            "background_paths_duplication_rate has {} values for {} background_paths: every file is listed once, as openWakeWord does",
            times.len(),
            places.len()
        ));
    }
    let times = match times.len() == places.len() {
        true => times.clone(),
        false => vec![one; places.len()],
    };
    let mut exists = |path: &Value| {
        let Some(path) = path.as_str().filter(|path| !folder.join(path).exists()) else {
            return true;
        };
        notes.push(format!(
            "background_paths: {path} does not exist; it is skipped"
        ));
        false
    };
    let pairs = places.iter().zip(times).filter(|(place, _)| exists(place));
    let (places, times): (Vec<Value>, Vec<Value>) =
        pairs.map(|(place, times)| (place.clone(), times)).unzip();
    (Value::Array(places), Value::Array(times))
}

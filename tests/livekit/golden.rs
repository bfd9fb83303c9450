//! A small build against what the Python originals make of it.
//!
//! `tests/golden/rows` was made by `tests/golden/make_rows_golden.py`: clips and
//! sounds, the draws, and of each row the audio and the embeddings that
//! livekit-wakeword computes with these draws.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use wakemill::audio;
use wakemill::audio::Limits;
use wakemill::dataset::npy::NpyReader;

use crate::support::Project;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/rows")
        .join(name)
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}

fn samples(path: &Path) -> Vec<f32> {
    let mut samples = Vec::new();
    audio::read(path, Limits { max_seconds: 60.0 }, &mut samples).unwrap();
    samples
}

/// Rows of `rows.jsonl`.
fn rows(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Whether two values agree, but for the last digits of mathematical functions
/// that differ from system to system.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-12 * b.abs()
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn a_build_is_what_the_originals_make() {
    let project = Project::empty();
    copy(&golden("input"), &project.path(""));
    project.run(&["--set", "seed=27", "--set", "output_files.wavs=true"]);

    let found = fs::read_to_string(project.output("rows.jsonl")).unwrap();
    let expected = fs::read_to_string(golden("rows.jsonl")).unwrap();
    let found = rows(&found);
    let expected = rows(&expected);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert!(same(found, expected), "drawn {found}, not {expected}");
    }

    for row in &found {
        let clip = row["clip"].as_str().unwrap().trim_end_matches(".wav");
        let name = format!(
            "{}/{clip}_r{}",
            row["split"].as_str().unwrap(),
            row["round"]
        );
        let ours = samples(&project.output(&format!("{name}.wav")));
        let theirs = samples(&golden(&format!(
            "expected/{}.flac",
            name.replace('/', "_")
        )));
        assert_eq!(ours.len(), theirs.len());
        let steps: Vec<f32> = ours
            .iter()
            .zip(&theirs)
            .map(|(a, b)| (a - b).abs() * 32_768.0)
            .collect();
        let worst = steps.iter().copied().fold(0.0, f32::max);
        let over = steps.iter().filter(|steps| **steps > 1.0).count();
        assert!(
            worst <= 3.0 && over * 1_000 <= ours.len(),
            "{name}: {worst} LSB, {over} over 1"
        );
    }
    for features in ["positive_features_train.npy", "negative_features_train.npy"] {
        let values = |path: &Path| {
            let npy = NpyReader::open(path).unwrap();
            let mut scratch = Vec::new();
            let values = npy.values(0..npy.rows(), &mut scratch).unwrap();
            (npy.shape().to_vec(), values.to_vec())
        };
        let (ours, theirs) = (values(&project.output(features)), values(&golden(features)));
        assert_eq!(ours.0, theirs.0);
        let differences = ours.1.iter().zip(&theirs.1).map(|(a, b)| (a - b).abs());
        let worst = differences.fold(0.0, f32::max);
        assert!(worst < 2e-3, "{features}: {worst}");
    }
}

//! A data set with faults, and the program in its folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use wakemill::audio::wav;
use wakemill::onnx::{Attribute, DimensionValue, Graph, Model, Node, Tensor, ValueInfo};

/// Values of a row.
pub const ROW: usize = 16 * 96;
/// Names the classifier of a site.
pub const SCORED: [&str; 4] = [
    "--set",
    "audit.classifier=word.onnx",
    "--set",
    "audit.hard=5",
];

/// Quickstart clips with a few faults among them, in train and test.
pub struct Site {
    folder: TempDir,
}

impl Site {
    pub fn new() -> Self {
        let site = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quickstart");
        for (from, to) in [("wake", "wake_train"), ("other", "other_train")] {
            copy(&data.join(from), &site.path(to));
        }
        let rooms = site.path("rooms");
        copy(&data.join("rooms"), &rooms);
        for (from, to) in [("01_male_uk.wav", "same.wav"), ("02_male_us.wav", "b.wav")] {
            fs::create_dir_all(site.path("wake_test")).unwrap();
            fs::copy(
                data.join("wake").join(from),
                site.path("wake_test").join(to),
            )
            .unwrap();
        }
        let silent = vec![3; 16_000];
        wav::write(&site.path("wake_train/silent.wav"), 16_000, &silent).unwrap();
        let sample = |n: usize| ((n as f64 * 0.05).sin() * 60_000.0) as i16;
        let clipped: Vec<i16> = (0..16_000).map(sample).collect();
        wav::write(&site.path("other_train/clipped.wav"), 16_000, &clipped).unwrap();
        wav::write(&rooms.join("late.wav"), 16_000, &late()).unwrap();
        let noise = data.join("noise");
        let text = format!(
            "output = 'out'\nseed = 5\n\
             [[split]]\nname = 'wake_train'\ninput = 'wake_train'\nplace = 'end'\n\
             [[split]]\nname = 'other_train'\ninput = 'other_train'\n\
             [[split]]\nname = 'wake_test'\ninput = 'wake_test'\nplace = 'end'\n\
             [augment]\nrounds = 2\nbackgrounds = '{}'\nrirs = 'rooms'\n\
             [features]\nbackend = 'native'\n[audit]\nchecks = 'warn'\n",
            noise.display()
        );
        fs::write(site.path("p.toml"), text).unwrap();
        fs::write(site.path("word.onnx"), classifier().to_bytes()).unwrap();
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs a command with the pipeline.
    pub fn wakemill(&self, command: &[&str]) -> Output {
        let mut run = Command::new(env!("CARGO_BIN_EXE_wakemill"));
        run.args(command).current_dir(self.folder.path());
        run.output().unwrap()
    }

    /// Builds, and expects that to go well.
    pub fn build(&self, more: &[&str]) -> String {
        let run = [&["run", "p.toml", "--progress", "plain"], more].concat();
        let output = self.wakemill(&run);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{more:?}: {errors}");
        errors
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The lines of a file.
    pub fn lines(&self, name: &str) -> Vec<Value> {
        let text = String::from_utf8(self.read(name)).unwrap();
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().unwrap()
    }

    /// Everything that a build has made whose bytes are to be the same.
    pub fn made(&self) -> BTreeMap<String, Vec<u8>> {
        let names = [
            "wake_train.npy",
            "other_train.npy",
            "wake_test.npy",
            "rows.jsonl",
            "quarantine.jsonl",
            "audit.jsonl",
            "audit.npy",
        ];
        let read = |name: &str| (name.to_owned(), self.read(&format!("out/{name}")));
        let mut made: BTreeMap<_, _> = names.map(read).into();
        if let Ok(bytes) = fs::read(self.path("out/hard.jsonl")) {
            made.insert("hard.jsonl".to_owned(), bytes);
        }
        let dataset: Value = serde_json::from_slice(&self.read("out/dataset.json")).unwrap();
        let of_audit = format!("{}{}", dataset["audit"], dataset["splits"]);
        made.insert("dataset.json".to_owned(), of_audit.into_bytes());
        made
    }
}

/// The weight of a value of a row.
pub fn weight(index: usize) -> f32 {
    0.005 * ((index * 7919 % 13) as f32 - 6.0)
}

/// What the classifier says of a row.
pub fn score(row: &[f32]) -> f64 {
    let values = row.iter().enumerate();
    let sum: f64 = values
        .map(|(index, x)| f64::from(*x) * f64::from(weight(index)))
        .sum();
    1.0 / (1.0 + (-sum).exp())
}

/// A classifier that weighs the values of a row.
fn classifier() -> Model {
    let dims = |rest: &[i64]| {
        let rest = rest.iter().map(|size| DimensionValue::Value(*size));
        let batch = DimensionValue::Param("n".to_owned());
        std::iter::once(batch).chain(rest).collect::<Vec<_>>()
    };
    let weights: Vec<f32> = (0..ROW).map(weight).collect();
    Model::new(Graph {
        name: "word".to_owned(),
        node: vec![
            Node::new("Flatten", &["x"], "flat", vec![Attribute::int("axis", 1)]),
            Node::new("MatMul", &["flat", "w"], "sum", vec![]),
            Node::new("Sigmoid", &["sum"], "score", vec![]),
        ],
        initializer: vec![Tensor::floats("w", &[ROW as i64, 1], &weights)],
        input: vec![ValueInfo::float_tensor("x", dims(&[16, 96]))],
        output: vec![ValueInfo::float_tensor("score", dims(&[1]))],
        ..Graph::default()
    })
}

/// An impulse response that begins after 0.3 s.
fn late() -> Vec<i16> {
    let mut samples = vec![0; 4_800];
    samples.extend((0..3_000).map(|n| (20_000.0 * (-f64::from(n) / 500.0).exp()) as i16));
    samples
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

//! A small data set, the program, and what it leaves.

use std::collections::BTreeMap;
use std::f32::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_wakemill");

/// A folder with a pipeline of two splits, two backgrounds and a room.
pub struct Case {
    folder: TempDir,
}

/// The files of an output folder by name, with what differs from run to run
/// taken out of `dataset.json`.
pub type Files = BTreeMap<String, Vec<u8>>;

impl Case {
    /// `clips` clips, two thirds of them in the first split.
    pub fn new(clips: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let case = Self { folder };
        for index in 0..clips {
            let split = if index < clips * 2 / 3 {
                "wake"
            } else {
                "other"
            };
            let length = 4000 + 2311 * index % 24_000;
            tone(
                &case.path(&format!("{split}/{index:03}.wav")),
                index,
                16_000,
                length,
            );
        }
        tone(&case.path("noise/a.wav"), 901, 16_000, 50_000);
        tone(&case.path("noise/b.wav"), 902, 22_050, 9_000);
        tone(&case.path("rooms/a.wav"), 903, 16_000, 900);
        case.write(
            "pipeline.toml",
            r#"
            seed = 3
            output = "out"
            [[split]]
            name = "wake"
            input = "wake"
            place = "end"
            [[split]]
            name = "other"
            input = "other"
            place = "center"
            [augment]
            rounds = 2
            backgrounds = ["noise"]
            rirs = ["rooms"]
            [flow]
            batch = 4
            commit_seconds = 0
            "#,
        );
        case
    }

    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// `wakemill run` with this output folder and more arguments.
    pub fn command(&self, output: &str, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .arg("run")
            .arg(self.path("pipeline.toml"))
            .arg("--set")
            .arg(format!("output={}", self.path(output).display()))
            .args(["--progress", "none"])
            .args(args)
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, output: &str, args: &[&str]) -> Output {
        self.command(output, args).output().unwrap()
    }

    /// Runs to the end, and gives what is there then.
    #[track_caller]
    pub fn build(&self, output: &str, args: &[&str]) -> Files {
        let run = self.run(output, args);
        assert!(run.status.success(), "{}", errors(&run));
        self.files(output)
    }

    /// The files in an output folder.
    pub fn files(&self, output: &str) -> Files {
        let mut files = Files::new();
        for entry in fs::read_dir(self.path(output)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            if name == "report.html" {
                // It tells of times.
                continue;
            }
            let mut content = fs::read(entry.path()).unwrap();
            if name == "dataset.json" {
                content = lasting(&content);
            }
            files.insert(name, content);
        }
        files
    }

    pub fn dataset(&self, output: &str) -> Value {
        let text = fs::read(self.path(output).join("dataset.json")).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    /// Copies an output folder.
    #[allow(
        dead_code,
        reason = "one of the two tests with this module has no use for it"
    )]
    pub fn copy(&self, from: &str, to: &str) {
        fs::create_dir_all(self.path(to)).unwrap();
        for entry in fs::read_dir(self.path(from)).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), self.path(to).join(entry.file_name())).unwrap();
        }
    }
}

/// `dataset.json` without times, and without settings that the bytes of the
/// data set do not depend on.
fn lasting(text: &[u8]) -> Vec<u8> {
    let mut dataset: Value = serde_json::from_slice(text).unwrap();
    let fields = dataset.as_object_mut().unwrap();
    for key in [
        "stages",
        "in_flight",
        "rows_per_batch",
        "rows_resumed",
        "wall_seconds",
        "rows_per_second",
        "clips_per_second",
    ] {
        assert!(fields.remove(key).is_some(), "{key}");
    }
    let plan = fields["configuration"].as_object_mut().unwrap();
    for key in ["output", "flow", "stages", "failures"] {
        assert!(plan.remove(key).is_some(), "{key}");
    }
    serde_json::to_vec_pretty(&dataset).unwrap()
}

/// A mixture of a tone and a hum, different for each index.
pub fn tone(path: &Path, index: usize, sample_rate: u32, length: usize) {
    let pitch = 150.0 + 37.0 * (index % 40) as f32;
    let sample = |i: usize| {
        let t = i as f32 / sample_rate as f32;
        let fade = 1.0 - i as f32 / length as f32;
        let value = (TAU * pitch * t).sin() * fade + 0.2 * (TAU * 7.3 * pitch * t).sin();
        (value * 9000.0) as i16
    };
    let samples: Vec<i16> = (0..length).map(sample).collect();
    fs::write(path, wav(sample_rate, 1, &samples)).unwrap();
}

/// The bytes of a 16-bit WAV file.
pub fn wav(sample_rate: u32, channels: u16, samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    riff(1, channels, sample_rate, 16, &data)
}

/// The bytes of a WAV file of any format code, channels, rate and sample size.
pub fn riff(format: u16, channels: u16, sample_rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = channels * bits / 8;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0");
    bytes.extend(format.to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(sample_rate.to_le_bytes());
    bytes.extend((sample_rate * u32::from(frame)).to_le_bytes());
    bytes.extend(frame.to_le_bytes());
    bytes.extend(bits.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// What a run said on standard error.
pub fn errors(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

/// Names the first file that differs, rather than print two data sets.
#[track_caller]
pub fn assert_same(made: &Files, expected: &Files, what: &str) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(made), names(expected), "{what}");
    for (name, content) in expected {
        assert!(made[name] == *content, "{what}: {name} differs");
    }
}

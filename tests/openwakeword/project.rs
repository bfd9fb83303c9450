//! A data set in openWakeWord's layout, and the program.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use wakemill::audio::wav;

/// The splits in openWakeWord's order, with their feature files.
pub const SPLITS: [(&str, &str); 4] = [
    ("positive_train", "positive_features_train.npy"),
    ("negative_train", "negative_features_train.npy"),
    ("positive_test", "positive_features_test.npy"),
    ("negative_test", "negative_features_test.npy"),
];

pub struct Project {
    folder: TempDir,
}

impl Project {
    /// Two clips of about so many samples a split, two sounds of each kind.
    pub fn new(rounds: u32, samples: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = Self { folder };
        let config = format!(
            "model_name: m\noutput_dir: ./out\ntarget_phrase: [hey]\nrir_paths: [./rirs]\n\
             background_paths: [./backgrounds]\nbackground_paths_duplication_rate: [1]\n\
             augmentation_batch_size: 16\naugmentation_rounds: {rounds}\n"
        );
        fs::write(project.path("my_model.yaml"), config).unwrap();
        for (seed, (split, _)) in SPLITS.iter().enumerate() {
            let seed = seed as u32 * 2;
            project.noise(&format!("out/m/{split}/a.wav"), seed + 1, samples - 200);
            project.noise(&format!("out/m/{split}/b.wav"), seed + 2, samples + 200);
        }
        project.noise("backgrounds/deep/short.WAV", 21, 9_000);
        project.noise("backgrounds/long.wav", 22, 70_000);
        project.noise("rirs/a.wav", 23, 1_500);
        project.noise("rirs/b.wav", 24, 50_000);
        project
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in the output folder.
    pub fn output(&self, name: &str) -> PathBuf {
        self.path("out/m").join(name)
    }

    pub fn noise(&self, name: &str, seed: u32, samples: usize) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut state = seed.wrapping_mul(2_654_435_761).max(1);
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state % 16_384) as i16 - 8_192
        };
        let samples: Vec<i16> = (0..samples).map(|_| next()).collect();
        wav::write(&path, 16_000, &samples).unwrap();
    }

    /// Runs the program in the project's folder.
    pub fn wakemill(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wakemill"));
        command.args(arguments).current_dir(self.folder.path());
        command.output().unwrap()
    }

    /// The command `wakemill run my_model.yaml` with more arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wakemill"));
        command
            .args(["run", "my_model.yaml", "--progress", "plain"])
            .args(arguments)
            .current_dir(self.folder.path());
        command
    }

    /// Runs it, expecting success.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        output
    }

    /// The lines of `rows.jsonl`.
    pub fn rows(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.output("rows.jsonl")).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

//! A data set in livekit-wakeword's layout, and the program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use wakemill::audio::wav;

pub struct Project {
    folder: TempDir,
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    /// A configuration of this many rounds, with two sounds of each kind and no
    /// clips.
    pub fn new(rounds: u32) -> Self {
        let project = Self::empty();
        let config = format!(
            "model_name: hey\ntarget_phrases: [\"hey\"]\naugmentation:\n  clip_duration: 0.8\n  rounds: {rounds}\n"
        );
        fs::write(project.path("config.yaml"), config).unwrap();
        for (seed, name) in ["backgrounds/a", "backgrounds/deep/b", "rirs/a", "rirs/b"]
            .iter()
            .enumerate()
        {
            project.noise(
                &format!("data/{name}.wav"),
                seed as u32 + 1,
                2_000 + 9_000 * (seed % 2),
            );
        }
        project
    }

    /// With one clip in each of two splits, and the other folders empty.
    pub fn small(rounds: u32) -> Self {
        let project = Self::new(rounds);
        for split in SPLITS {
            fs::create_dir_all(project.output(split)).unwrap();
        }
        project.clip("positive_train/clip_000000.wav");
        project.clip("negative_train/clip_000000.wav");
        project
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A path in the output folder.
    pub fn output(&self, name: &str) -> PathBuf {
        self.path("output/hey").join(name)
    }

    /// Puts a clip into the output folder; its content follows from its name.
    pub fn clip(&self, name: &str) {
        let seed = name
            .bytes()
            .fold(7, |seed: u32, byte| seed.wrapping_mul(31) + u32::from(byte));
        self.noise(
            &format!("output/hey/{name}"),
            seed,
            5_000 + seed as usize % 9_000,
        );
    }

    fn noise(&self, name: &str, seed: u32, samples: usize) {
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
        Command::new(env!("CARGO_BIN_EXE_wakemill"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    /// `wakemill run config.yaml`, expecting success.
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut all = vec!["run", "config.yaml", "--progress", "plain"];
        all.extend(arguments);
        let output = self.wakemill(&all);
        assert!(output.status.success(), "{}", stderr(&output));
        output
    }

    /// The lines of `rows.jsonl`.
    pub fn rows(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.output("rows.jsonl")).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Names in a folder of the output folder, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        names(&self.output(folder))
    }
}

pub const SPLITS: [&str; 6] = [
    "positive_train",
    "positive_test",
    "negative_train",
    "negative_test",
    "background_train",
    "background_test",
];

pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

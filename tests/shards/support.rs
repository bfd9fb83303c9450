//! A project in a folder, and the program in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::sounds::tone;
pub use super::sounds::{PROGRAM, errors};

/// A project: a configuration with its clips and sounds.
pub struct Site {
    folder: TempDir,
    /// The configuration.
    file: &'static str,
    /// The output folder.
    output: &'static str,
}

/// The files of a data set whose bytes are to be the same, and of `dataset.json`
/// what is.
pub type Made = BTreeMap<String, Vec<u8>>;

impl Site {
    fn new(file: &'static str, output: &'static str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Self {
            folder,
            file,
            output,
        };
        fs::write(site.path(file), text).unwrap();
        tone(&site.path("noise/a.wav"), 901, 16_000, 50_000);
        tone(&site.path("noise/b.wav"), 902, 22_050, 9_000);
        tone(&site.path("rooms/a.wav"), 903, 16_000, 900);
        site
    }

    /// A pipeline of two splits, so many clips together, with more settings.
    pub fn pipeline(clips: usize, more: &str) -> Self {
        let text = format!(
            "seed = 3\noutput = \"out\"\n\
             [[split]]\nname = \"wake\"\ninput = \"wake\"\nplace = \"end\"\n\
             [[split]]\nname = \"other\"\ninput = \"other\"\n\
             [augment]\nrounds = 2\nbackgrounds = [\"noise\"]\nrirs = [\"rooms\"]\n\
             [flow]\nbatch = 4\ncommit_seconds = 0\n{more}"
        );
        let site = Self::new("pipeline.toml", "out", &text);
        for index in 0..clips {
            let split = if index % 3 < 2 { "wake" } else { "other" };
            site.clip(&format!("{split}/{index:03}.wav"), index);
        }
        site
    }

    /// A livekit-wakeword configuration of two rounds; two of its splits are empty,
    /// and two are not there.
    pub fn livekit() -> Self {
        let text = "model_name: hey\ntarget_phrases: [\"hey\"]\naugmentation:\n  \
                    clip_duration: 0.8\n  rounds: 2\n  background_paths: [./noise]\n  rir_paths: [./rooms]\n";
        let site = Self::new("config.yaml", "output/hey", text);
        for index in 0..23 {
            let split = ["positive_train", "negative_train", "negative_test"][index % 3];
            site.clip(&format!("output/hey/{split}/clip_{index:06}.wav"), index);
        }
        fs::create_dir_all(site.path("output/hey/positive_test")).unwrap();
        site
    }

    /// An openWakeWord configuration of two rounds, whose window fits its clips.
    pub fn openwakeword() -> Self {
        let text = "model_name: m\noutput_dir: ./out\ntarget_phrase: [hey]\nrir_paths: [./rooms]\n\
                    background_paths: [./noise]\nbackground_paths_duplication_rate: [2]\n\
                    augmentation_batch_size: 16\naugmentation_rounds: 2\n";
        let site = Self::new("my_model.yaml", "out/m", text);
        let splits = [
            "positive_train",
            "negative_train",
            "positive_test",
            "negative_test",
        ];
        for index in 0..14 {
            site.clip(
                &format!("out/m/{}/{index:03}.wav", splits[index % 4]),
                index,
            );
        }
        site
    }

    /// Clips, and recordings in every shape: a thousand short ones of a few lengths
    /// in blocks, some of them broken; parts of long ones, augmented, in blocks too;
    /// and steps, without what a list leaves out. Windows are short, so that rows are
    /// cheap, and most recordings are shorter.
    pub fn recordings() -> Self {
        let text = "seed = 3\noutput = \"out\"\n\
             [[split]]\nname = \"wake\"\ninput = \"wake\"\nplace = \"end\"\n\
             [[split]]\nname = \"short\"\nkind = \"recordings\"\ninput = \"short\"\nhop_seconds = 0.8\n\
             [[split]]\nname = \"parts\"\nkind = \"recordings\"\ninput = \"parts.txt\"\nhop_seconds = 0.8\n\
             augment = true\ninterleave = 5\n\
             [[split]]\nname = \"steps\"\nkind = \"recordings\"\ninput = \"long/*.wav\"\nlayout = \"steps\"\n\
             interleave = 1\ndtype = \"float32\"\nexclude = \"without.txt\"\n\
             [audio]\nclip_seconds = 0.8\n[features]\ntimesteps = 1\n\
             [augment]\nrounds = 2\nbackgrounds = [\"noise\"]\nrirs = [\"rooms\"]\n\
             [flow]\ncommit_seconds = 0.1\n[failures]\npolicy = \"skip\"\nmax_rate = 0.5\n";
        let site = Self::new("pipeline.toml", "out", text);
        for index in 0..9 {
            site.clip(&format!("wake/{index:03}.wav"), index);
        }
        // Of which the shortest has no row.
        let lengths = [14_000, 20_000, 27_000, 19_000, 8000, 13_000, 40_000];
        for (index, length) in lengths.into_iter().enumerate() {
            let rate = if index == 3 { 22_050 } else { 16_000 };
            tone(&site.path(&format!("of/{index}.wav")), index, rate, length);
        }
        let whole = fs::read(site.path("of/1.wav")).unwrap();
        fs::write(site.path("of/7.wav"), &whole[..34_000]).unwrap();
        fs::write(site.path("of/8.wav"), "no audio").unwrap();
        for index in 0..1100 {
            // A name is not what it is a copy of.
            let of = match index {
                _ if index % 97 == 5 => 7 + index % 2,
                _ if index % 6 > 0 => 4,
                _ => index % 7,
            };
            let name = site.path(&format!("short/{index:04}.wav"));
            fs::hard_link(site.path(&format!("of/{of}.wav")), name).unwrap();
        }
        for index in 0..3 {
            let seconds = 20 + 9 * index;
            let name = format!("long/{index}.wav");
            tone(&site.path(&name), index, 16_000, 16_000 * seconds);
        }
        let part = |n: usize| {
            let start = (n / 3) as f64 / 500.0;
            format!(
                "long/{}.wav\t{start}\t{}\n",
                n % 3,
                start
                    + 0.75
                    + if n.is_multiple_of(6) {
                        0.15 * (n % 7) as f64
                    } else {
                        0.0
                    }
            )
        };
        let parts: String = (0..1030).map(part).collect();
        fs::write(site.path("parts.txt"), parts).unwrap();
        fs::write(site.path("without.txt"), "long/1.wav\t5\t6.5\n").unwrap();
        site
    }

    /// Three splits of a few recordings, of which one has parts and exclusions.
    pub fn few_recordings() -> Self {
        let text = "seed = 3\noutput = \"out\"\n\
             [[split]]\nname = \"a\"\nkind = \"recordings\"\ninput = \"a\"\n\
             [[split]]\nname = \"b\"\nkind = \"recordings\"\ninput = \"b.txt\"\nexclude = \"without.txt\"\n\
             [[split]]\nname = \"c\"\nkind = \"recordings\"\ninput = \"c\"\n\
             [augment]\nenabled = false\n[flow]\ncommit_seconds = 0\n\
             [failures]\npolicy = \"skip\"\nmax_rate = 0.5\n";
        let site = Self::new("pipeline.toml", "out", text);
        for (index, name) in ["a/0", "a/1", "a/2", "b/0", "b/1", "c/0", "c/1"]
            .into_iter()
            .enumerate()
        {
            let length = 16_000 * (6 + 3 * index % 8);
            tone(&site.path(&format!("{name}.wav")), index, 16_000, length);
        }
        fs::write(
            site.path("b.txt"),
            "b/1.wav\nb/0.wav\t1.28\t5\nb/0.wav\t0\t3.5\n",
        )
        .unwrap();
        fs::write(site.path("without.txt"), "b/1.wav\t5\t6\n").unwrap();
        fs::write(site.path("a/bad.wav"), "no audio").unwrap();
        site
    }

    pub fn clip(&self, name: &str, index: usize) {
        tone(
            &self.path(name),
            index,
            16_000,
            4000 + 2311 * index % 24_000,
        );
    }

    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// A path in the output folder.
    pub fn output(&self, name: &str) -> PathBuf {
        self.path(self.output).join(name)
    }

    /// The folder of a shard.
    pub fn shard(&self, index: usize, of: usize) -> PathBuf {
        self.output(&format!("shards/{index:05}-of-{of:05}"))
    }

    /// A command with the configuration and more arguments.
    pub fn command(&self, command: &str, args: &[&str]) -> Command {
        let mut program = Command::new(PROGRAM);
        program.arg(command).arg(self.path(self.file)).args(args);
        if command == "run" {
            program.args(["--progress", "none"]);
        }
        program.stdin(Stdio::null()).current_dir(self.folder.path());
        program
    }

    pub fn try_to(&self, command: &str, args: &[&str]) -> Output {
        self.command(command, args).output().unwrap()
    }

    /// Runs a command that succeeds, and gives what it says.
    #[track_caller]
    pub fn does(&self, command: &str, args: &[&str]) -> String {
        let output = self.try_to(command, args);
        assert!(
            output.status.success(),
            "{command} {args:?}: {}",
            errors(&output)
        );
        errors(&output)
    }

    /// Runs a command that ends with that code, and gives what it says.
    #[track_caller]
    pub fn fails(&self, code: i32, command: &str, args: &[&str]) -> String {
        let output = self.try_to(command, args);
        let said = errors(&output);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{command} {args:?}: {said}"
        );
        said
    }

    #[track_caller]
    pub fn plan(&self, of: usize) {
        self.does("plan", &["--shards", &of.to_string()]);
    }

    #[track_caller]
    pub fn build(&self, index: usize, of: usize) -> String {
        self.does("run", &["--shard", &format!("{index}/{of}")])
    }

    #[track_caller]
    pub fn build_all(&self, of: usize) {
        (0..of).for_each(|index| drop(self.build(index, of)));
    }

    pub fn start(&self, index: usize, of: usize) -> Child {
        let mut command = self.command("run", &["--shard", &format!("{index}/{of}")]);
        command.stderr(Stdio::null()).spawn().unwrap()
    }

    /// `merge --status --json`: what it says, and whether all are whole.
    pub fn status(&self) -> (Value, bool) {
        let output = self.try_to("merge", &["--status", "--json"]);
        let status = serde_json::from_slice(&output.stdout);
        (
            status.unwrap_or_else(|_| panic!("{}", errors(&output))),
            output.status.success(),
        )
    }

    /// What one machine makes, and nothing of it left behind.
    pub fn one_machine(&self) -> Made {
        self.does("run", &[]);
        let made = self.made();
        self.clear();
        made
    }

    /// What is made.
    pub fn made(&self) -> Made {
        let mut made = Made::new();
        for name in self.names() {
            let Ok(content) = fs::read(self.output(&name)) else {
                continue; // A folder.
            };
            if name.ends_with(".npy") || name.ends_with(".jsonl") {
                made.insert(name, content);
            } else if name == "dataset.json" {
                let dataset: Value = serde_json::from_slice(&content).unwrap();
                let keys = [
                    "wakemill",
                    "seed",
                    "fingerprint",
                    "splits",
                    "files",
                    "sounds",
                    "origin",
                ];
                for key in keys {
                    made.insert(
                        format!("dataset.json {key}"),
                        dataset[key].to_string().into(),
                    );
                }
            }
        }
        made
    }

    /// Removes what was made, and not the shards.
    pub fn clear(&self) {
        for name in self.names() {
            let path = self.output(&name);
            if path.is_file() {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// Whether nothing is there under a final name.
    #[track_caller]
    pub fn nothing_is_made(&self) {
        let made = self.made();
        assert!(made.is_empty(), "{:?}", made.keys());
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path(self.output)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

/// Flips a bit of a file.
pub fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Names the first file that differs, rather than print two data sets.
#[track_caller]
pub fn assert_same(made: &Made, expected: &Made, what: &str) {
    let names = |files: &Made| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(made), names(expected), "{what}");
    for (name, content) in expected {
        assert!(made[name] == *content, "{what}: {name} differs");
    }
}

//! Running the program on small data sets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A pipeline over the quickstart clips, in a folder of its own.
pub struct Project {
    folder: TempDir,
}

impl Project {
    /// One split of wake words and one of other speech, two rounds.
    pub fn new() -> Self {
        let data = data();
        let text = format!(
            "seed = 1\noutput = 'out'\n\
             [[split]]\nname = 'wake'\ninput = '{data}/wake'\nplace = 'end'\n\
             [[split]]\nname = 'other'\ninput = '{data}/other'\n\
             [augment]\nrounds = 2\nbackgrounds = ['{data}/noise']\nrirs = ['{data}/rooms']\n",
            data = data.display(),
        );
        Self::with(&text)
    }

    /// A pipeline of one's own.
    pub fn with(pipeline: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        fs::write(folder.path().join("pipeline.toml"), pipeline).expect("writable");
        Self { folder }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The command `wakemill run pipeline.toml` with more arguments.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = wakemill(&["run", "pipeline.toml", "--progress", "none"]);
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments)
            .output()
            .expect("the program starts")
    }

    /// Runs, expecting success, into the folder `out`.
    pub fn build(&self, out: &str, set: &[&str]) {
        let output = format!("output={out}");
        let mut arguments = vec!["--set", &output];
        arguments.extend(set.iter().flat_map(|set| ["--set", set]));
        let run = self.run(&arguments);
        assert!(run.status.success(), "{}", stderr(&run));
    }

    /// Names of the files in the project's folder, sorted.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).expect("a folder");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// `dataset.json` of an output folder.
    pub fn dataset(&self, out: &str) -> serde_json::Value {
        let text = self.read(&format!("{out}/dataset.json"));
        serde_json::from_slice(&text).expect("JSON")
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }
}

/// The program.
pub fn wakemill(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wakemill"));
    command.args(arguments);
    command
}

/// The quickstart data set.
pub fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quickstart")
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

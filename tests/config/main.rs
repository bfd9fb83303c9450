//! Configuration: layers, messages, and the plan that comes out.

#![allow(clippy::unwrap_used, clippy::panic)]

mod livekit;
mod messages;
mod openwakeword;
mod pipelines;
mod plan;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use wakemill::config::plan::Plan;
use wakemill::config::{ConfigError, Source};
use wakemill::presets::{self, Loaded};

const MINIMAL: &str = "output = \"out\"\n[[split]]\nname = \"wake\"\ninput = \"clips\"\n";

/// A folder with a configuration in it.
struct Case {
    folder: TempDir,
    file: PathBuf,
    with: Vec<PathBuf>,
    set: Vec<String>,
    environment: Vec<(String, String)>,
    only_extract: bool,
    metrics: Option<&'static str>,
}

impl Case {
    fn new(name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        Self {
            folder,
            file,
            with: Vec::new(),
            set: Vec::new(),
            environment: Vec::new(),
            only_extract: false,
            metrics: None,
        }
    }

    fn toml(text: &str) -> Self {
        Self::new("a.toml", text)
    }

    fn minimal(more: &str) -> Self {
        Self::toml(&format!("{MINIMAL}{more}"))
    }

    fn yaml(text: &str) -> Self {
        Self::new("config.yaml", text)
    }

    /// Lays a file over the case's.
    fn with(mut self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.with.push(path);
        self
    }

    fn set(mut self, assignment: &str) -> Self {
        self.set.push(assignment.to_owned());
        self
    }

    fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn load(&self) -> Result<Loaded, ConfigError> {
        presets::load(&Source {
            path: &self.file,
            with: &self.with,
            set: &self.set,
            only_extract: self.only_extract,
            metrics: self.metrics,
            environment: self.environment.clone(),
        })
    }

    fn plan(&self) -> Plan {
        self.load().unwrap_or_else(|error| panic!("{error}")).plan
    }

    /// The message, without the folder's name.
    fn error(&self) -> String {
        let error = self.load().unwrap_err().to_string();
        error.replace(&format!("{}/", self.folder.path().display()), "")
    }
}

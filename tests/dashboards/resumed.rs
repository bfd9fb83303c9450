//! The metrics of a build that goes on after an interruption.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::running::{PATIENCE, PIPELINE};
use crate::support::{Process, get, interrupt, served_at, start, value, wakemill, write_clips};

#[test]
fn a_resumed_build_counts_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    write_clips(folder.path(), 40, 4);
    fs::write(folder.path().join("pipeline.toml"), PIPELINE).unwrap();

    let (mut build, said) = run(folder.path(), &[]);
    let address = served_at(&said);
    wait(address, |text| rows(text, "wake") >= 20.0);
    interrupt(&build);
    assert_eq!(build.0.wait().unwrap().code(), Some(130));

    let (mut build, said) = run(folder.path(), &["--resume"]);
    let address = served_at(&said);
    let text = wait(address, |text| {
        value(text, "wakemill_building") == Some(0.0)
    });
    let dataset = fs::read_to_string(folder.path().join("out/dataset.json")).unwrap();
    let dataset: Value = serde_json::from_str(&dataset).unwrap();
    assert!(dataset["rows_resumed"].as_u64() >= Some(20));
    for split in dataset["splits"].as_array().unwrap() {
        let name = split["name"].as_str().unwrap();
        let written = split["rows"].as_f64().unwrap();
        let planned = format!("wakemill_rows_planned{{split=\"{name}\"}}");
        let bytes = format!("wakemill_written_bytes_total{{split=\"{name}\"}}");
        assert_eq!(rows(&text, name), written);
        assert_eq!(value(&text, &planned), Some(written));
        assert_eq!(value(&text, &bytes), Some(written * 16.0 * 96.0 * 4.0));
    }
    interrupt(&build);
    assert!(build.0.wait().unwrap().success());
}

fn run(folder: &Path, arguments: &[&str]) -> (Process, Receiver<String>) {
    let mut command = wakemill();
    command
        .args(["run", "pipeline.toml", "--progress", "plain"])
        .args(arguments)
        .current_dir(folder);
    start(&mut command)
}

fn rows(text: &str, split: &str) -> f64 {
    value(text, &format!("wakemill_rows_total{{split=\"{split}\"}}")).unwrap_or(0.0)
}

/// The metrics once they are as wanted.
fn wait(address: SocketAddr, wanted: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let text = get(address, "/metrics").unwrap();
        if wanted(&text) {
            return text;
        }
        assert!(Instant::now() < deadline, "{text}");
        thread::sleep(Duration::from_millis(100));
    }
}

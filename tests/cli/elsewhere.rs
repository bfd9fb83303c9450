//! The same configuration and data in another folder make the same data set.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::support::{Project, data, stderr};

/// Copies a folder with the times of its files, as `cp -a` does.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().expect("a parent")).expect("writable");
    let done = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(done.expect("cp").success());
}

/// A folder with clips, sounds in two folders with like-named files, and a
/// pipeline that names all of them relative to itself.
fn make(root: &Path) {
    let data = data();
    copy(&data.join("wake"), &root.join("clips/wake"));
    copy(&data.join("other"), &root.join("clips/other"));
    copy(&data.join("noise"), &root.join("noise"));
    copy(&data.join("noise"), &root.join("more/noise"));
    copy(&data.join("rooms"), &root.join("rooms"));
    let pipeline = "output = '../out'\n\
        [[split]]\nname = 'wake'\ninput = '../clips/wake'\nplace = 'end'\n\
        [[split]]\nname = 'other'\ninput = '../clips/other/*'\n\
        [augment]\nrounds = 2\nbackgrounds = ['../noise', '../more/noise/']\nrirs = ['../rooms']\n";
    fs::create_dir_all(root.join("pipelines")).expect("writable");
    fs::write(root.join("pipelines/set.toml"), pipeline).expect("writable");
}

/// Builds with so many workers of each stage from some folder.
fn build(root: &Path, from: &Path, workers: usize) -> [Vec<u8>; 4] {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wakemill"));
    command
        .args(["run", "--progress", "none"])
        .arg(root.join("pipelines/set.toml"))
        .current_dir(from);
    for stage in ["decode", "augment", "mel", "embed"] {
        command.args(["--set", &format!("stages.{stage}.workers={workers}")]);
    }
    let run = command.output().expect("it starts");
    assert!(run.status.success(), "{}", stderr(&run));
    let read = |name: &str| fs::read(root.join("out").join(name)).expect("built");
    let dataset: serde_json::Value = serde_json::from_slice(&read("dataset.json")).expect("JSON");
    let lasting = serde_json::json!([
        dataset["fingerprint"],
        dataset["splits"],
        dataset["files"],
        dataset["sounds"],
        dataset["configuration"]["splits"],
        dataset["configuration"]["augment"],
        dataset["configuration"]["output"],
    ]);
    [
        read("wake.npy"),
        read("other.npy"),
        read("rows.jsonl"),
        lasting.to_string().into_bytes(),
    ]
}

#[test]
fn a_data_set_does_not_depend_on_where_it_lies() {
    let (here, there) = (
        TempDir::new().expect("a folder"),
        TempDir::new().expect("a folder"),
    );
    let (first, second) = (
        here.path().join("set"),
        there.path().join("deep/er/moved set"),
    );
    make(&first);
    copy(&first, &second);
    let built = build(&first, here.path(), 1);
    let moved = build(&second, Path::new("/"), 3);
    for (file, (built, moved)) in built.iter().zip(&moved).enumerate() {
        assert!(built == moved, "file {file} differs");
    }
    let rows = String::from_utf8_lossy(&built[2]);
    assert!(!rows.contains(&here.path().display().to_string()));
    for name in ["../noise/", "../more/noise/", "../rooms/"] {
        assert!(rows.contains(&format!("\"{name}")), "{name}");
    }
    // A data set that was moved is still the one that its configuration makes.
    let again = Command::new(env!("CARGO_BIN_EXE_wakemill"))
        .arg("run")
        .arg(second.join("pipelines/set.toml"))
        .output()
        .expect("it starts");
    assert!(
        stderr(&again).contains("is up to date"),
        "{}",
        stderr(&again)
    );
}

#[test]
fn a_folder_named_in_two_ways_counts_once() {
    let project = Project::new();
    let noise = data().join("noise");
    let twice = format!(
        "augment.backgrounds=['{0}', '{0}/../noise']",
        noise.display()
    );
    project.build("out", &[&twice]);
    let sounds = project.dataset("out")["sounds"]["background"].clone();
    assert_eq!(sounds.as_array().expect("names").len(), 4, "{sounds}");
}

//! The README's commands.

use std::fs;
use std::path::Path;

use wakemill::dataset::npy::NpyReader;

use crate::support::{Project, stderr, stdout, wakemill};

#[test]
fn the_quickstart_builds_finite_features() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = format!("output={}", folder.path().display());
    let run = wakemill(&["run", "pipelines/quickstart.toml", "--set", &output])
        .current_dir(root)
        .output()
        .expect("the program starts");
    assert!(run.status.success(), "{}", stderr(&run));
    assert!(
        stderr(&run).contains("24 rows in wake.npy"),
        "{}",
        stderr(&run)
    );
    for name in ["wake.npy", "other.npy"] {
        let npy = NpyReader::open(&folder.path().join(name)).expect("an npy file");
        assert_eq!(npy.shape(), [24, 16, 96]);
    }
    let rows = fs::read_to_string(folder.path().join("rows.jsonl")).expect("rows.jsonl");
    assert_eq!(rows.lines().count(), 48);
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let project = Project::new();
    let run = project.run(&["--dry-run", "--set", "stages.embed.workers=7"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let text = stdout(&run);
    for said in [
        "wake",
        "12 clips",
        "24 rows",
        "embed",
        "7",
        "MiB",
        "provider",
        "rows.jsonl",
    ] {
        assert!(text.contains(said), "'{said}' is not in: {text}");
    }
    assert!(!project.path("out").exists());
}

#[test]
fn init_writes_a_starter_and_never_replaces_a_file() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let init = || {
        wakemill(&["init", "mine.toml"])
            .current_dir(folder.path())
            .output()
            .expect("starts")
    };
    assert!(init().status.success());
    let text = fs::read_to_string(folder.path().join("mine.toml")).expect("written");
    assert!(text.contains("[[split]]"));
    let again = init();
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("mine.toml exists"));
}

#[test]
fn doctor_names_runtime_provider_and_models() {
    let run = wakemill(&["doctor"]).output().expect("starts");
    let text = stdout(&run);
    assert!(run.status.success(), "{}", stderr(&run));
    for said in ["ONNX Runtime", "CPUExecutionProvider", "cores", "embedding"] {
        assert!(text.contains(said), "'{said}' is not in: {text}");
    }
}

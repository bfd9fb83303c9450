//! Ctrl-C stops soon, with exit code 130, and nothing half-written.

use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Project, data};

/// Waits until a condition holds, or fails.
fn wait_for(what: &str, limit: Duration, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(status.expect("kill starts").success());
}

fn ended(child: &mut Child) -> ExitStatus {
    let mut status = None;
    wait_for("the end", Duration::from_secs(2), || {
        status = child.try_wait().expect("a child");
        status.is_some()
    });
    status.expect("it has ended")
}

#[test]
fn a_signal_stops_within_two_seconds_and_leaves_nothing_half_written() {
    for name in ["-INT", "-TERM"] {
        let project = Project::new();
        // So many that it cannot be finished before the signal comes.
        std::fs::create_dir(project.path("many")).expect("writable");
        let clip = data().join("wake/01_male_uk.wav");
        for index in 0..3000 {
            let name = project.path("many").join(format!("{index}.wav"));
            std::fs::copy(&clip, name).expect("copied");
        }
        let mut child = project
            .command(&["--set", "split.wake.input=many"])
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let partial = project.path("out/wake.npy.partial");
        wait_for("the first file", Duration::from_secs(60), || {
            partial.exists()
        });
        std::thread::sleep(Duration::from_millis(300));
        signal(&child, name);
        assert_eq!(ended(&mut child).code(), Some(130), "{name}");
        for file in ["wake.npy", "other.npy", "rows.jsonl", "dataset.json"] {
            assert!(!project.path("out").join(file).exists(), "{name}: {file}");
        }
    }
}

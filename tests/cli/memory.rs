//! Memory follows from the configuration, never from the data set.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::support::Project;

/// Runs to the end; gives the most memory that was resident, in KiB.
fn peak_memory(project: &Project, set: &str) -> u64 {
    let mut child = project
        .command(&["--overwrite", "--set", set])
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(now) = high_water(&status) {
            peak = now;
        }
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success());
            return peak;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn twelve_rounds_take_no_more_memory_than_one() {
    let project = Project::new();
    let one = peak_memory(&project, "augment.rounds=1");
    let twelve = peak_memory(&project, "augment.rounds=12");
    let ratio = twelve as f64 / one as f64;
    assert!(ratio < 1.15, "{one} KiB, then {twelve} KiB");
}

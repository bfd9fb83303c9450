//! Killed, terminated and interrupted at moments that nobody chose.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::support::{Case, Files, assert_same, errors};

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let status = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(status.success());
}

/// Kills builds after random times, until one ends by itself.
fn killed_at_random(case: &Case, expected: &Files, moments: u32) {
    let mut random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let started = Instant::now();
    case.build("timed", &[]);
    let usual = started.elapsed().as_millis() as u64;
    let mut kills = 0;
    for output in 0.. {
        let output = format!("out{output}");
        loop {
            let mut run = case.command(&output, &["--resume"]);
            let mut run = run.stderr(Stdio::null()).spawn().unwrap();
            thread::sleep(Duration::from_millis(random.next_u64() % usual));
            // It may have ended just now.
            run.kill().unwrap();
            if run.wait().unwrap().success() {
                break;
            }
            kills += 1;
        }
        assert_same(&case.files(&output), expected, &output);
        if kills >= moments {
            return;
        }
    }
}

#[test]
fn a_build_killed_at_random_moments_is_resumed_to_the_same_bytes() {
    let case = Case::new(15);
    let expected = case.build("whole", &[]);
    killed_at_random(&case, &expected, 6);
}

#[test]
#[ignore = "a soak of minutes: run it with --ignored"]
fn fifty_random_moments() {
    let case = Case::new(60);
    let expected = case.build("whole", &[]);
    killed_at_random(&case, &expected, 50);
}

#[test]
fn a_build_that_is_asked_to_stop_keeps_what_it_has() {
    let case = Case::new(45);
    let expected = case.build("whole", &[]);
    // With the usual interval nothing would be committed in this time.
    let rarely = [
        "flow.commit_seconds=3600",
        "flow.batch=1",
        "flow.in_flight=1",
    ];
    let rarely: Vec<&str> = rarely.iter().flat_map(|set| ["--set", set]).collect();
    for name in ["-TERM", "-INT", "-HUP"] {
        let mut run = case.command(name, &rarely);
        let run = run.stderr(Stdio::piped()).spawn().unwrap();
        let features = case.path(name).join("wake.npy.partial");
        while !fs::metadata(&features).is_ok_and(|file| file.len() > 10_000) {
            thread::sleep(Duration::from_millis(1));
        }
        signal(&run, name);
        let run = run.wait_with_output().unwrap();
        let said = errors(&run);
        assert_eq!(run.status.code(), Some(130), "{name}: {said}");
        assert!(said.contains("of 45 clips are kept"), "{name}: {said}");
        assert!(said.contains("--resume"), "{name}: {said}");
        let made = case.build(name, &["--resume"]);
        assert_same(&made, &expected, name);
    }
    // Asked twice, it need not tell what it has.
    let mut run = case.command("twice", &rarely);
    let mut run = run.stderr(Stdio::null()).spawn().unwrap();
    while !case.path("twice").join("wake.npy.partial").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    signal(&run, "-INT");
    signal(&run, "-INT");
    assert_eq!(run.wait().unwrap().code(), Some(130));
    let made = case.build("twice", &["--resume"]);
    assert_same(&made, &expected, "twice");
}

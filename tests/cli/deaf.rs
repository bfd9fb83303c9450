//! Nobody listens: what is only told ends and deafens nothing.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Project, data, stderr, wakemill};

/// The writing end of a pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    writer.into()
}

/// What a full disk is to a writer; only where the system has it.
fn full() -> Option<Stdio> {
    let file = OpenOptions::new().write(true).open("/dev/full");
    file.ok().map(Stdio::from)
}

fn run(project: &Project, set: &[&str]) -> Command {
    let mut command = wakemill(&["run", "pipeline.toml", "--progress", "plain"]);
    command.current_dir(project.path("."));
    for set in set {
        command.args(["--set", set]);
    }
    command
}

#[test]
fn a_build_that_nobody_hears_is_built_all_the_same() {
    let project = Project::new();
    // Something is left out, so that there are warnings to tell.
    let bad = project.path("clips");
    std::fs::create_dir(&bad).expect("writable");
    for name in ["a", "b"] {
        let clip = data().join("wake/01_male_uk.wav");
        std::fs::copy(&clip, bad.join(name).with_extension("wav")).expect("copied");
    }
    std::fs::write(bad.join("c.wav"), "no sound").expect("writable");
    let set = [
        "split.wake.input=clips",
        "failures.policy=skip",
        "failures.max_rate=0.9",
    ];
    project.build("out", &set);
    for (out, deaf) in [("closed", Some(unread())), ("full", full())] {
        let Some(deaf) = deaf else {
            eprintln!("NOT RUN: a full standard error: no /dev/full");
            continue;
        };
        let output = format!("output={out}");
        let status = run(&project, &set)
            .args(["--set", &output])
            .stderr(deaf)
            .status();
        assert_eq!(status.expect("it starts").code(), Some(0), "{out}");
        for file in ["wake.npy", "other.npy", "rows.jsonl", "quarantine.jsonl"] {
            let (expected, found) = (format!("out/{file}"), format!("{out}/{file}"));
            assert!(project.read(&expected) == project.read(&found), "{found}");
        }
    }
}

#[test]
fn a_signal_is_heard_when_standard_error_is_closed() {
    let project = Project::new();
    std::fs::create_dir(project.path("many")).expect("writable");
    let clip = data().join("wake/01_male_uk.wav");
    for index in 0..3000 {
        let name = project.path("many").join(format!("{index}.wav"));
        std::fs::copy(&clip, name).expect("copied");
    }
    let mut child = run(&project, &["split.wake.input=many"])
        .stderr(unread())
        .spawn()
        .expect("it starts");
    let partial = project.path("out/wake.npy.partial");
    let start = Instant::now();
    while !partial.exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "no file");
        std::thread::sleep(Duration::from_millis(10));
    }
    // Until a line of progress was due.
    std::thread::sleep(Duration::from_millis(3500));
    assert!(child.try_wait().expect("a child").is_none(), "too short");
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill starts").success());
    let asked = Instant::now();
    let status = child.wait().expect("a child");
    assert_eq!(status.code(), Some(130));
    assert!(asked.elapsed() < Duration::from_secs(2));
}

/// Commands whose result is what they print.
fn printing(project: &Project) -> [Command; 4] {
    let mut dry = run(project, &[]);
    dry.arg("--dry-run");
    let array = project.path("out/wake.npy").display().to_string();
    let folder = project.path("out").display().to_string();
    [
        dry,
        wakemill(&["inspect", &folder]),
        wakemill(&["inspect", &array, "--json"]),
        wakemill(&["doctor"]),
    ]
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_quietly() {
    let project = Project::new();
    project.build("out", &[]);
    for mut command in printing(&project) {
        let output = command
            .stdout(unread())
            .stderr(Stdio::piped())
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{command:?}");
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
    }
}

#[test]
fn results_that_cannot_be_written_are_an_error() {
    let project = Project::new();
    project.build("out", &[]);
    for mut command in printing(&project) {
        let Some(full) = full() else {
            eprintln!("NOT RUN: a full standard output: no /dev/full");
            return;
        };
        let output = command
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .expect("it starts");
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let said = stderr(&output);
        assert!(
            said.contains("error: cannot write to standard output"),
            "{said}"
        );
    }
}

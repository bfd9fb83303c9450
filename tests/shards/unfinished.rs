//! What was interrupted goes on with the same command.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::support::{Site, assert_same, errors};

#[test]
fn a_shard_that_is_asked_to_stop_goes_on_with_the_same_command() {
    let site = Site::pipeline(60, "");
    let expected = site.one_machine();
    site.plan(2);
    let slow = [
        "--shard",
        "0/2",
        "--set",
        "flow.batch=1",
        "--set",
        "flow.in_flight=1",
        "--set",
        "flow.commit_seconds=3600",
    ];
    let mut run = site.command("run", &slow);
    let run = run.stderr(Stdio::piped()).spawn().unwrap();
    let features = site.shard(0, 2).join("wake.npy.partial");
    while !fs::metadata(&features).is_ok_and(|file| file.len() > 10_000) {
        thread::sleep(Duration::from_millis(1));
    }
    let signalled = Command::new("kill")
        .args(["-TERM", &run.id().to_string()])
        .status();
    assert!(signalled.unwrap().success());
    let run = run.wait_with_output().unwrap();
    let said = errors(&run);
    assert_eq!(run.status.code(), Some(130), "{said}");
    assert!(
        said.contains("of 30 clips are kept") && said.contains("the same command goes on"),
        "{said}"
    );
    let (status, _) = site.status();
    assert_eq!(status["shards"][0]["state"], "unfinished");
    site.build_all(2);
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "stopped");
    let manifest = fs::read_to_string(site.shard(0, 2).join("shard.json")).unwrap();
    assert!(!manifest.contains("\"rows_resumed\": 0,"), "{manifest}");
}

#[test]
fn a_limit_on_file_sizes_stops_a_shard_and_the_same_command_goes_on() {
    let site = Site::pipeline(12, "");
    let expected = site.one_machine();
    site.plan(1);
    let mut limited = Command::new("bash");
    limited.args([
        "-c",
        "ulimit -f 40; exec \"$0\" \"$@\"",
        super::support::PROGRAM,
        "run",
    ]);
    let limited = limited
        .arg(site.path("pipeline.toml"))
        .args(["--shard", "0/1"])
        .output()
        .unwrap();
    let said = errors(&limited);
    assert_eq!(limited.status.code(), Some(1), "{said}");
    assert!(said.contains("limit on the size of files"), "{said}");
    site.build(0, 1);
    // So does a merge.
    let mut limited = Command::new("bash");
    limited.args([
        "-c",
        "ulimit -f 40; exec \"$0\" \"$@\"",
        super::support::PROGRAM,
        "merge",
    ]);
    let limited = limited.arg(site.path("pipeline.toml")).output().unwrap();
    assert_eq!(limited.status.code(), Some(1), "{}", errors(&limited));
    site.nothing_is_made();
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "limited");
}

#[test]
fn an_unfinished_build_is_not_replaced_by_a_merge() {
    let site = Site::pipeline(60, "");
    site.plan(1);
    site.build(0, 1);
    let mut run = site.command(
        "run",
        &["--set", "flow.batch=1", "--set", "flow.in_flight=1"],
    );
    let mut run = run.stderr(Stdio::null()).spawn().unwrap();
    let journal = site.output("build.journal");
    while fs::read_to_string(&journal).map_or(0, |text| text.lines().count()) < 3 {
        thread::sleep(Duration::from_millis(1));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    let said = site.fails(2, "merge", &[]);
    assert!(said.contains("unfinished build"), "{said}");
    site.does("run", &["--resume"]);
    site.does("merge", &["--remove-shards"]);
    assert!(!site.output("shards").exists());
}

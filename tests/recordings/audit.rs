//! What the audit tells of recordings.

use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{PROGRAM, assert_same, errors, wav};
use super::*;

/// Recordings with faults, and one that is in training and in test.
fn case() -> Case {
    let case = Case::new(0);
    let write = |name: &str, channels, samples: &[i16]| {
        case.write(name, wav(16_000, channels, samples));
    };
    let good = |index| sound(index, 16_000, 16.0);
    write("rec/0_good.wav", 1, &good(0));
    let hiss: Vec<i16> = good(1).iter().map(|x| x.signum()).collect();
    write("rec/1_silent.wav", 1, &hiss);
    let loud = good(2).into_iter().map(|x| x.saturating_mul(8));
    write("rec/2_clipped.wav", 1, &loud.collect::<Vec<_>>());
    let right: Vec<i16> = good(3).iter().flat_map(|x| [x.signum(), *x]).collect();
    write("rec/3_right.wav", 2, &right);
    let mut noisy = good(4);
    noisy[200_000] = 1;
    write("rec/4_other.wav", 1, &good(4));
    write("test/0_other.wav", 1, &noisy);
    write("test/1_copy.wav", 1, &good(0));
    pipeline(
        &case,
        "[[split]]\nname = 'neg_test'\nkind = 'recordings'\ninput = 'test'",
    );
    case
}

/// The lines of some folder, without those of rows.
fn told(case: &Case, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(case.path(name)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines = lines.filter(|line: &Value| line["clip"].is_string() && line["round"].is_null());
    let picked = lines.map(|line| json!([line["clip"], line["check"], line["severity"]]));
    picked.collect()
}

#[test]
fn what_is_wrong_with_recordings_is_told_and_is_the_same_after_kills() {
    let case = case();
    let expected = case.build("out", &[]);
    let mut found = told(&case, "out/audit.jsonl");
    found.sort_by_key(ToString::to_string);
    assert_eq!(
        found,
        [
            json!(["1_copy.wav", "leak", "warn"]),
            json!(["1_silent.wav", "silent", "warn"]),
            json!(["2_clipped.wav", "clipped", "warn"]),
            json!(["3_right.wav", "other_channel", "warn"]),
            json!(["3_right.wav", "silent", "warn"]),
        ]
    );
    for attempt in 0..8_u64 {
        let mut run = case.command("killed", &["--resume"]).spawn().unwrap();
        sleep(Duration::from_millis(60 + attempt * 61 % 240));
        if run.try_wait().unwrap().is_some() {
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
    }
    assert_same(&case.build("killed", &["--resume"]), &expected, "killed");
    let mut audit = Command::new(PROGRAM);
    audit.current_dir(case.path("."));
    let audit = audit.args(["audit", "pipeline.toml", "--lines", "lines.jsonl"]);
    let run = audit.output().unwrap();
    assert!(run.status.success(), "{}", errors(&run));
    let lines = std::fs::read(case.path("lines.jsonl")).unwrap();
    assert!(lines == expected["audit.jsonl"]);
}

#[test]
fn a_build_that_a_rule_has_ended_goes_on_to_the_same_bytes() {
    let case = case();
    // A place goes on with the next recording in the visit that ends one.
    let one = ["--set", "split.0.interleave=1"];
    let expected = case.build("out", &one);
    let fails = [&one[..], &["--set", "audit.other_channel=fail"]].concat();
    assert_eq!(case.run("failed", &fails).status.code(), Some(1));
    let on = [&one[..], &["--resume"]].concat();
    assert_same(&case.build("failed", &on), &expected, "failed");
}

#[test]
fn what_is_excluded_is_not_judged() {
    let case = case();
    // Of the copy nothing is left, and of another all that is loud.
    case.write("without.txt", "1_copy.wav\n0_other.wav\t0\t12\n");
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let exclude = "input = 'test'\nexclude = 'without.txt'";
    case.write("pipeline.toml", text.replace("input = 'test'", exclude));
    let half: Vec<i16> = (0..16_000 * 20)
        .map(|n| if n < 16_000 * 10 { 5_000 } else { 1 })
        .collect();
    case.write("test/0_other.wav", wav(16_000, 1, &half));
    build(&case, &[]);
    let found = told(&case, "out/audit.jsonl");
    assert!(
        !found.iter().any(|line| line[0] == "1_copy.wav"),
        "{found:?}"
    );
    assert!(
        found.contains(&json!(["0_other.wav", "silent", "warn"])),
        "{found:?}"
    );
}

#[test]
fn a_finished_folder_of_recordings_tells_of_those_that_are_the_same() {
    let case = case();
    build(&case, &["--set", "audit.leak=off"]);
    assert!(
        told(&case, "out/audit.jsonl")
            .iter()
            .all(|line| line[1] != "leak")
    );
    let mut audit = Command::new(PROGRAM);
    audit.current_dir(case.path("."));
    let run = audit.args([
        "audit",
        "out",
        "--set",
        "audit.leak=warn",
        "--lines",
        "lines.jsonl",
    ]);
    let run = run.output().unwrap();
    assert!(run.status.success(), "{}", errors(&run));
    assert!(told(&case, "lines.jsonl").contains(&json!(["1_copy.wav", "leak", "warn"])));
}

#[test]
fn a_rule_about_a_recording_ends_the_build_or_tells() {
    let case = case();
    let run = case.run("out", &["--set", "audit.other_channel=fail"]);
    assert_eq!(run.status.code(), Some(1));
    let said = errors(&run);
    assert!(
        said.contains("3_right.wav") && said.contains("other_channel: "),
        "{said}"
    );
    build(
        &case,
        &["--overwrite", "--set", "audit.other_channel=leave-out"],
    );
    let found = told(&case, "out/audit.jsonl");
    assert!(found.contains(&json!(["3_right.wav", "other_channel", "warn"])));
    let rows = lines(&case, "recordings.jsonl");
    let rows = rows.iter().find(|line| line["recording"] == "3_right.wav");
    assert!(rows.unwrap()["rows"].as_u64().unwrap() > 5);
}

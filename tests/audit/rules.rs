//! What rules do.

use serde_json::Value;

use super::support::{SCORED, Site};

#[test]
fn the_audit_changes_no_byte_of_the_data() {
    let site = Site::new();
    site.build(&[]);
    let with = site.made();
    let off: Vec<String> = wakemill::records::Check::ALL
        .iter()
        .flat_map(|check| ["--set".to_owned(), format!("audit.{}=off", check.name())])
        .collect();
    let mut more: Vec<&str> = off.iter().map(String::as_str).collect();
    let (errors, same) = (site.build(&more), site.made());
    assert!(errors.contains("up to date") && same == with, "{errors}");
    more.push("--overwrite");
    site.build(&more);
    assert!(!site.path("out/audit.jsonl").exists() && !site.path("out/audit.npy").exists());
    for name in ["wake_train.npy", "other_train.npy", "rows.jsonl"] {
        assert!(site.read(&format!("out/{name}")) == with[name], "{name}");
    }
}

#[test]
fn what_a_rule_leaves_out_is_in_the_quarantine_and_no_failure() {
    let site = Site::new();
    site.build(&[
        "--set",
        "audit.silent=leave-out",
        "--set",
        "audit.clipped=leave-out",
    ]);
    let quarantine = site.lines("out/quarantine.jsonl");
    let left: Vec<(&str, &str)> = quarantine
        .iter()
        .map(|line| {
            (
                line["stage"].as_str().unwrap(),
                line["clip"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(left, [("audit", "silent.wav"), ("audit", "clipped.wav")]);
    let reason = quarantine[0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("silent: silent throughout ("),
        "{reason}"
    );
    let dataset: Value = serde_json::from_slice(&site.read("out/dataset.json")).unwrap();
    let train = &dataset["splits"][0];
    assert_eq!(
        (&train["rows"], &train["left_out"], &train["unwanted"]),
        (&24.into(), &1.into(), &1.into())
    );
    let lines = site.lines("out/audit.jsonl");
    assert!(lines.iter().any(|line| line["severity"] == "leave-out"));
    // It changes the bytes, and so the fingerprint.
    let other = site.wakemill(&["run", "p.toml", "--progress", "plain"]);
    assert_eq!(other.status.code(), Some(2), "{other:?}");
    // The same again is there, whatever failures.max_rate says of failures.
    let again = site.build(&[
        "--set",
        "audit.silent=leave-out",
        "--set",
        "audit.clipped=leave-out",
    ]);
    assert!(again.contains("up to date"), "{again}");
}

#[test]
fn a_rule_ends_the_build_at_a_clip_and_another_goes_on() {
    let site = Site::new();
    // A commit after every batch: rows that were scored before are not again.
    let fail = [
        "run",
        "p.toml",
        "--set",
        "audit.clipped=fail",
        "--set",
        "flow.commit_seconds=0",
        "--set",
        "flow.batch=2",
        "--progress",
        "none",
    ];
    let failed = site.wakemill(&[&fail[..], &SCORED].concat());
    let errors = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(1));
    assert!(
        errors.contains("split 'other_train', clip 'clipped.wav', audit: clipped: "),
        "{errors}"
    );
    assert!(site.path("out/hard.rows.jsonl.partial").exists());
    site.build(&[&["--resume"][..], &SCORED].concat());
    let resumed = site.made();
    assert!(resumed.contains_key("hard.jsonl"));
    assert!(!site.path("out/hard.rows.jsonl.partial").exists());
    site.build(&[&["--overwrite"][..], &SCORED].concat());
    assert!(site.made() == resumed);
}

#[test]
fn a_rule_ends_the_build_when_all_is_known() {
    let site = Site::new();
    let failed = site.wakemill(&[
        "run",
        "p.toml",
        "--set",
        "audit.leak=fail",
        "--progress",
        "none",
    ]);
    let errors = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert_eq!(failed.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("2 findings of the set") && errors.contains("leak: wake_test"),
        "{errors}"
    );
    assert!(!site.path("out/dataset.json").exists());
    site.build(&["--resume"]);
    let resumed = site.made();
    site.build(&["--overwrite"]);
    assert!(site.made() == resumed);
    let strict = site.wakemill(&[
        "run",
        "p.toml",
        "--strict",
        "--overwrite",
        "--progress",
        "none",
    ]);
    assert_eq!(strict.status.code(), Some(1));
}

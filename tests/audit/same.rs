//! What is found, and that it is the same however it was come by.

use super::support::{SCORED, Site};

#[test]
fn faults_are_found_and_told() {
    let site = Site::new();
    let told = site.build(&[]);
    let lines = site.lines("out/audit.jsonl");
    let found = |split: &str, clip: &str| -> Vec<&str> {
        let of_clip = lines.iter().filter(|line| {
            line["split"] == split && line["clip"] == clip && line["round"].is_null()
        });
        of_clip
            .map(|line| line["check"].as_str().unwrap())
            .collect()
    };
    assert!(found("wake_train", "silent.wav").contains(&"silent"));
    assert_eq!(found("other_train", "clipped.wav")[0], "clipped");
    assert!(
        found("wake_test", "same.wav").contains(&"leak"),
        "{lines:?}"
    );
    let mut leaks = lines.iter().filter(|line| line["check"] == "leak");
    let leak = leaks.find(|line| line["clip"] == "same.wav").unwrap();
    assert_eq!(leak["other_clip"], "01_male_uk.wav");
    assert_eq!(leak["severity"], "warn");
    let late = lines
        .iter()
        .find(|line| line["check"] == "rir_late")
        .unwrap();
    assert_eq!(late["sound"], "rooms/late.wav");
    for line in [
        "audit, silent: 1 clip",
        "audit, leak: 2 findings",
        "audit, rir_late",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let report = String::from_utf8(site.read("out/report.html")).unwrap();
    assert!(report.contains("<h2>Audit</h2>") && report.contains("audit-leak"));
}

#[test]
fn findings_are_the_same_for_any_workers_and_batches() {
    let site = Site::new();
    site.build(&SCORED);
    let one = site.made();
    assert!(one.contains_key("hard.jsonl"));
    for set in [
        ["stages.decode.workers=3", "flow.batch=2"],
        ["stages.augment.workers=4", "flow.batch=50"],
        ["stages.embed.workers=2", "flow.commit_seconds=0"],
    ] {
        let [first, second] = set;
        let more = ["--overwrite", "--set", first, "--set", second];
        site.build(&[&more[..], &SCORED].concat());
        assert!(site.made() == one, "{set:?}");
    }
}

#[test]
fn findings_are_the_same_for_any_shards() {
    let site = Site::new();
    site.build(&SCORED);
    let one = site.made();
    assert!(one.contains_key("hard.jsonl"));
    std::fs::remove_dir_all(site.path("out")).unwrap();
    let run = |command: &[&str]| {
        let output = site.wakemill(&[command, &SCORED].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command:?}: {errors}");
    };
    run(&["plan", "p.toml", "--shards", "4"]);
    for shard in ["2/4", "0/4", "3/4", "1/4"] {
        run(&["run", "p.toml", "--shard", shard, "--progress", "none"]);
    }
    run(&["merge", "p.toml"]);
    let merged = site.made();
    for (name, bytes) in &one {
        assert!(merged[name] == *bytes, "{name}");
    }
}

#[test]
fn an_audit_without_a_build_finds_what_the_build_does() {
    let site = Site::new();
    let audit = [
        "audit",
        "p.toml",
        "--lines",
        "lines.jsonl",
        "--progress",
        "none",
    ];
    let output = site.wakemill(&audit);
    assert!(output.status.success(), "{output:?}");
    assert!(!site.path("out").exists(), "nothing is written");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("wake_train: 13 clips"), "{told}");
    site.build(&[]);
    assert!(site.read("lines.jsonl") == site.read("out/audit.jsonl"));
    let finished = site.wakemill(&["audit", "out"]);
    assert!(finished.status.success());
    assert_eq!(String::from_utf8_lossy(&finished.stdout), told);
    let strict = site.wakemill(&["audit", "out", "--strict"]);
    assert_eq!(strict.status.code(), Some(1));
    let lines = site.wakemill(&["audit", "out", "--lines", "-"]);
    assert!(lines.stdout == site.read("out/audit.jsonl"));
}

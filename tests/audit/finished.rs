//! The audit of a folder that is finished.

use std::fs;

use serde_json::Value;

use super::support::{SCORED, Site};

/// What rows tell.
const OF_ROWS: [&str; 7] = [
    "duplicate",
    "leak",
    "shared_sound",
    "uneven_use",
    "neighbour",
    "overlap",
    "drift",
];

/// Enough clips to be compared: each of them twice, some under either label.
fn twice() -> Site {
    let site = Site::new();
    for split in ["wake_train", "other_train"] {
        for entry in fs::read_dir(site.path(split)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            let again = match name.starts_with("12") {
                true => site.path("other_train").join(format!("y_{name}")),
                false => path.with_file_name(format!("z_{name}")),
            };
            fs::copy(&path, again).unwrap();
        }
    }
    site
}

fn of(lines: Vec<Value>, checks: &[&str]) -> Vec<Value> {
    let is_of = |line: &Value| checks.contains(&line["check"].as_str().unwrap());
    lines.into_iter().filter(is_of).collect()
}

/// The lines of an audit of the output folder, and what it says on standard error.
fn audit(site: &Site, more: &[&str]) -> (Vec<Value>, String, Option<i32>) {
    for made in ["lines.jsonl", "hard.jsonl"] {
        let _ = fs::remove_file(site.path(made));
    }
    let command = [&["audit", "out", "--lines", "lines.jsonl"], more].concat();
    let output = site.wakemill(&command);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = match site.path("lines.jsonl").exists() {
        true => site.lines("lines.jsonl"),
        false => Vec::new(),
    };
    (lines, errors, output.status.code())
}

#[test]
fn rows_tell_what_the_build_has_not_looked_for() {
    for rows in ["true", "false"] {
        let site = twice();
        let rows = format!("output_files.rows={rows}");
        let set = [
            "--set",
            "augment.enabled=false",
            "--set",
            "split.wake_train.place=center",
            "--set",
            "split.wake_test.place=center",
            "--set",
            "audit.overlap_share=0",
            "--set",
            "audit.drift_share=0.1",
            "--set",
            &rows,
        ];
        site.build(&set);
        let built = of(site.lines("out/audit.jsonl"), &OF_ROWS);
        for check in ["duplicate", "leak", "overlap"] {
            let is_it = |line: &Value| line["check"] == check;
            assert!(built.iter().any(is_it), "{check}: {built:?}");
        }
        site.build(&[&set[..], &["--set", "audit.checks=off", "--overwrite"]].concat());
        assert!(!site.path("out/audit.jsonl").exists());
        let (mut lines, errors, code) = audit(&site, &[]);
        assert_eq!(code, Some(0), "{errors}");
        assert!(errors.contains("does not tell of silent, "), "{errors}");
        assert!(errors.contains("give its configuration"), "{errors}");
        if rows.ends_with("false") {
            // Whose they are nobody has written down.
            let name = lines[0]["clip"].as_str().unwrap();
            assert!(name.starts_with("row "), "{name}");
            let nameless = |lines: &mut Vec<Value>| {
                for line in lines {
                    let line = line.as_object_mut().unwrap();
                    line.retain(|key, _| !key.contains("clip"));
                }
            };
            let mut built = built;
            nameless(&mut built);
            nameless(&mut lines);
            assert_eq!(lines, built);
        } else {
            for (line, built) in lines.iter().zip(&built) {
                assert_eq!(line, built);
            }
            assert_eq!(lines.len(), built.len());
        }
    }
}

#[test]
fn facts_tell_what_augmented_rows_do_not() {
    let site = Site::new();
    let off = ["--set", "audit.leak=off", "--set", "audit.duplicate=off"];
    site.build(&[]);
    let built = of(site.lines("out/audit.jsonl"), &["duplicate", "leak"]);
    assert!(!built.is_empty());
    site.build(&[&off[..], &["--overwrite"]].concat());
    let on = ["--set", "audit.leak=warn", "--set", "audit.duplicate=warn"];
    let (lines, errors, _) = audit(&site, &on);
    assert_eq!(of(lines, &["duplicate", "leak"]), built);
    assert!(!errors.contains("warning"), "{errors}");
    // Facts of other clips than the rows are of tell nothing.
    let rows = String::from_utf8(site.read("out/rows.jsonl")).unwrap();
    let less: String = rows.split_inclusive('\n').skip(1).collect();
    fs::write(site.path("out/rows.jsonl"), less).unwrap();
    let (_, errors, code) = audit(&site, &on);
    assert_eq!(code, Some(1));
    assert!(
        errors.contains("audit.npy") && errors.contains("the rows are of"),
        "{errors}"
    );
    // Without facts nothing of it is to be seen, which is said.
    site.build(&["--set", "audit.checks=off", "--overwrite"]);
    let (lines, errors, _) = audit(&site, &[]);
    assert!(of(lines, &["duplicate", "leak"]).is_empty());
    assert!(errors.contains("the same to the last bit"), "{errors}");
    let (_, errors, _) = audit(&site, &["--set", "audit.holds_word=fail"]);
    assert!(errors.contains("holds_word looks at nothing"), "{errors}");
}

#[test]
fn rows_without_names_are_called_by_their_numbers() {
    let site = twice();
    let set = [
        "--set",
        "output_files.rows=false",
        "--set",
        "augment.round_from=clip",
        "--set",
        "audit.checks=off",
        "--set",
        "audit.neighbour=warn",
        "--set",
        "audit.neighbour_share=0",
    ];
    // Of the rows of a clip the first is there once, and the others far behind.
    let set = [&set[..], &["--set", "augment.row_order=pass"]].concat();
    site.build(&set);
    let built = site.lines("out/audit.jsonl");
    assert!(!built.is_empty());
    site.build(&[&set[..], &["--set", "audit.neighbour=off", "--overwrite"]].concat());
    let (lines, ..) = audit(&site, &["--set", "audit.neighbour_share=0"]);
    let lines = of(lines, &["neighbour"]);
    assert_eq!(lines.len(), built.len());
    for (line, built) in lines.iter().zip(&built) {
        assert_eq!(line["detail"], built["detail"]);
        assert_eq!(line["clip"], line["detail"]);
    }
}

#[test]
fn uses_of_sounds_are_told_by_the_rows() {
    let site = Site::new();
    site.build(&[]);
    let built = of(
        site.lines("out/audit.jsonl"),
        &["shared_sound", "uneven_use"],
    );
    assert!(!built.is_empty());
    site.build(&["--set", "audit.checks=off", "--overwrite"]);
    assert_eq!(
        of(audit(&site, &[]).0, &["shared_sound", "uneven_use"]),
        built
    );
}

#[test]
fn what_was_found_is_judged_by_other_rules() {
    let site = Site::new();
    site.build(&[]);
    let built = site.lines("out/audit.jsonl");
    let silent = ["--set", "audit.checks=off", "--set", "audit.silent=fail"];
    let (lines, _, code) = audit(&site, &silent);
    assert_eq!(code, Some(1));
    let mut expected = of(built.clone(), &["silent"]);
    assert!(!expected.is_empty());
    for line in &mut expected {
        line["severity"] = "fail".into();
    }
    assert_eq!(lines, expected);
    // A little silence only is less than that.
    let (lines, errors, _) = audit(&site, &["--set", "audit.silent_peak_db=-150"]);
    assert_eq!(of(lines, &["silent"]), [] as [Value; 0]);
    assert!(!errors.contains("stricter"), "{errors}");
    let (lines, errors, _) = audit(&site, &["--set", "audit.silent_peak_db=-20"]);
    assert_eq!(of(lines, &["silent"]).len(), expected.len());
    assert!(errors.contains("silent_peak_db is stricter"), "{errors}");
    for other in ["seed=3", "augment.rounds=1"] {
        let (_, errors, code) = audit(&site, &["--set", other]);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains("it takes keys of audit alone"), "{errors}");
    }
}

#[test]
fn rows_of_a_finished_data_set_are_scored() {
    let site = Site::new();
    let set = [&SCORED[..], &["--set", "audit.score=0.6"]].concat();
    site.build(&set);
    let (built, hard) = (site.lines("out/audit.jsonl"), site.lines("out/hard.jsonl"));
    let built = of(built, &["holds_word"]);
    assert!(!built.is_empty());
    // The same without a build.
    let planned = [&["audit", "p.toml", "--hard", "planned.jsonl"][..], &set].concat();
    assert!(site.wakemill(&planned).status.success());
    assert_eq!(site.lines("planned.jsonl"), hard);
    site.build(&["--overwrite"]);
    let (lines, errors, code) = audit(&site, &[&set[..], &["--hard", "hard.jsonl"]].concat());
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(of(lines, &["holds_word"]), built);
    assert_eq!(site.lines("hard.jsonl"), hard);
    // What holds no rows is passed over, and said so.
    let text = "output = 'steps'\n[[split]]\nname = 'other'\ninput = 'other_train'\n\
        kind = 'recordings'\nlayout = 'steps'\ninterleave = 1\n[audit]\nchecks = 'off'\n";
    fs::write(site.path("steps.toml"), text).unwrap();
    let run = site.wakemill(&["run", "steps.toml", "--progress", "none"]);
    assert!(run.status.success(), "{run:?}");
    let run = site.wakemill(&[&["audit", "steps"][..], &set].concat());
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(
        run.status.success() && errors.contains("other.npy is not scored"),
        "{errors}"
    );
    let (_, errors, code) = audit(&site, &["--hard", "none.jsonl"]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("name a classifier"), "{errors}");
    assert!(!site.path("none.jsonl").exists());
}

#[test]
fn parts_of_shards_are_audited_as_one_file() {
    let site = twice();
    let off = [
        "--set",
        "audit.checks=off",
        "--set",
        "augment.enabled=false",
    ];
    let asked = [&SCORED[..], &["--hard", "hard.jsonl"]].concat();
    site.build(&off);
    let (lines, ..) = audit(&site, &asked);
    let hard = site.lines("hard.jsonl");
    assert!(!of(lines.clone(), &["duplicate"]).is_empty() && !hard.is_empty());
    fs::remove_dir_all(site.path("out")).unwrap();
    let run = |command: &[&str], more: &[&str]| {
        let output = site.wakemill(&[command, &off, more].concat());
        assert!(output.status.success(), "{command:?}: {output:?}");
    };
    run(&["plan", "p.toml"], &["--shards", "3"]);
    for shard in ["0/3", "1/3", "2/3"] {
        run(&["run", "p.toml"], &["--shard", shard]);
    }
    run(&["merge", "p.toml"], &["--parts"]);
    assert!(!site.path("out/other_train.npy").exists());
    let (parts, errors, code) = audit(&site, &asked);
    assert_eq!(code, Some(0), "{errors}");
    assert_eq!(parts, lines);
    assert_eq!(site.lines("hard.jsonl"), hard);
}

#[test]
fn rows_in_half_precision_are_scored_as_they_are() {
    let site = Site::new();
    let half = "split.other_train.dtype=float16";
    let off = ["--overwrite", "--set", "audit.checks=off"];
    let scores = |more: &[&str]| {
        site.build(&[&off[..], more].concat());
        let asked = [&SCORED[..], &["--hard", "hard.jsonl"]].concat();
        let (_, errors, code) = audit(&site, &asked);
        assert_eq!(code, Some(0), "{errors}");
        let lines = site.lines("hard.jsonl");
        let named = |line: &Value| {
            let name = format!("{} {}", line["clip"], line["round"]);
            (name, line["score"].as_f64().unwrap())
        };
        lines.iter().map(named).collect::<Vec<_>>()
    };
    let (whole, rounded) = (scores(&[]), scores(&["--set", half]));
    assert_eq!(whole.len(), 5);
    for ((name, score), (of_rounded, rounded)) in whole.iter().zip(&rounded) {
        assert_eq!(name, of_rounded);
        assert!((score - rounded).abs() < 0.02, "{name}: {score} {rounded}");
    }
}

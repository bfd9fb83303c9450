//! Negative rows, scored by a classifier.

use std::fs;

use serde_json::Value;
use wakemill::dataset::parts::FeatureReader;

use super::support::{ROW, SCORED, Site, score};

/// The scores of a file's rows, by the values that were written.
fn scores(site: &Site, name: &str) -> Vec<f64> {
    let reader = FeatureReader::open(&site.path(&format!("out/{name}.npy")));
    let (reader, mut scratch) = (reader.unwrap().unwrap(), Vec::new());
    let rows = 0..reader.rows();
    let values = reader.values(rows, &mut scratch).unwrap();
    values.chunks(ROW).map(score).collect()
}

fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-4, "{found} {expected}");
}

#[test]
fn rows_that_score_high_are_found_and_the_hardest_are_named() {
    let site = Site::new();
    let told = site.build(&[&SCORED[..], &["--set", "audit.score=0.6"]].concat());
    let scores = scores(&site, "other_train");
    let rows = site.lines("out/rows.jsonl");
    let of_row = |row: usize| {
        let mut rows = rows.iter();
        rows.find(|line| line["split"] == "other_train" && line["row"] == row)
    };
    let findings = site.lines("out/audit.jsonl");
    let findings: Vec<_> = findings
        .iter()
        .filter(|line| line["check"] == "holds_word")
        .collect();
    let over: Vec<usize> = (0..scores.len()).filter(|row| scores[*row] > 0.6).collect();
    // Some, and not all.
    assert!(!over.is_empty() && over.len() < scores.len(), "{scores:?}");
    assert_eq!(findings.len(), over.len());
    for (finding, row) in findings.iter().zip(&over) {
        let line = of_row(*row).unwrap();
        assert_eq!(finding["split"], "other_train");
        assert_eq!(
            (&finding["clip"], &finding["round"]),
            (&line["clip"], &line["round"])
        );
        close(&finding["measure"], scores[*row]);
    }
    assert!(told.contains("audit, holds_word: "), "{told}");
    let hard = site.lines("out/hard.jsonl");
    assert_eq!(hard.len(), 5);
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    for (line, row) in hard.iter().zip(order) {
        assert_eq!(
            (&line["split"], &line["row"]),
            (&"other_train".into(), &row.into())
        );
        assert_eq!(line["clip"], of_row(row).unwrap()["clip"]);
        close(&line["score"], scores[row]);
    }
    let report = String::from_utf8(site.read("out/report.html")).unwrap();
    assert!(report.contains("audit-holds_word"));
}

#[test]
fn what_holds_the_word_is_left_out_and_a_clip_with_it() {
    let site = Site::new();
    site.build(&SCORED);
    let all = site.lines("out/audit.jsonl");
    let before = site.lines("out/hard.jsonl");
    let rule = [
        "--set",
        "audit.holds_word=leave-out",
        "--set",
        "audit.score=0.6",
    ];
    site.build(&[&["--overwrite"][..], &SCORED, &rule].concat());
    let quarantine = site.lines("out/quarantine.jsonl");
    assert!(!quarantine.is_empty());
    for line in &quarantine {
        let reason = line["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("holds_word: scored as the wake word"),
            "{reason}"
        );
    }
    // What is left out is in no row, and so not among the hardest.
    let out = |line: &&Value| quarantine.iter().any(|of| of["clip"] == line["clip"]);
    assert!(before.iter().any(|line| out(&line)));
    assert!(!site.lines("out/hard.jsonl").iter().any(|line| out(&line)));
    assert!(
        scores(&site, "other_train")
            .iter()
            .all(|score| *score <= 0.6 + 1e-4)
    );
    assert!(!all.is_empty());
    // Another model is another data set, and the same one is not.
    let again = [
        &["run", "p.toml", "--progress", "plain"][..],
        &SCORED,
        &rule,
    ]
    .concat();
    let same = site.wakemill(&again);
    assert!(String::from_utf8_lossy(&same.stderr).contains("up to date"));
    fs::write(site.path("word.onnx.data"), "weights").unwrap();
    assert_eq!(site.wakemill(&again).status.code(), Some(2));
}

#[test]
fn a_classifier_that_cannot_serve_is_refused_before_anything_is_built() {
    let site = Site::new();
    for (set, says) in [
        (
            "audit.classifier=none.onnx",
            "'audit.classifier' is \"none.onnx\"",
        ),
        ("audit.classifier=p.toml", "p.toml"),
    ] {
        let run = site.wakemill(&["run", "p.toml", "--progress", "none", "--set", set]);
        let errors = String::from_utf8_lossy(&run.stderr).into_owned();
        assert_eq!(run.status.code(), Some(2), "{errors}");
        assert!(errors.contains(says), "{errors}");
        assert!(!site.path("out").exists());
    }
    let steps = [
        "--set",
        "audio.clip_seconds=1.5",
        "--set",
        "features.timesteps=auto",
    ];
    let run = [
        &["run", "p.toml", "--progress", "none"][..],
        &SCORED,
        &steps,
    ]
    .concat();
    let run = site.wakemill(&run);
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!(run.status.code(), Some(2), "{errors}");
    assert!(errors.contains("takes 16 embeddings a row"), "{errors}");
}

#[test]
fn rows_of_recordings_are_audited_and_scored() {
    let site = Site::new();
    let quiet = vec![0i16; 16_000 * 5];
    let loud: Vec<i16> = (0..16_000 * 5)
        .map(|n| if n % 40 < 20 { i16::MAX } else { i16::MIN })
        .collect();
    fs::create_dir_all(site.path("long")).unwrap();
    let samples = [quiet, loud].concat();
    wakemill::audio::wav::write(&site.path("long/a.wav"), 16_000, &samples).unwrap();
    let text = "output = 'out'\n[[split]]\nname = 'background_test'\ninput = 'long'\n\
        kind = 'recordings'\ndtype = 'float32'\n[features]\nbackend = 'native'\n\
        [audit]\nchecks = 'warn'\nscore = 0\n";
    fs::write(site.path("p.toml"), text).unwrap();
    site.build(&SCORED);
    let lines = site.lines("out/audit.jsonl");
    let of = |check: &str| -> Vec<u64> {
        let found = lines.iter().filter(|line| line["check"] == check);
        found.map(|line| line["round"].as_u64().unwrap()).collect()
    };
    let scores = scores(&site, "background_test");
    let rows: Vec<u64> = (0..scores.len() as u64).collect();
    assert!(rows.len() > 5, "{lines:?}");
    assert_eq!(of("holds_word"), rows);
    // Rows follow each other every 1.28 s, and are 2 s long.
    assert_eq!(of("row_silent"), [0, 1, 2]);
    assert!(of("row_clipped").ends_with(&rows[4..]), "{lines:?}");
    let hard = site.lines("out/hard.jsonl");
    assert_eq!(hard.len(), 5.min(rows.len()));
    close(
        &hard[0]["score"],
        scores.iter().copied().fold(0.0, f64::max),
    );
    let audit = [&["audit", "p.toml", "--lines", "lines.jsonl"][..], &SCORED].concat();
    assert!(site.wakemill(&audit).status.success());
    assert!(site.read("lines.jsonl") == site.read("out/audit.jsonl"));
}

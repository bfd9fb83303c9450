//! What `wakemill inspect` finds, and what it finds wrong.

use std::fs;

use serde_json::Value;

use crate::support::{Project, stderr, stdout};

#[test]
fn a_folder_is_summed_up() {
    let project = Project::small(5);
    // Of sixty backgrounds, ten rows leave most unused.
    for n in 0..60 {
        project.clip(&format!("../../data/backgrounds/many_{n}.wav"));
    }
    project.run(&[]);
    let output = project.wakemill(&["inspect", "output/hey", "--verify", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let facts: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(facts["verified"], true);
    assert_eq!(facts["input_scale"], "unit");
    assert_eq!(facts["splits"][0]["shape"], serde_json::json!([5, 16, 96]));

    let (summary, rows) = (&facts["provenance"], project.rows());
    assert_eq!(summary["rows"], rows.len());
    let keys = ["equalizer", "tanh_distortion", "rir", "background", "place"];
    for (index, key) in keys.iter().enumerate() {
        let expected = rows.iter().filter(|row| !row[*key].is_null()).count();
        assert_eq!(summary["effects"][index]["rows"], expected, "{key}");
    }
    let noise = &summary["effects"][3];
    let ratios = noise["measure"]["histogram"]["counts"].as_array().unwrap();
    let counted: u64 = ratios.iter().map(|rows| rows.as_u64().unwrap()).sum();
    assert_eq!(counted, 10);
    let uses = noise["sounds"]["uses"].as_array().unwrap();
    assert_eq!(uses.len(), 62);
    assert!(
        uses[0][0]
            .as_str()
            .unwrap()
            .starts_with("./data/backgrounds/")
    );
    assert_eq!(uses[61][1], 0);

    let text = stdout(&project.wakemill(&["inspect", "output/hey"]));
    for part in [
        "positive_train",
        "(5, 16, 96)",
        "signal-to-noise",
        "never used",
        "./data/backgrounds/",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn verify_names_the_file_that_was_changed() {
    let project = Project::small(1);
    project.run(&[]);
    let rows = fs::read_to_string(project.output("rows.jsonl")).unwrap();
    // What is still a line of a row, but not of this one.
    let rows = rows.replace("\"round\":0", "\"round\":1").into_bytes();
    let mut features = fs::read(project.output("positive_features_train.npy")).unwrap();
    *features.last_mut().unwrap() ^= 1;
    let left_out = b"{}\n".to_vec();
    for (name, changed) in [
        ("positive_features_train.npy", features),
        ("rows.jsonl", rows),
        ("quarantine.jsonl", left_out),
    ] {
        let path = project.output(name);
        let built = fs::read(&path).unwrap();
        assert!(built != changed, "{name}");
        fs::write(&path, changed).unwrap();
        let output = project.wakemill(&["inspect", "output/hey"]);
        assert!(output.status.success(), "{name}: {}", stderr(&output));
        let output = project.wakemill(&["inspect", "output/hey", "--verify"]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let text = stderr(&output);
        assert!(text.contains(name) && text.contains("SHA-256"), "{text}");
        fs::write(&path, built).unwrap();
    }
}

#[test]
fn an_array_is_described() {
    let project = Project::small(1);
    project.run(&[]);
    let output = project.wakemill(&[
        "inspect",
        "output/hey/positive_features_train.npy",
        "--json",
    ]);
    let facts: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(facts["shape"], serde_json::json!([1, 16, 96]));
    assert_eq!(
        (&facts["dtype"], &facts["finite"]),
        (&"float32".into(), &1536.into())
    );
    // A window of 0.8 s holds one embedding.
    assert_eq!(facts["padded_rows"], 1);
    assert_eq!(
        facts["input_scale"]["verdict"], "cannot_tell",
        "of one embedding"
    );
}

#[test]
fn bad_input_is_named() {
    let project = Project::small(1);
    project.run(&[]);
    let npy = fs::read(project.output("positive_features_train.npy")).unwrap();
    fs::write(project.path("torn.npy"), &npy[..1_000]).unwrap();
    let rows = fs::read(project.output("rows.jsonl")).unwrap();
    let journal = project.path("unfinished/build.journal");
    fs::create_dir(project.path("unfinished")).unwrap();
    fs::write(journal, "").unwrap();
    fs::write(project.output("rows.jsonl"), &rows[..rows.len() - 9]).unwrap();

    for (path, code, expected) in [
        ("nowhere", 2, "there is no file or folder nowhere"),
        ("data", 2, "data is no data set"),
        ("unfinished", 1, "not finished"),
        ("config.yaml", 1, "config.yaml"),
        ("torn.npy", 1, "the file holds"),
        ("output/hey", 1, "line 2: the line is cut off"),
    ] {
        let output = project.wakemill(&["inspect", path]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{path}: {text}");
        assert!(text.contains(expected), "{path}: {text}");
    }
}

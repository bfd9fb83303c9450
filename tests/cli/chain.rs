//! Effects as a chain, through the program.

use serde_json::Value;

use super::support::{Project, stderr, stdout, wakemill};

fn rows(project: &Project, out: &str) -> Vec<Value> {
    let text = String::from_utf8(project.read(&format!("{out}/rows.jsonl"))).expect("UTF-8");
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn the_keys_of_a_row_are_those_of_the_chain_in_its_order() {
    let project = Project::new();
    project.build(
        "out",
        &[
            "augment.chain=[\"gain\", \"reverb\", \"place\"]",
            "augment.gain.gain_db=[-9, -3]",
        ],
    );
    let text = String::from_utf8(project.read("out/rows.jsonl")).expect("UTF-8");
    let (gain, rir) = (text.find("\"gain_db\""), text.find("\"rir\""));
    assert!(gain < rir && rir < text.find("\"place\""), "{text}");
    for row in rows(&project, "out") {
        let gain = row["gain_db"].as_f64().expect("a gain");
        assert!((-9.0..=-3.0).contains(&gain), "{row}");
        assert!(row.get("equalizer").is_none() && row.get("background").is_none());
        assert_eq!(row["place"].is_null(), row["round"] != 0, "{row}");
    }
    let out = project.path("out");
    let inspect = wakemill(&["inspect", out.to_str().expect("UTF-8")]).output();
    let text = stdout(&inspect.expect("it starts"));
    assert!(text.contains("gain, in dB"), "{text}");
}

/// Taking an effect out, or changing its probability, changes no other draw.
#[test]
fn draws_of_an_effect_depend_on_no_other_effect() {
    let project = Project::new();
    let all = "augment.chain=[\"place\", \"equalizer\", \"distortion\", \"gain\", \"reverb\", \"background\"]";
    project.build("all", &[all]);
    let without = "augment.chain=[\"place\", \"background\", \"distortion\"]";
    project.build("some", &[without]);
    project.build(
        "always",
        &[
            all,
            "augment.reverb.probability=1",
            "augment.equalizer.probability=0",
        ],
    );
    let whole = rows(&project, "all");
    for (other, keys) in [
        ("some", &["place", "background", "tanh_distortion"][..]),
        (
            "always",
            &["place", "background", "tanh_distortion", "gain_db"][..],
        ),
    ] {
        for (row, whole) in rows(&project, other).iter().zip(&whole) {
            for key in keys {
                assert_eq!(row[key], whole[key], "{other}: {key}");
            }
        }
    }
    let changed = rows(&project, "always");
    assert!(
        changed
            .iter()
            .all(|row| row["equalizer"].is_null() && !row["rir"].is_null())
    );
    // Where a room was drawn before, it is the same one now.
    let rooms = changed
        .iter()
        .zip(&whole)
        .filter(|(_, whole)| !whole["rir"].is_null());
    assert!(rooms.clone().count() > 0);
    assert!(
        rooms
            .into_iter()
            .all(|(row, whole)| row["rir"] == whole["rir"])
    );
}

#[test]
fn without_augmentation_the_chain_places_and_does_nothing_else() {
    let project = Project::new();
    project.build("out", &["augment.enabled=false"]);
    for row in rows(&project, "out") {
        assert!(!row["place"].is_null());
        for key in ["equalizer", "tanh_distortion", "rir", "background"] {
            assert_eq!(row.get(key), Some(&Value::Null), "{key}");
        }
    }
    let wrong = project.run(&["--set", "augment.gain.gain_db=[0, 1]"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(stderr(&wrong).contains("\"gain\" is not in augment.chain"));
}

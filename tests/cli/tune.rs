//! `wakemill tune`, and builds that find their own workers.

use std::fs;

use crate::support::{Project, stderr, stdout, wakemill};

#[test]
fn tune_replaces_nothing_but_what_it_wrote() {
    let project = Project::new();
    let before = project.read("pipeline.toml");
    let tune = wakemill(&["tune", "pipeline.toml", "--write", "pipeline.toml"])
        .current_dir(project.path("."))
        .output()
        .expect("the program starts");
    assert_eq!(tune.status.code(), Some(2));
    assert!(stderr(&tune).contains("--with"), "{}", stderr(&tune));
    assert_eq!(project.read("pipeline.toml"), before);
}

#[test]
fn tune_prints_what_it_found_and_writes_what_run_reads() {
    let project = Project::new();
    let before = project.files();
    let tune = wakemill(&[
        "tune",
        "pipeline.toml",
        "--cores",
        "32,64",
        "--write",
        "pins.toml",
    ])
    .current_dir(project.path("."))
    .output()
    .expect("the program starts");
    assert!(tune.status.success(), "{}", stderr(&tune));
    let text = stdout(&tune);
    for said in [
        "decode",
        "augment",
        "mel",
        "embed",
        "write",
        "rows/s",
        "\n   64",
        "if cores are",
    ] {
        assert!(text.contains(said), "'{said}' is not in: {text}");
    }
    let mut after = project.files();
    after.retain(|name| name != "pins.toml");
    assert_eq!(after, before, "nothing but what was asked for");

    let pins: toml::Table = fs::read_to_string(project.path("pins.toml"))
        .expect("written")
        .parse()
        .expect("TOML");
    let run = project.run(&["--with", "pins.toml"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let dataset = project.dataset("out");
    for stage in ["decode", "augment", "mel", "embed"] {
        let pinned = &pins["stages"][stage]["workers"];
        let used = dataset["stages"]
            .as_array()
            .expect("stages")
            .iter()
            .find(|used| used["name"] == stage)
            .expect("the stage");
        assert_eq!(used["workers"].as_i64(), pinned.as_integer(), "{stage}");
    }
    assert_eq!(dataset["resizes"].as_array().map(Vec::len), Some(0));
}

#[test]
fn workers_that_change_while_it_runs_change_no_byte() {
    let project = Project::new();
    // Where augmenting is dear, more workers of it are wanted than are begun with.
    let chain = [
        "--cores=4",
        "--set=flow.batch=1",
        "--set=augment.rounds=6",
        "--set=augment.chain=['pitch_shift', 'place', 'background']",
        "--set=augment.pitch_shift.probability=1",
    ];
    let fixed = ["decode", "augment", "mel", "embed"]
        .map(|stage| format!("--set=stages.{stage}.workers=1"));
    let fixed: Vec<&str> = fixed.iter().map(String::as_str).collect();
    for (out, more) in [("auto", &[][..]), ("fixed", &fixed)] {
        let output = format!("--set=output={out}");
        let run = project.run(&[&chain, more, &[output.as_str()]].concat());
        assert!(run.status.success(), "{}", stderr(&run));
    }
    if project.dataset("auto")["resizes"] == serde_json::json!([]) {
        eprintln!("NOT RUN: workers that change: the build was too fast for it");
    }
    for file in ["wake.npy", "other.npy", "rows.jsonl"] {
        let (auto, fixed) = (format!("auto/{file}"), format!("fixed/{file}"));
        assert_eq!(project.read(&auto), project.read(&fixed), "{file}");
    }
}

#[test]
fn a_sample_of_recordings_is_no_longer_than_it_has_to_be() {
    let project = Project::new();
    // Of which a sample needs the beginnings.
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8000,
        bits_per_sample: 8,
        sample_format: hound::SampleFormat::Int,
    };
    fs::create_dir(project.path("rec")).expect("a folder");
    for name in ["a", "b"] {
        let path = project.path(&format!("rec/{name}.wav"));
        let mut file = hound::WavWriter::create(path, spec).expect("a file");
        let samples = (0..500 * 8000_u32).map(|n| ((n >> 3) ^ (n >> 7)) as i8 >> 2);
        samples.for_each(|sample| file.write_sample(sample).expect("written"));
        file.finalize().expect("written");
    }
    let text = "output = 'neg'\n[[split]]\nname = 'neg'\nkind = 'recordings'\ninput = 'rec'\n\
                [augment]\nenabled = false\n";
    fs::write(project.path("neg.toml"), text).expect("written");
    let began = std::time::Instant::now();
    let tune = wakemill(&["tune", "neg.toml"])
        .current_dir(project.path("."))
        .output()
        .expect("the program starts");
    assert!(tune.status.success(), "{}", stderr(&tune));
    assert!(stdout(&tune).contains("rows/s"), "{}", stdout(&tune));
    assert!(began.elapsed().as_secs() < 120);
}

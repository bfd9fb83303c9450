//! Training configurations from end to end: which files, which rows, in which order.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use wakemill::audio::wav;
use wakemill::dataset::npy::NpyReader;

use crate::project::{Project, SPLITS, stderr, stdout};

/// What one machine makes of a project, whatever way it takes there.
fn bytes(project: &Project) -> Vec<Vec<u8>> {
    let files = SPLITS.iter().map(|(_, features)| *features);
    let files = files.chain(["rows.jsonl", "quarantine.jsonl"]);
    files
        .map(|name| fs::read(project.output(name)).unwrap())
        .collect()
}

#[test]
fn the_rows_of_a_round_follow_each_other_and_the_window_fits_the_median_clip() {
    let project = Project::new(2, 28_000);
    project.run(&[]);
    for (_, features) in SPLITS {
        let reader = NpyReader::open(&project.output(features)).unwrap();
        assert_eq!(reader.shape(), [4, 22, 96], "{features}");
    }
    let rows = project.rows();
    let order: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["clip"].as_str().unwrap(),
                row["round"].as_u64().unwrap(),
            )
        })
        .collect();
    for split in order.chunks(4) {
        assert_eq!(
            split,
            [("a.wav", 0), ("b.wav", 0), ("a.wav", 1), ("b.wav", 1)]
        );
    }
    let splits: Vec<_> = rows
        .iter()
        .step_by(4)
        .map(|row| row["split"].as_str().unwrap())
        .collect();
    assert!(splits.iter().eq(SPLITS.iter().map(|(name, _)| name)));
    // Every round is placed, as each starts from the clip.
    assert!(rows.iter().all(|row| row["place"]["kind"] == "start"));
}

#[test]
fn a_row_records_its_effects_in_the_order_of_the_chain() {
    let project = Project::new(1, 16_000);
    project.run(&[]);
    let text = fs::read_to_string(project.output("rows.jsonl")).unwrap();
    let keys = [
        "place",
        "equalizer",
        "tanh_distortion",
        "pitch_shift",
        "band_stop",
        "colored_noise",
        "background",
        "gain_db",
        "rir",
    ];
    for line in text.lines() {
        let places: Vec<_> = keys
            .iter()
            .map(|key| line.rfind(&format!("\"{key}\":")).unwrap())
            .collect();
        assert!(places.is_sorted(), "{line}");
        let row: Value = serde_json::from_str(line).unwrap();
        assert!(
            (-18.0..=0.0).contains(&row["gain_db"].as_f64().unwrap()),
            "{line}"
        );
    }
}

#[test]
fn the_same_bytes_come_of_any_workers_and_of_a_kill() {
    let project = Project::new(3, 20_000);
    project.run(&[]);
    let expected = bytes(&project);
    let layouts: [&[&str]; 2] = [
        &[
            "flow.batch=1",
            "stages.decode.workers=1",
            "stages.augment.workers=1",
            "stages.mel.workers=1",
            "stages.embed.workers=1",
        ],
        &[
            "flow.batch=3",
            "stages.decode.workers=3",
            "stages.augment.workers=2",
            "stages.mel.workers=2",
            "stages.embed.workers=3",
        ],
    ];
    for layout in layouts {
        let mut arguments = vec!["--overwrite"];
        arguments.extend(layout.iter().flat_map(|set| ["--set", set]));
        project.run(&arguments);
        assert_eq!(bytes(&project), expected, "{layout:?}");
    }
    let mut killed = project
        .command(&[
            "--overwrite",
            "--set",
            "flow.commit_seconds=0",
            "--set",
            "flow.batch=1",
        ])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let journal = project.output("build.journal");
    // The first record is the journal's own; then there is one a batch.
    while fs::read_to_string(&journal).map_or(0, |text| text.lines().count()) < 4 {
        if killed.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    killed.kill().unwrap();
    killed.wait().unwrap();
    project.run(&["--resume"]);
    assert_eq!(bytes(&project), expected);
}

#[test]
fn the_audio_of_rows_goes_into_the_output_folder_and_renders() {
    let project = Project::new(2, 16_000);
    project.run(&["--set", "output_files.wavs=true"]);
    let clips = fs::read_dir(project.output("positive_train"))
        .unwrap()
        .count();
    assert_eq!(clips, 2, "nothing is written among the clips");
    let out = project.path("row.wav");
    let render = [
        "render",
        "my_model.yaml",
        "--split",
        "positive_train",
        "--clip",
        "b",
        "--round",
        "1",
        "-o",
    ];
    let arguments: Vec<&str> = render.into_iter().chain([out.to_str().unwrap()]).collect();
    let run = project.wakemill(&arguments);
    assert!(run.status.success(), "{}", stderr(&run));
    let written = project.output("augmented/positive_train/b_r1.wav");
    assert_eq!(fs::read(&out).unwrap(), fs::read(written).unwrap());

    let again = project.run(&["--set", "output_files.wavs=true"]);
    assert!(stderr(&again).contains("up to date") || stdout(&again).contains("up to date"));
}

#[test]
fn what_is_passed_over_or_lost_is_counted() {
    let project = Project::new(2, 16_000);
    fs::write(project.path("backgrounds/c.flac"), "x").unwrap();
    fs::write(project.path("rirs/readme.pdf"), "x").unwrap();
    // Twice the window: openWakeWord drops its end.
    project.noise("out/m/negative_train/long.wav", 9, 64_000);
    wav::write(&project.output("negative_test/bad.wav"), 16_000, &[]).unwrap();
    let run = project.run(&[
        "--set",
        "failures.policy=skip",
        "--set",
        "failures.max_rate=0.5",
    ]);
    let said = format!("{}{}", stdout(&run), stderr(&run));
    for words in ["1 .flac", "1 .pdf", "end is lost", "rounds"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let text = fs::read_to_string(project.output("dataset.json")).unwrap();
    let dataset: Value = serde_json::from_str(&text).unwrap();
    let split = &dataset["splits"][3];
    assert_eq!(
        [&split["planned"], &split["rows"], &split["left_out"]],
        [3, 4, 2]
    );
    let quarantine = fs::read_to_string(project.output("quarantine.jsonl")).unwrap();
    let rounds: Vec<Value> = quarantine
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rounds.len(), 2);
    assert!(
        rounds[0].get("round").is_none() && rounds[1]["round"] == 1,
        "{quarantine}"
    );
    assert_eq!(dataset["splits"][1]["found"]["end_lost"]["clips"], 1);
}

//! Which files are read, which are written, and in which order.

use std::fs;

use wakemill::audio;
use wakemill::audio::Limits;
use wakemill::audio::wav;
use wakemill::dataset::npy::NpyReader;

use crate::support::{Project, SPLITS, stderr};

const WAVS: &[&str] = &["--set", "output_files.wavs=true"];

#[test]
fn only_clips_named_as_livekit_names_them_are_built_in_the_order_of_their_names() {
    let project = Project::small(1);
    for name in ["000010", "000002", "000001"] {
        project.clip(&format!("positive_train/clip_{name}.wav"));
    }
    for name in [
        "clip_1",
        "clip_0000003",
        "take_000004",
        "clip_000005_r0",
        "clip_000006x",
        "sub/clip_000007",
    ] {
        project.clip(&format!("positive_train/{name}.wav"));
    }
    project.run(&[]);
    let rows = project.rows();
    let clips: Vec<_> = rows
        .iter()
        .filter(|row| row["split"] == "positive_train")
        .map(|row| row["clip"].as_str().unwrap())
        .collect();
    assert_eq!(
        clips,
        [
            "clip_000000.wav",
            "clip_000001.wav",
            "clip_000002.wav",
            "clip_000010.wav"
        ]
    );
    assert_eq!(
        project
            .names("positive_train")
            .iter()
            .filter(|name| name.contains("_r"))
            .count(),
        1,
        "without output_files.wavs nothing is written beside the clips"
    );
}

#[test]
fn rounds_are_in_the_order_of_their_file_names_and_only_round_0_is_placed() {
    let project = Project::small(12);
    project.run(WAVS);
    let rows = project.rows();
    let first: Vec<_> = rows[..12]
        .iter()
        .map(|row| row["round"].as_u64().unwrap())
        .collect();
    assert_eq!(first, [0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]);
    let files: Vec<_> = first
        .iter()
        .map(|round| format!("clip_000000_r{round}.wav"))
        .collect();
    assert_eq!(project.names("positive_train")[1..], files);
    for row in &rows {
        assert_eq!(row["place"].is_null(), row["round"] != 0, "{row}");
    }
}

#[test]
fn extracting_the_augmented_files_gives_the_same_features() {
    let project = Project::small(11);
    project.clip("positive_train/clip_000001.wav");
    project.run(WAVS);
    let features = project.output("positive_features_train.npy");
    let built = fs::read(&features).unwrap();
    assert_eq!(NpyReader::open(&features).unwrap().shape(), [22, 16, 96]);

    project.run(&["--only", "extract", "--overwrite"]);
    assert!(fs::read(&features).unwrap() == built, "other features");
    let clip = |row: usize| project.rows()[row]["clip"].as_str().unwrap().to_owned();
    assert_eq!(clip(2), "clip_000000_r10.wav");
}

#[test]
fn extracting_without_augmented_files_says_what_is_missing() {
    let project = Project::small(1);
    let output = project.wakemill(&["run", "config.yaml", "--only", "extract"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output);
    assert!(
        text.contains("clip_NNNNNN_rR.wav") && text.contains("positive_train"),
        "{text}"
    );
    assert!(!project.output("positive_features_train.npy").exists());
}

#[test]
fn a_missing_split_is_skipped_and_an_empty_one_has_no_rows() {
    let project = Project::small(1);
    fs::remove_dir(project.output("background_train")).unwrap();
    let output = project.run(&[]);
    let text = stderr(&output);
    assert!(text.contains("'background_train' is skipped"), "{text}");
    assert!(text.contains("'background_test' is empty"), "{text}");
    assert!(
        !project
            .output("background_noise_features_train.npy")
            .exists()
    );
    let empty = NpyReader::open(&project.output("background_noise_features_test.npy")).unwrap();
    assert_eq!(empty.shape(), [0, 16, 96]);
}

#[test]
fn without_any_split_the_error_names_the_folder() {
    let project = Project::new(1);
    let output = project.wakemill(&["run", "config.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("output/hey/positive_train"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn stale_files_go_before_wavs_are_written_and_stay_otherwise() {
    let project = Project::small(2);
    let stale = [
        "positive_train/clip_000000_r7.wav",
        "background_test/clip_000003_r0.wav",
    ];
    stale.iter().for_each(|name| project.clip(name));
    let kept = [
        "positive_train/clip_000000_rx.wav",
        "positive_train/other_r0.wav",
    ];
    kept.iter().for_each(|name| project.clip(name));

    project.run(&[]);
    assert!(stale.iter().all(|name| project.output(name).exists()));
    project.run(&["--overwrite", WAVS[0], WAVS[1]]);
    assert!(stale.iter().all(|name| !project.output(name).exists()));
    assert!(kept.iter().all(|name| project.output(name).exists()));
    assert!(project.output("positive_train/clip_000000_r1.wav").exists());
}

#[test]
fn every_row_rendered_alone_is_its_wav() {
    // So many that their files' names have another order.
    let project = Project::small(12);
    project.run(WAVS);
    let out = project.path("row.wav");
    for split in ["positive_train", "negative_train"] {
        for round in ["0", "1", "2", "10", "11"] {
            let output = project.wakemill(&[
                "render",
                "config.yaml",
                "--split",
                split,
                "--clip",
                "clip_000000",
                "--round",
                round,
                "-o",
                "row.wav",
            ]);
            assert!(output.status.success(), "{}", stderr(&output));
            let wav = project.output(&format!("{split}/clip_000000_r{round}.wav"));
            assert!(
                fs::read(&out).unwrap() == fs::read(wav).unwrap(),
                "{split} {round}"
            );
        }
    }
}

#[test]
fn a_clip_is_rendered_as_it_was_read() {
    let project = Project::small(2);
    let samples = [0, 1, -1, i16::MAX, i16::MIN, 12_345];
    let folder = project.output("positive_train");
    wav::write(&folder.join("clip_000001.wav"), 16_000, &samples).unwrap();
    wav::write(&folder.join("clip_000002.wav"), 8_000, &[500; 800]).unwrap();
    let render = |clip: &str, more: &[&str]| {
        let split = ["render", "config.yaml", "--split", "positive_train"];
        let rest = ["--clip", clip, "--decoded", "-o", "clip.wav"];
        project.wakemill(&[&split[..], &rest, more].concat())
    };
    let read = |clip: &str| {
        let output = render(clip, &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        let mut samples = Vec::new();
        let limits = Limits { max_seconds: 1.0 };
        let info = audio::read(&project.path("clip.wav"), limits, &mut samples).unwrap();
        assert_eq!((info.sample_rate, info.channels), (16_000, 1));
        samples
    };
    let exact = samples.map(|sample| f32::from(sample) / 32_768.0);
    assert_eq!(read("clip_000001"), exact);
    let converted = read("clip_000002.wav");
    assert_eq!(converted.len(), 1_600);
    assert!((converted[800] - 500.0 / 32_768.0).abs() < 1e-4);
    // A clip as it was read has no round.
    assert_eq!(
        render("clip_000001", &["--round", "1"]).status.code(),
        Some(2)
    );
}

#[test]
fn features_have_livekit_s_names() {
    let project = Project::small(1);
    for split in SPLITS {
        project.clip(&format!("{split}/clip_000000.wav"));
    }
    project.run(&[]);
    let names: Vec<_> = project
        .names("")
        .into_iter()
        // What the audit writes is beside them.
        .filter(|name| name.ends_with(".npy") && name != "audit.npy")
        .collect();
    assert_eq!(
        names,
        [
            "background_noise_features_test.npy",
            "background_noise_features_train.npy",
            "negative_features_test.npy",
            "negative_features_train.npy",
            "positive_features_test.npy",
            "positive_features_train.npy",
        ]
    );
}

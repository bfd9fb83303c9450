//! Clips of which a row holds little or nothing: counted, and said.

use std::process::Command;

use serde_json::{Value, json};

use super::input::{SKIP, floats};
use super::support::{Case, PROGRAM, errors, riff, wav};

/// A case with odd clips among good ones.
fn case() -> Case {
    let case = Case::new(6);
    let tone = |n: usize| (9000.0 * (n as f32 * 0.2).sin()) as i16;
    let stereo = |left: fn(i16) -> i16, right: fn(i16) -> i16| {
        let frames = (0..9000).map(tone).flat_map(|x| [left(x), right(x)]);
        wav(16_000, 2, &frames.collect::<Vec<_>>())
    };
    let quiet = vec![32; 9000];
    let clipped: Vec<f32> = (0..9000).map(|n| (n as f32 * 0.2).sin() * 1.5).collect();
    let clipped: Vec<f32> = clipped.iter().map(|x| x.clamp(-1.0, 1.0)).collect();
    let long: Vec<i16> = (0..64_200).map(tone).collect();
    case.write("wake/x_both.wav", stereo(|x| x, |x| x));
    case.write("wake/x_clipped.wav", floats(&clipped));
    case.write("wake/x_long.wav", wav(16_000, 1, &long));
    case.write("wake/x_right.wav", stereo(|_| 0, |x| x));
    // Full scale in 24 bits, and the middle in 8, which are unsigned.
    let top = [[0xFF, 0xFF, 0x7F], [0, 0, 0x80], [0, 0, 0x20]].concat();
    case.write(
        "wake/x_clipped_24.wav",
        riff(1, 1, 16_000, 24, &top.repeat(3000)),
    );
    let third = (0..9000).flat_map(|n| [0, 0, tone(n)]);
    case.write(
        "wake/x_right_3.wav",
        wav(16_000, 3, &third.collect::<Vec<_>>()),
    );
    case.write("wake/x_silent_8.wav", riff(1, 1, 16_000, 8, &[128; 9000]));
    case.write("wake/x_silent.wav", wav(16_000, 1, &quiet));
    case.write("wake/x_silent_2.wav", wav(16_000, 2, &[0; 900]));
    case.write("other/x_long.wav", wav(16_000, 1, &long));
    case
}

fn found(case: &Case, output: &str) -> Vec<Value> {
    let dataset = case.dataset(output);
    let splits = dataset["splits"].as_array().unwrap().iter();
    splits.map(|split| split["found"].clone()).collect()
}

fn clips(names: &[&str]) -> Value {
    json!({"clips": names.len(), "examples": names})
}

#[test]
fn clips_whose_rows_hold_little_of_them_are_counted_and_said() {
    let case = case();
    let expected = [
        json!({
            "silent": clips(&["x_silent.wav", "x_silent_2.wav", "x_silent_8.wav"]),
            "sound_in_another_channel": clips(&["x_right.wav", "x_right_3.wav"]),
            "clipped": clips(&["x_clipped.wav", "x_clipped_24.wav"]),
            "less_than_half_in_its_row": clips(&["x_long.wav"]),
        }),
        json!({"less_than_half_in_its_row": clips(&["x_long.wav"])}),
    ];
    for workers in ["1", "3"] {
        let run = Command::new(PROGRAM)
            .arg("run")
            .arg(case.path("pipeline.toml"))
            .args(["--progress", "plain", "--set"])
            .arg(format!("output={}", case.path(workers).display()))
            .args(["--set", &format!("stages.decode.workers={workers}")])
            .output()
            .unwrap();
        let said = errors(&run);
        assert!(run.status.success(), "{said}");
        let mut found = found(&case, workers);
        for found in &mut found {
            // Whether effects push a loud row out of range is drawn.
            found.as_object_mut().unwrap().remove("row_out_of_range");
        }
        assert_eq!(found, expected);
        for line in [
            "3 clips silent (below -60 dBFS): x_silent.wav, x_silent_2.wav, x_silent_8.wav",
            "sound in another one alone (see audio.channel): x_right.wav, x_right_3.wav",
            "2 clips clipped in over 1 % of the samples: x_clipped.wav, x_clipped_24.wav",
            "1 clip longer than twice what reaches the row: x_long.wav",
        ] {
            assert!(said.contains(line), "{line}: {said}");
        }
        let report = std::fs::read_to_string(case.path(workers).join("report.html")).unwrap();
        assert!(report.contains("Clips to look at") && report.contains("x_right.wav"));
    }
}

#[test]
fn rows_that_leave_the_range_and_ends_that_are_lost_are_counted() {
    let case = Case::new(6);
    let loud = vec![30_000; 20_000];
    case.write("wake/x_long.wav", wav(16_000, 1, &vec![1_000; 40_000]));
    case.write("wake/x_loud.wav", wav(16_000, 1, &loud));
    for overflow in ["clip", "wrap"] {
        let run = case.run(
            overflow,
            &[
                "--set",
                "split.wake.place=start",
                "--set",
                r#"augment.chain=["place", "gain"]"#,
                "--set",
                "augment.gain.gain_db=[3, 3]",
                "--set",
                &format!("augment.overflow={overflow}"),
            ],
        );
        let said = errors(&run);
        assert!(run.status.success(), "{said}");
        let found = &found(&case, overflow)[0];
        assert_eq!(found["row_out_of_range"], clips(&["x_loud.wav"]));
        assert_eq!(found["end_lost"], clips(&["x_long.wav"]));
    }
}

#[test]
fn counts_are_the_same_over_a_resume() {
    let case = case();
    case.write("wake/x_odd.wav", b"no audio");
    case.build("whole", &SKIP);
    let run = case.run("out", &[]);
    assert_eq!(run.status.code(), Some(1), "{}", errors(&run));
    let mut resume = SKIP.to_vec();
    resume.push("--resume");
    case.build("out", &resume);
    assert_eq!(found(&case, "out"), found(&case, "whole"));
    assert!(case.dataset("out")["rows_resumed"].as_u64().unwrap() > 0);
}

#[test]
fn the_channel_is_chosen_and_one_that_is_not_there_is_named() {
    let case = case();
    // The right channel is what the first of the other file is.
    let mut set = vec!["--set", "audio.channel=2", "--set", "augment.enabled=false"];
    set.extend(SKIP);
    let run = case.run("out", &set);
    assert!(run.status.success(), "{}", errors(&run));
    let said = super::input::quarantine(&case, "out");
    let line = said.iter().find(|line| line["clip"] == "x_long.wav");
    let reason = line.unwrap()["reason"].as_str().unwrap();
    assert!(reason.contains("1 channel(s)"), "{reason}");
    let elsewhere = &found(&case, "out")[0]["sound_in_another_channel"];
    assert_eq!(*elsewhere, clips(&["x_right_3.wav"]));

    let run = case.run("mean", &["--set", "audio.channel=mean"]);
    assert!(run.status.success(), "{}", errors(&run));
    assert!(found(&case, "mean")[0]["sound_in_another_channel"].is_null());
    let run = case.run("none", &["--set", "audio.channel=0"]);
    assert_eq!(run.status.code(), Some(2), "{}", errors(&run));
}

#[test]
fn a_background_that_is_silent_is_counted() {
    let case = Case::new(6);
    case.write("silent/zeros.wav", wav(16_000, 1, &[0; 40_000]));
    let place = format!(
        "augment.backgrounds=[\"{}\"]",
        case.path("silent").display()
    );
    let always = "augment.background.probability=1.0";
    let run = case.run("out", &["--set", &place, "--set", always]);
    assert!(run.status.success(), "{}", errors(&run));
    let found = found(&case, "out");
    let counts = found
        .iter()
        .map(|found| found["silent_background"]["clips"].as_u64());
    assert_eq!(counts.map(Option::unwrap).sum::<u64>(), 6);
}

#[test]
fn an_impulse_response_that_is_silent_is_counted() {
    let case = Case::new(6);
    let faint: Vec<i16> = (0..900)
        .map(|n| if n == 3 { 20 } else { n % 3 - 1 })
        .collect();
    case.write("faint/room.wav", wav(16_000, 1, &faint));
    let place = format!("augment.rirs=[\"{}\"]", case.path("faint").display());
    let always = "augment.reverb.probability=1.0";
    let run = case.run("out", &["--set", &place, "--set", always]);
    let said = errors(&run);
    assert!(run.status.success(), "{said}");
    let found = found(&case, "out");
    let counts = found
        .iter()
        .map(|found| found["silent_impulse_response"]["clips"].as_u64());
    assert_eq!(counts.map(Option::unwrap).sum::<u64>(), 6);
}

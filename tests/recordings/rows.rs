//! What a row is: that of the clip cut there.

use std::process::Command;

use super::support::{PROGRAM, errors, wav};
use super::*;

/// Samples of a row, and from one to the next.
const WINDOW: usize = 32_000;
const HOP: usize = 20_480;

#[test]
fn a_row_is_that_of_the_clip_cut_there() {
    let case = recordings(&[45.0, 30.3]);
    build(&case, &["--set", "split.0.dtype=float32"]);
    let rows = array(&case.path("out/neg.npy"));
    let index = index(&case);
    assert_eq!(rows.len_of(ndarray::Axis(0)), index.len());
    for (row, [line, step]) in index.iter().enumerate() {
        let seconds = [45.0, 30.3][*line as usize];
        let samples = sound(*line as usize, 16_000, seconds);
        let start = *step as usize * 1280;
        let clip = wav(16_000, 1, &samples[start..start + WINDOW]);
        case.write(&format!("clips/{row:03}.wav"), clip);
    }
    case.write(
        "pipeline.toml",
        "output = 'out'\n[[split]]\nname = 'clips'\ninput = 'clips'\nplace = 'none'\n\
         [augment]\nenabled = false\n",
    );
    let run = case.run("clips_out", &[]);
    assert!(run.status.success(), "{}", errors(&run));
    let clips = array(&case.path("clips_out/clips.npy"));
    assert_eq!(clips.shape(), rows.shape());
    let (mut greatest, mut equal) = (0_f32, 0);
    for (row, clip) in rows.outer_iter().zip(clips.outer_iter()) {
        let differences = row.iter().zip(clip.iter()).map(|(a, b)| (a - b).abs());
        greatest = differences.fold(greatest, f32::max);
        equal += usize::from(row == clip);
    }
    // In one pass the kernels round otherwise; where the floor bites a row, it is
    // computed alone, to the bit.
    assert!(greatest < 5e-5, "{greatest}");
    assert!(
        equal > 2 && equal < rows.len_of(ndarray::Axis(0)),
        "{equal}"
    );
}

#[test]
fn halves_steps_and_their_origin() {
    let case = recordings(&[20.0, 1.9, 13.0]);
    build(&case, &["--set", "split.0.interleave=1"]);
    let halves = std::fs::read(case.path("out/neg.npy")).unwrap();
    assert!(String::from_utf8_lossy(&halves[..128]).contains("'<f2'"));
    let rows = index(&case).len();
    assert_eq!(
        rows,
        (20 * 16_000 - WINDOW) / HOP + 1 + (13 * 16_000 - WINDOW) / HOP + 1
    );
    assert_eq!(halves.len(), 128 + rows * 16 * 96 * 2);
    let lines = lines(&case, "recordings.jsonl");
    let of: Vec<u64> = lines
        .iter()
        .map(|line| line["rows"].as_u64().unwrap())
        .collect();
    assert_eq!(of[1], 0, "too short for a row, and no fault");
    assert_eq!(of.iter().sum::<u64>() as usize, rows);
    assert_eq!(lines[2]["sample_rate"], 44_100);
    assert_eq!(case.dataset("out")["splits"][0]["recordings"], 3);
    assert!(super::lines(&case, "rows.jsonl").is_empty());
    assert!(super::lines(&case, "quarantine.jsonl").is_empty());

    // How loud those with rows are over time.
    let report = std::fs::read_to_string(case.path("out/report.html")).unwrap();
    let of = |name: &str| report.find(&format!("class=\"level\"><div>{name}<"));
    assert!(of("00.wav") < of("02.wav") && of("00.wav").is_some());
    assert!(of("01.wav").is_none());

    // The row that the index names is the row that render gives.
    let last = (rows - 1).to_string();
    let mut inspect = Command::new(PROGRAM);
    inspect.arg("inspect").arg(case.path("out/neg.npy"));
    let told = inspect.args(["--row", &last, "--json"]).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(
        (&told["recording"], &told["row"]),
        (&"02.wav".into(), &8.into())
    );
    let rendered = |recording: &str, row: &str| {
        let out = case.path("row.wav");
        let mut render = Command::new(PROGRAM);
        render.arg("render").arg(case.path("pipeline.toml"));
        render.args(["--split", "neg", "--clip", recording, "--row", row, "-o"]);
        let run = render.arg(&out).output().unwrap();
        (
            run.status.code(),
            std::fs::read(out).unwrap_or_default(),
            errors(&run),
        )
    };
    let samples = sound(0, 16_000, 20.0);
    let (code, row, _) = rendered("00.wav", "3");
    assert_eq!(code, Some(0));
    assert!(row == wav(16_000, 1, &samples[3 * HOP..3 * HOP + WINDOW]));
    let (code, _, said) = rendered("00.wav", "99");
    assert!(code == Some(2) && said.contains("has no row 99"), "{said}");

    build(
        &case,
        &[
            "--set",
            "split.0.interleave=1",
            "--set",
            "split.0.layout=steps",
            "--overwrite",
        ],
    );
    let steps = std::fs::read(case.path("out/neg.npy")).unwrap();
    assert!(String::from_utf8_lossy(&steps[..128]).contains(&format!("({}, 96)", 16 * rows)));
    assert!(steps[128..] == halves[128..]);
    let run = Command::new(PROGRAM)
        .arg("inspect")
        .arg(case.path("out"))
        .arg("--verify")
        .output();
    assert!(run.unwrap().status.success());
}

#[test]
fn parts_of_recordings_and_what_is_left_out() {
    let case = recordings(&[40.0, 30.0]);
    case.write(
        "list.txt",
        "rec/01.wav\nrec/00.wav\t2.56\t9.0\nrec/00.wav\t20.0\t21.0\n",
    );
    case.write("without.txt", "rec/01.wav\t5\t6\nrec/00.wav\t100\t101\n");
    let input = format!("input = '{}'", case.path("list.txt").display());
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let text = text.replace(
        "input = 'rec'",
        &format!("{input}\nexclude = 'without.txt'"),
    );
    case.write("pipeline.toml", text);
    build(&case, &["--set", "split.0.dtype=float32"]);
    let lines = lines(&case, "recordings.jsonl");
    let names: Vec<_> = lines
        .iter()
        .map(|line| (&line["recording"], &line["start"]))
        .collect();
    let name = serde_json::Value::from;
    assert_eq!(names[0], (&name("rec/00.wav"), &2.56.into()));
    assert_eq!(names[2], (&name("rec/01.wav"), &serde_json::Value::Null));
    // 6.44 s are 4 rows; of the whole 30 s, 22, those over 5 to 6 s are left out.
    let counts: Vec<_> = lines
        .iter()
        .map(|line| (line["rows"].as_u64(), line["excluded"].as_u64()))
        .collect();
    assert_eq!(
        counts,
        [(Some(4), Some(0)), (Some(0), Some(0)), (Some(20), Some(2))]
    );
    let index = index(&case);
    assert_eq!(
        index
            .iter()
            .filter(|[line, _]| *line == 2)
            .map(|[_, step]| step / 16)
            .collect::<Vec<_>>()[..4],
        [0, 1, 2, 5]
    );

    // A part that begins with a row of the whole is those rows.
    let parts = array(&case.path("out/neg.npy"));
    pipeline(&case, "");
    build(&case, &["--set", "split.0.dtype=float32", "--overwrite"]);
    let whole = array(&case.path("out/neg.npy"));
    let second = super::index(&case)
        .iter()
        .position(|entry| *entry == [0, 32])
        .unwrap();
    let of_part = parts.index_axis(ndarray::Axis(0), 0);
    let difference = of_part
        .iter()
        .zip(whole.index_axis(ndarray::Axis(0), second))
        .map(|(a, b)| (a - b).abs());
    assert!(difference.fold(0_f32, f32::max) < 5e-5);
}

#[test]
fn rows_are_augmented_by_recording_and_row() {
    let case = recordings(&[12.0, 8.0]);
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let text = text
        .replace("interleave = 3", "interleave = 3\naugment = true")
        .replace(
            "enabled = false",
            &format!(
                "rounds = 4\nbackgrounds = '{}'",
                case.path("noise").display()
            ),
        );
    case.write("pipeline.toml", text);
    build(&case, &[]);
    let rows = lines(&case, "rows.jsonl");
    assert_eq!(
        rows.len(),
        index(&case).len(),
        "each once, whatever the rounds of clips"
    );
    let drawn = |row: &serde_json::Value| row["background"].clone();
    assert!(rows.iter().any(|row| !drawn(row).is_null()));
    assert_eq!(
        (&rows[1]["clip"], &rows[1]["round"]),
        (&"00.wav".into(), &1.into())
    );
    // Alone, a recording has the same draws.
    std::fs::remove_file(case.path("rec/00.wav")).unwrap();
    build(&case, &["--overwrite"]);
    let alone = lines(&case, "rows.jsonl");
    let same: Vec<_> = rows
        .iter()
        .filter(|row| row["clip"] == "01.wav")
        .map(drawn)
        .collect();
    assert_eq!(alone.iter().map(drawn).collect::<Vec<_>>(), same);
}

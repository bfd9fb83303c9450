//! What breaks in a recording: what is whole is kept, and the rest is told.

use super::support::riff;
use super::*;

fn golden(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/audio");
    std::fs::read(path.join(name)).unwrap()
}

/// A float WAV of so many seconds with samples that are none from a second on.
pub(super) fn with_nan(seconds: usize, at: usize) -> Vec<u8> {
    let samples = sound(3, 16_000, seconds as f64);
    let float = |(n, x): (usize, i16)| match (at * 16_000..at * 16_000 + 7).contains(&n) {
        true => f32::NAN,
        false => f32::from(x) / 32_768.0,
    };
    let samples = samples.into_iter().enumerate().map(float);
    let data: Vec<u8> = samples.flat_map(f32::to_le_bytes).collect();
    riff(3, 1, 16_000, 32, &data)
}

#[test]
fn what_is_whole_is_kept_and_the_rest_is_told() {
    let case = recordings(&[10.0]);
    let whole = std::fs::read(case.path("rec/00.wav")).unwrap();
    case.write("rec/cut.wav", &whole[..44 + 16_000 * 2 * 7]);
    case.write("rec/empty.wav", "");
    case.write("rec/nan.wav", with_nan(16, 9));
    case.write("rec/noise.mp3", [7; 5000]);
    case.write("rec/short.wav", wav(16_000, 1, &sound(1, 16_000, 1.5)));
    let joined = [&whole[..], &whole[..]].concat();
    case.write("rec/two.wav", joined);
    build(&case, &[]);
    let lines = lines(&case, "recordings.jsonl");
    let of = |name: &str| lines.iter().find(|line| line["recording"] == name).unwrap();
    let counts = |name: &str| {
        (
            of(name)["rows"].as_u64().unwrap(),
            of(name)["faults"].as_u64().unwrap(),
        )
    };
    assert_eq!(counts("00.wav"), (7, 0));
    assert_eq!(counts("cut.wav"), (4, 1));
    assert_eq!(counts("empty.wav"), (0, 1));
    // 9 s, and what follows the seven samples: rows of either, none over them.
    assert_eq!(counts("nan.wav"), (6 + 4, 1));
    assert_eq!(counts("noise.mp3"), (0, 1));
    assert_eq!(counts("short.wav"), (0, 0));
    assert_eq!(counts("two.wav"), (7 + 7, 1), "of either");
    let told: Vec<_> = super::lines(&case, "quarantine.jsonl");
    let names: Vec<&str> = told
        .iter()
        .map(|line| line["clip"].as_str().unwrap())
        .collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        ["cut.wav", "empty.wav", "nan.wav", "noise.mp3", "two.wav"]
    );
    let reason = |name: &str| {
        let line = told.iter().find(|line| line["clip"] == name).unwrap();
        line["reason"].as_str().unwrap().to_owned()
    };
    assert!(
        reason("cut.wav").contains("4 rows kept"),
        "{}",
        reason("cut.wav")
    );
    assert!(
        reason("nan.wav").contains("at 9.000 s"),
        "{}",
        reason("nan.wav")
    );
    // The second stretch's rows are counted from its own start, in what was decoded.
    let nan = lines
        .iter()
        .position(|line| line["recording"] == "nan.wav")
        .unwrap();
    let steps: Vec<i32> = index(&case)
        .iter()
        .filter(|entry| entry[0] == nan as i32)
        .map(|entry| entry[1])
        .collect();
    assert_eq!(
        steps[5..8],
        [5 * 16, 9 * 16_000 / 1280, 9 * 16_000 / 1280 + 16]
    );
    let dataset = case.dataset("out");
    let split = &dataset["splits"][0];
    assert_eq!(
        (&split["left_out"], &split["faults"]),
        (&5.into(), &5.into())
    );
    let read: f64 = lines
        .iter()
        .map(|line| line["seconds"].as_f64().unwrap())
        .sum();
    assert!((read / 3600.0 - split["hours_read"].as_f64().unwrap()).abs() < 1e-9);
}

#[test]
fn coded_recordings_lose_no_more_than_what_is_damaged() {
    let case = recordings(&[4.0]);
    for file in ["no_tag.mp3", "s16.flac", "opus.ogg"] {
        let mut bytes = golden(file);
        let middle = bytes.len() / 2;
        // Of an MP3 no more than its headers tells: what is between them decodes.
        bytes.splice(middle..middle + 40, [0x55; 80]);
        case.write(&format!("rec/damaged-{file}"), bytes);
    }
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    // The clips of the goldens are short: rows of a few embeddings.
    let text = format!("{text}[audio]\nclip_seconds = 0.8\n[features]\ntimesteps = 1\n");
    case.write("pipeline.toml", text);
    build(&case, &[]);
    for line in lines(&case, "recordings.jsonl").iter().skip(1) {
        assert!(line["faults"].as_u64().unwrap() >= 1, "{line}");
    }
}

#[test]
fn a_build_that_may_leave_out_nothing_stops_at_the_fault_and_goes_on() {
    let case = recordings(&[30.0, 20.0]);
    case.write("rec/01.wav", with_nan(30, 21));
    let run = case.run(
        "out",
        &[
            "--set",
            "failures.policy=stop",
            "--set",
            "split.0.interleave=1",
        ],
    );
    let said = errors(&run);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("clip '01.wav'") && said.contains("at 21.000 s"),
        "{said}"
    );
    let resumed = case.build("out", &["--resume", "--set", "split.0.interleave=1"]);
    let whole = case.build("whole", &["--set", "split.0.interleave=1"]);
    super::support::assert_same(&resumed, &whole, "resumed");
}

#[test]
fn too_many_broken_recordings_fail_the_build() {
    let case = recordings(&[4.0, 4.0, 4.0, 4.0]);
    case.write("rec/01.wav", "");
    let run = case.run("out", &["--set", "failures.max_rate=0.2"]);
    assert_eq!(run.status.code(), Some(1), "{}", errors(&run));
    build(&case, &["--resume", "--set", "failures.max_rate=0.25"]);
}

#[test]
fn keys_that_do_not_fit_recordings_are_refused() {
    let case = recordings(&[4.0]);
    for (set, says) in [
        (
            &["split.0.place=end"][..],
            "a window of a recording is full",
        ),
        (&["split.0.layout=steps"], "needs interleave = 1"),
        (&["split.0.hop_seconds=0.1"], "multiple of features.stride"),
        (&["split.0.kind=clips"], "concerns recordings"),
        (&["output_files.wavs=true"], "not written as WAVs"),
    ] {
        let args: Vec<&str> = set.iter().flat_map(|set| ["--set", *set]).collect();
        let run = case.run("out", &args);
        let said = errors(&run);
        assert!(
            run.status.code() == Some(2) && said.contains(says),
            "{set:?}: {said}"
        );
    }
}

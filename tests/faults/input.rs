//! Clips that are not what they seem.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use super::support::{Case, PROGRAM, errors, riff, wav};

pub const SKIP: [&str; 4] = [
    "--set",
    "failures.policy=skip",
    "--set",
    "failures.max_rate=1",
];

pub fn floats(samples: &[f32]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
    riff(3, 1, 16_000, 32, &data)
}

/// Bad clips: name, content, and what is said of each.
fn bad() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = wav(16_000, 1, &[100; 1000]);
    let mut longer = good.clone();
    longer[40..44].copy_from_slice(&90_000_u32.to_le_bytes());
    vec![
        ("00_empty.wav", Vec::new(), "empty"),
        (
            "01_text.wav",
            b"these are words, not samples".to_vec(),
            "not audio",
        ),
        ("02_cut.wav", good[..500].to_vec(), "truncated"),
        ("03_header.wav", good[..30].to_vec(), "truncated"),
        ("04_longer.wav", longer, "truncated"),
        ("05_rate_0.wav", wav(0, 1, &[100; 1000]), "sample rate of 0"),
        ("06_channels_0.wav", wav(16_000, 0, &[]), "0 channels"),
        ("07_no_samples.wav", wav(16_000, 1, &[]), "no samples"),
        (
            "08_nan.wav",
            floats(&[0.1, f32::NAN, 0.2]),
            "sample 1 is not a finite number",
        ),
        (
            "09_infinite.wav",
            floats(&[f32::NEG_INFINITY]),
            "sample 0 is not",
        ),
        ("10_hours.wav", wav(8, 1, &[0; 8 * 700]), "longer than"),
        ("12_absurd.wav", floats(&[0.1, 3e38]), "sample 1 is 3e38"),
        (
            "13_slow.wav",
            wav(1, 1, &[5000, -5000]),
            "sample rate of 1 Hz",
        ),
        ("11_list.flac", b"fLaC\0\0".to_vec(), "truncated"),
    ]
}

/// Clips that are odd, and none the worse for it.
fn odd() -> Vec<(&'static str, Vec<u8>)> {
    let good = wav(16_000, 1, &[100; 1000]);
    vec![
        ("20_one_sample.wav", wav(16_000, 1, &[1234])),
        ("21_silence.wav", wav(16_000, 1, &[0; 5000])),
        ("22_loudest.wav", wav(16_000, 1, &[i16::MIN; 5000])),
        ("23_beyond_full_scale.wav", floats(&[-40_000.0; 900])),
        ("24_tiny.wav", floats(&[f32::MIN_POSITIVE / 2.0; 900])),
        ("25_a_wav_called.mp3", good),
        ("27_fast.wav", wav(384_000, 1, &[5000; 9000])),
        ("28_many_channels.wav", wav(16_000, 64, &[100; 64 * 40])),
        ("29 spaces & ümlauts.wav", wav(16_000, 1, &[7; 999])),
    ]
}

/// The rows of each clip of the first split, as bytes.
pub fn rows(case: &Case, output: &str) -> BTreeMap<String, Vec<u8>> {
    let lines = fs::read_to_string(case.path(output).join("rows.jsonl")).unwrap();
    let data = fs::read(case.path(output).join("wake.npy")).unwrap();
    let mut rows: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let lines = lines.filter(|line: &Value| line["split"] == "wake");
    for (line, row) in lines.zip(data[128..].chunks(16 * 96 * 4)) {
        let values = row.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x));
        assert!(values.into_iter().all(f32::is_finite), "{line}");
        let clip = line["clip"].as_str().unwrap().to_owned();
        rows.entry(clip).or_default().extend(row);
    }
    rows
}

pub fn quarantine(case: &Case, output: &str) -> Vec<Value> {
    let lines = fs::read_to_string(case.path(output).join("quarantine.jsonl")).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[test]
fn what_is_no_audio_is_counted_and_audio_by_any_name_is_read() {
    let case = Case::new(3);
    case.build("alone", &[]);
    assert!(case.dataset("alone").get("passed_over").is_none());
    case.write("wake/called.so", wav(16_000, 1, &[100; 1000]));
    case.write("wake/paper.pdf", "%PDF-1.7");
    case.write("wake/below/table.PDF", "%PDF-1.7");
    case.write("wake/README", "words");
    case.write("wake/000.txt", "hey");
    case.write("wake/.DS_Store", "hidden");
    case.write("noise/cover.jpg", b"\xff\xd8\xff\xe0");
    let clips = "3 files in wake are not read: 1 without extension, 2 .pdf";
    let sounds = "1 file in noise is not read: 1 .jpg";

    let plan = case.run("out", &["--dry-run"]);
    let plan = String::from_utf8_lossy(&plan.stdout).into_owned();
    let run = std::process::Command::new(PROGRAM)
        .arg("run")
        .arg(case.path("pipeline.toml"))
        .args(["--progress", "plain"])
        .output()
        .unwrap();
    assert!(run.status.success(), "{}", errors(&run));
    let report = fs::read_to_string(case.path("out").join("report.html")).unwrap();
    for said in [plan, errors(&run), report] {
        assert!(said.contains(clips) && said.contains(sounds), "{said}");
    }
    assert!(rows(&case, "out").contains_key("called.so"));
    assert_eq!(case.dataset("out")["passed_over"][0]["files"]["pdf"], 2);

    // A codec that cannot be read is a bad clip, and named.
    case.write("wake/x.opus", b"OggS\0\x02 and so on");
    let run = case.run("new", &[]);
    assert_eq!(run.status.code(), Some(1), "{}", errors(&run));
    assert!(errors(&run).contains("x.opus"), "{}", errors(&run));
}

#[cfg(unix)]
#[test]
fn one_file_in_two_places_is_said() {
    let case = Case::new(6);
    let run = case.run("out", &["--dry-run"]);
    assert!(!errors(&run).contains("warning"), "{}", errors(&run));
    let link = |from: &str, to: &str| {
        std::os::unix::fs::symlink(case.path(from), case.path(to)).unwrap();
    };
    link("wake/000.wav", "wake/twin.wav");
    fs::hard_link(case.path("wake/001.wav"), case.path("other/leak.wav")).unwrap();
    let said = errors(&case.run("out", &["--dry-run"]));
    assert!(
        said.contains("split 'wake' has one file twice: as 000.wav and as twin.wav"),
        "{said}"
    );
    assert!(
        said.contains("splits 'wake' and 'other' share a file"),
        "{said}"
    );
    assert!(
        said.contains("wake/001.wav and ") && said.contains("other/leak.wav"),
        "{said}"
    );
}

#[test]
fn every_clip_ends_as_rows_or_with_a_reason() {
    let case = Case::new(3);
    let alone = case.build("alone", &[]);
    assert!(!alone["wake.npy"].is_empty());
    let alone = rows(&case, "alone");

    for (name, content, _) in bad() {
        case.write(&format!("wake/{name}"), content);
    }
    for (name, content) in odd() {
        case.write(&format!("wake/{name}"), content);
    }
    let mut reasons: Vec<(String, &str)> = bad()
        .into_iter()
        .map(|(name, _, reason)| (name.to_owned(), reason))
        .collect();
    // A folder is looked into, whatever it is called.
    case.write("wake/30_folder.wav/inside.wav", wav(16_000, 1, &[9; 800]));
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::{ffi::OsStrExt, fs::symlink};
        let wake = case.path("wake");
        symlink("nowhere.wav", wake.join("40_dangling.wav")).unwrap();
        symlink("41_self.wav", wake.join("41_self.wav")).unwrap();
        symlink(&wake, wake.join("42_loop.wav")).unwrap();
        symlink(wake.join("000.wav"), wake.join("43_link.wav")).unwrap();
        fs::write(wake.join(OsStr::from_bytes(b"44_\xff.wav")), b"x").unwrap();
        for (name, reason) in [
            ("40_dangling.wav", "not there"),
            ("41_self.wav", ""),
            ("42_loop.wav", "leads back to"),
            ("44_\u{fffd}.wav", "not UTF-8"),
        ] {
            reasons.push((name.to_owned(), reason));
        }
    }

    let run = case.run("out", &SKIP);
    assert!(run.status.success(), "{}", errors(&run));
    let left_out = quarantine(&case, "out");
    let said: BTreeMap<&str, &str> = left_out
        .iter()
        .map(|line| {
            (
                line["clip"].as_str().unwrap(),
                line["reason"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(said.len(), reasons.len(), "{said:#?}");
    for (name, reason) in &reasons {
        let said = said[name.as_str()];
        assert!(said.contains(reason), "{name}: {said}");
    }

    // Nothing is dropped silently, and every clip with rows has all of them.
    let made = rows(&case, "out");
    let split = &case.dataset("out")["splits"][0];
    let planned = split["planned"].as_u64().unwrap();
    assert_eq!(split["left_out"], reasons.len());
    assert_eq!(
        split["rows"].as_u64().unwrap(),
        2 * (planned - reasons.len() as u64)
    );
    assert_eq!(made.len() as u64, planned - reasons.len() as u64);
    assert!(made.values().all(|rows| rows.len() == 2 * 16 * 96 * 4));
    for (name, _) in odd() {
        assert!(made.contains_key(name), "{name}");
    }
    assert!(made.contains_key("30_folder.wav/inside.wav"));
    // The good clips are what they are without the others.
    for (clip, rows) in &alone {
        assert!(made[clip] == *rows, "{clip}");
    }

    // By default the first of them stops the build, before any work if it can.
    let stopped = case.run("stopped", &[]);
    assert!(
        matches!(stopped.status.code(), Some(1 | 2)),
        "{}",
        errors(&stopped)
    );
}

#[test]
fn by_default_a_bad_clip_stops_the_build_and_is_named() {
    for (name, content, reason) in bad() {
        let case = Case::new(3);
        case.write(&format!("wake/{name}"), content);
        let run = case.run("out", &[]);
        let said = errors(&run);
        assert_eq!(run.status.code(), Some(1), "{name}: {said}");
        assert!(
            said.contains(name) && said.contains(reason),
            "{name}: {said}"
        );
        assert!(said.contains("failures.policy"), "{name}: {said}");
        assert!(!case.path("out/dataset.json").exists());
    }
}

#[test]
fn too_many_bad_clips_stop_the_build() {
    let case = Case::new(9);
    for name in ["wake/000.wav", "wake/002.wav", "other/008.wav"] {
        case.write(name, b"");
    }
    let skip = |rate: &str| {
        let rate = format!("failures.max_rate={rate}");
        let args = [
            "--set",
            "failures.policy=skip",
            "--set",
            &rate,
            "--overwrite",
        ];
        case.run("out", &args)
    };
    let stopped = skip("0.3");
    assert_eq!(stopped.status.code(), Some(1));
    let said = errors(&stopped);
    assert!(
        said.contains("max_rate") && said.contains("008.wav"),
        "{said}"
    );
    assert!(skip("0.34").status.success());
}

#[test]
fn wavs_of_two_splits_never_go_to_the_same_files() {
    let case = Case::new(3);
    let wavs = ["--set", "output_files.wavs=true", "--set"];
    let folder = case.path("wake/000.wav");
    let same = format!("split.1.input={}", folder.parent().unwrap().display());
    for (input, reason) in [
        (same.as_str(), "split 'wake' has the same"),
        ("split.1.input=*/*.wav", "a pattern"),
    ] {
        let args: Vec<&str> = wavs.iter().copied().chain([input]).collect();
        let run = case.run("out", &args);
        let said = errors(&run);
        assert_eq!(run.status.code(), Some(2), "{said}");
        assert!(
            said.contains(reason) && said.contains("split 'other'"),
            "{said}"
        );
    }
}

//! Backgrounds and impulse responses that are not what they seem.

use super::input::{SKIP, floats, quarantine, rows};
use super::support::{Case, assert_same, errors, wav};

/// A case with one background and one room, which every row gets.
fn case(background: &[u8], room: &[u8]) -> Case {
    let case = Case::new(4);
    for name in ["noise/a.wav", "noise/b.wav", "rooms/a.wav"] {
        std::fs::remove_file(case.path(name)).unwrap();
    }
    case.write("noise/only.wav", background);
    case.write("rooms/only.wav", room);
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    case.write(
        "pipeline.toml",
        text + "\n[augment.reverb]\nprobability = 1\n",
    );
    case
}

fn good() -> Vec<u8> {
    wav(16_000, 1, &[3000, -2000, 1000, 500, -700, 20].repeat(50))
}

#[test]
fn one_that_cannot_be_used_stops_the_build_and_is_named() {
    let cut = good()[..200].to_vec();
    let silent = wav(16_000, 1, &[0; 300]);
    let music = wav(16_000, 1, &[3000, -2000].repeat(600_000));
    for (background, room, file, reason) in [
        (Vec::new(), good(), "noise/only.wav", "empty"),
        (b"no audio".to_vec(), good(), "noise/only.wav", "not audio"),
        (cut.clone(), good(), "noise/only.wav", "truncated"),
        (wav(16_000, 1, &[]), good(), "noise/only.wav", "no samples"),
        (good(), Vec::new(), "rooms/only.wav", "empty"),
        (good(), cut, "rooms/only.wav", "truncated"),
        (good(), silent, "rooms/only.wav", "silent"),
        (good(), music, "rooms/only.wav", "is no room's"),
    ] {
        let run = case(&background, &room).run("out", &[]);
        let said = errors(&run);
        assert_eq!(run.status.code(), Some(1), "{file}: {said}");
        assert!(
            said.contains(file) && said.contains(reason),
            "{file}: {said}"
        );
    }
}

#[test]
fn under_skip_one_that_cannot_be_opened_is_as_if_it_were_not_there() {
    let case = case(&good(), &good());
    let skip = ["--set", "failures.policy=skip"];
    let expected = case.build("without", &skip);
    case.write("noise/broken.wav", b"");
    let run = case.run("with", &skip);
    assert!(run.status.success(), "{}", errors(&run));
    assert!(
        errors(&run).contains("noise/broken.wav"),
        "{}",
        errors(&run)
    );
    let made = case.files("with");
    for name in ["wake.npy", "other.npy", "rows.jsonl"] {
        assert!(made[name] == expected[name], "{name}");
    }
}

#[test]
fn one_that_cannot_be_opened_replaces_nothing() {
    let case = case(&good(), &good());
    let whole = case.build("out", &[]);
    case.write("noise/only.wav", b"no audio");
    let run = case.run("out", &["--overwrite"]);
    assert_eq!(run.status.code(), Some(1), "{}", errors(&run));
    assert_same(&case.files("out"), &whole, "the old data set");
    let run = case.run("new", &[]);
    assert_eq!(run.status.code(), Some(1), "{}", errors(&run));
    assert!(!case.path("new/build.journal").exists(), "nothing begun");
}

#[test]
fn under_skip_one_that_comes_back_with_the_same_size_and_time_is_a_change() {
    let case = case(&good(), &good());
    let skip = ["--set", "failures.policy=skip"];
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1 << 30);
    let put = |content: &[u8]| {
        case.write("noise/other.wav", content);
        let file = std::fs::File::options()
            .write(true)
            .open(case.path("noise/other.wav"))
            .unwrap();
        file.set_modified(time).unwrap();
    };
    put(&vec![7; good().len()]);
    case.build("out", &skip);
    put(&good());
    let run = case.run("out", &skip);
    assert_eq!(run.status.code(), Some(2), "{}", errors(&run));
}

#[test]
fn under_skip_one_that_turns_out_broken_costs_the_clips_it_was_drawn_for() {
    let mut broken = vec![0.1; 900];
    broken[700] = f32::NAN;
    let whole = std::fs::read("tests/golden/audio/s16.flac").unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() - 20] ^= 1;
    for (file, content, mended, reason) in [
        (
            "noise/nan.wav",
            floats(&broken),
            good(),
            "sample 700 is not",
        ),
        ("noise/flipped.flac", flipped, whole, "truncated"),
        (
            "rooms/silent.wav",
            wav(16_000, 1, &[0; 300]),
            good(),
            "silent",
        ),
    ] {
        let case = case(&good(), &good());
        for index in 4..12 {
            case.write(&format!("wake/{index:03}.wav"), good());
        }
        case.write(file, mended);
        case.build("mended", &SKIP);
        let mended = rows(&case, "mended");
        case.write(file, content);
        let run = case.run("out", &SKIP);
        assert!(run.status.success(), "{file}: {}", errors(&run));
        let left_out = quarantine(&case, "out");
        for line in &left_out {
            let said = line["reason"].as_str().unwrap();
            assert!(said.contains(file) && said.contains(reason), "{said}");
            assert_eq!(line["stage"], "augment");
        }
        let made = rows(&case, "out");
        let lost = left_out.iter().filter(|line| line["split"] == "wake");
        assert_eq!(made.len() + lost.count(), mended.len(), "{file}");
        assert!(!made.is_empty() && !left_out.is_empty(), "{file}");
        for (clip, rows) in &made {
            assert!(mended[clip] == *rows, "{file}: {clip}");
        }
    }
}

#[test]
fn silence_and_other_rates_are_mixed_in() {
    for rate in [8_000, 11_025, 16_000, 48_000] {
        let case = case(&wav(rate, 1, &[1; 900]), &wav(rate, 2, &[9000, 0, -300, 5]));
        case.build("out", &[]);
    }
    // A silent background adds nothing, and one sample is a background.
    for background in [vec![0; 4000], vec![0; 1], vec![-9; 1]] {
        let case = case(&wav(16_000, 1, &background), &good());
        let files = case.build("out", &[]);
        let data = &files["wake.npy"][128..];
        let values = data.as_chunks().0.iter().map(|x| f32::from_le_bytes(*x));
        assert!(values.into_iter().all(f32::is_finite));
        assert_same(&case.build("again", &[]), &files, "again");
    }
}

#[test]
fn a_response_that_begins_late_leaves_the_clip_in_its_row() {
    let late = |delay: usize| {
        let mut samples = vec![0; delay];
        samples.extend([12_007, -5801, 2909, 503, -701, 23]);
        wav(16_000, 1, &samples)
    };
    let set = |align| {
        [
            "--set".to_owned(),
            "augment.chain=['place', 'reverb']".to_owned(),
            "--set".to_owned(),
            format!("augment.reverb.align={align}"),
        ]
    };
    let build = |room: &[u8], align| {
        let set = set(align);
        let case = case(&good(), room);
        let files = case.build("out", &set.each_ref().map(String::as_str));
        let rows = String::from_utf8(files["rows.jsonl"].clone()).unwrap();
        (files["wake.npy"].clone(), rows)
    };
    // Other blocks of the transform round a sample here and there otherwise.
    let apart = |a: &[u8], b: &[u8]| {
        let values = |bytes: &[u8]| {
            let (values, _) = bytes[128..].as_chunks();
            values.iter().map(|x| f32::from_le_bytes(*x)).collect()
        };
        let (a, b): (Vec<f32>, Vec<f32>) = (values(a), values(b));
        a.iter()
            .zip(&b)
            .fold(0f32, |most, (a, b)| most.max((a - b).abs()))
    };
    let (there, rows) = build(&late(0), true);
    assert!(rows.contains("\"rir\":\"rooms/only.wav\""), "{rows}");
    for delay in [16, 4800, 16_000] {
        let (made, rows) = build(&late(delay), true);
        assert!(apart(&made, &there) < 0.1, "{delay}");
        let shift = format!("\"rir\":{{\"file\":\"rooms/only.wav\",\"shift\":{delay}}}");
        assert!(rows.contains(&shift), "{rows}");
        if delay > 1000 {
            let late = build(&late(delay), false).0;
            assert!(apart(&late, &there) > 5.0, "{delay}: not aligned");
        }
    }
    assert!(
        build(&late(0), false).0 == there,
        "there is nothing to align"
    );
    // Noise before it, the other polarity, another rate, what another channel has.
    let taps = [12_007, -5801, 2909, 503, -701, 23];
    let behind = |before: fn(i16) -> i16, sign: i16| {
        let mut samples: Vec<i16> = (0..4800).map(before).collect();
        samples.extend(taps.map(|tap| sign * tap));
        samples
    };
    let stereo = behind(|_| 0, 1).into_iter().enumerate();
    let stereo = stereo.flat_map(|(at, left)| [left, if at == 9 { 30_000 } else { 0 }]);
    let stereo: Vec<i16> = stereo.collect();
    for (what, room, shift, same) in [
        (
            "noise",
            wav(16_000, 1, &behind(|n| n % 7 - 3, 1)),
            4800,
            false,
        ),
        ("polarity", wav(16_000, 1, &behind(|_| 0, -1)), 4800, true),
        ("rate", wav(48_000, 1, &behind(|_| 0, 1)), 1600, false),
        ("stereo", wav(16_000, 2, &stereo), 4800, true),
    ] {
        let (made, rows) = build(&room, true);
        let shift = format!("\"shift\":{shift}}}");
        assert!(rows.contains(&shift), "{what}: {rows}");
        let apart = apart(&made, &there);
        assert!(!same || apart < 0.5, "{what}: {apart}");
    }
}

//! The floor of a detector that hears 80 ms at a time.

use ndarray::{Array2, Axis, s};

use super::support::{assert_same, errors, wav};
use super::*;

/// What `tests/golden/make_stream_golden.py` lets openWakeWord hear.
fn heard() -> Vec<i16> {
    let read = |name: &str| -> Vec<i16> {
        let reader = hound::WavReader::open(golden(&format!("{name}.wav"))).unwrap();
        reader.into_samples().map(Result::unwrap).collect()
    };
    let (word, noisy) = (read("word"), read("noisy"));
    let silence = vec![0; 8000];
    let quiet: Vec<i16> = word.iter().map(|sample| sample.div_euclid(16)).collect();
    [&silence, &word, &silence, &noisy, &quiet, &silence]
        .map(Vec::as_slice)
        .concat()
}

fn golden(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/frontend/{name}"))
}

const STREAM: [&str; 6] = [
    "--set",
    "features.floor=stream",
    "--set",
    "features.input_scale=int16",
    "--set",
    "split.0.dtype=float32",
];

/// The greatest difference between two arrays of the same shape.
fn distance<'a>(a: impl IntoIterator<Item = &'a f32>, b: impl IntoIterator<Item = &'a f32>) -> f32 {
    let differences = a.into_iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

#[test]
fn rows_are_what_openwakewords_detector_hears() {
    let case = recordings(&[]);
    let samples = heard();
    case.write("rec/heard.wav", wav(16_000, 1, &samples));
    let steps: Array2<f32> = ndarray_npy::read_npy(golden("stream.npy")).unwrap();
    for hop in [0.16, 1.28, 2.4] {
        let hop_set = format!("split.0.hop_seconds={hop}");
        let args = [&STREAM[..], &["--set", &hop_set, "--overwrite"]].concat();
        build(&case, &args);
        let rows = array(&case.path("out/neg.npy"));
        let hop = (hop * 12.5) as usize;
        assert_eq!(rows.len_of(Axis(0)), (samples.len() / 1280 - 25) / hop + 1);
        for (k, row) in rows.outer_iter().enumerate() {
            // The detector hears its frames before the recording, too.
            let first = usize::from(k == 0);
            let expected = steps.slice(s![k * hop + first..k * hop + 16, ..]);
            let found = row.slice(s![first.., ..]);
            let distance = distance(found, expected);
            assert!(distance < 1e-3, "hop {hop}, row {k}: {distance}");
        }
    }

    // A clip is heard from its first sample on, and so is an augmented row.
    for start in [0, 20_480] {
        let clip = wav(16_000, 1, &samples[start..start + 32_000]);
        case.write(&format!("clips/{start:05}.wav"), clip);
    }
    case.write(
        "clips.toml",
        "output = 'out'\n[[split]]\nname = 'clips'\ninput = 'clips'\nplace = 'none'\n\
         [augment]\nenabled = false\n",
    );
    let text = std::fs::read_to_string(case.path("clips.toml")).unwrap();
    let recordings = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    case.write("pipeline.toml", text);
    let run = case.run("clips_out", &STREAM);
    assert!(run.status.success(), "{}", errors(&run));
    let clips = array(&case.path("clips_out/clips.npy"));
    for (clip, at) in clips.outer_iter().zip([0, 16]) {
        let (found, expected) = (
            clip.slice(s![1.., ..]),
            steps.slice(s![at + 1..at + 16, ..]),
        );
        assert!(distance(found, expected) < 1e-3);
    }
    case.write("pipeline.toml", recordings);
    let chain = "augment.chain=[]";
    let args = [
        "--overwrite",
        "--set",
        "split.0.augment=true",
        "--set",
        "augment.enabled=true",
        "--set",
        chain,
    ];
    build(&case, &[&STREAM[..], &args].concat());
    let rows = array(&case.path("out/neg.npy"));
    assert_eq!(rows.index_axis(Axis(0), 1), clips.index_axis(Axis(0), 1));
}

#[test]
fn the_same_bytes_however_it_is_built() {
    let case = recordings(&[31.0, 3.5, 12.0, 1.0, 24.0]);
    // Something of the middle of a recording breaks.
    let mut floats: Vec<u8> = Vec::new();
    for (at, sample) in sound(7, 16_000, 30.0).iter().enumerate() {
        let sample = match at {
            200_000 => f32::NAN,
            _ => f32::from(*sample) / 32_768.0,
        };
        floats.extend(sample.to_le_bytes());
    }
    case.write("rec/99.wav", float_wav(&floats));
    case.write("without.txt", "rec/00.wav\t5\t6\n");
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let text = text.replace("input = 'rec'", "input = 'rec'\nexclude = 'without.txt'");
    case.write("pipeline.toml", text);
    let floor = ["--set", "features.floor=stream"];
    let expected = case.build(
        "one",
        &[&floor[..], &["--set", "stages.decode.workers=1"]].concat(),
    );
    assert!(!lines_of(&case, "one/quarantine.jsonl").is_empty());
    let other = [
        "--set",
        "stages.decode.workers=4",
        "--set",
        "flow.in_flight=9",
        "--set",
        "stages.mel.workers=3",
        "--set",
        "flow.batch=64",
    ];
    assert_same(
        &case.build("other", &[&floor[..], &other].concat()),
        &expected,
        "workers",
    );
    let args = [&floor[..], &["--resume"]].concat();
    for attempt in 0..40_u64 {
        let mut run = case.command("killed", &args).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(60 + attempt * 41 % 150));
        if run.try_wait().unwrap().is_some() {
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
    }
    assert_same(&case.build("killed", &args), &expected, "killed");
    // Without the key it is another data set.
    assert!(case.build("clip", &[])["neg.npy"] != expected["neg.npy"]);
}

fn lines_of(case: &Case, name: &str) -> String {
    std::fs::read_to_string(case.path(name)).unwrap()
}

/// A WAV of 32-bit floats at 16 kHz.
fn float_wav(data: &[u8]) -> Vec<u8> {
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x03\0\x01\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(64_000_u32.to_le_bytes());
    bytes.extend(b"\x04\0\x20\0data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

#[test]
fn the_detector_hears_only_what_it_can() {
    let case = recordings(&[4.0]);
    for (set, says) in [
        (
            &["features.mel_model=mel.onnx"][..],
            "the frozen mel network alone",
        ),
        (&["features.stride=4"], "hears 76 frames every 8"),
    ] {
        let set = set.iter().flat_map(|set| ["--set", *set]);
        let args: Vec<&str> = STREAM.into_iter().chain(set).collect();
        let run = case.run("out", &args);
        let said = errors(&run);
        assert!(
            run.status.code() == Some(2) && said.contains(says),
            "{said}"
        );
    }
}

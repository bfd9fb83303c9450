//! Every effect against the Python original it stands in for, with the same
//! parameters. `tests/golden/make_dsp_golden.py` made the files.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::path::{Path, PathBuf};

use ndarray::Array1;
use ndarray_npy::{ReadableElement, read_npy};
use serde_json::Value;
use wakemill::dsp::convolution::Convolver;
use wakemill::dsp::envelope::Envelope;
use wakemill::dsp::equalizer;
use wakemill::dsp::equalizer::{Band, BandKind};
use wakemill::dsp::placement;
use wakemill::dsp::placement::Placement;
use wakemill::dsp::speech_level::SpeechLevel;
use wakemill::dsp::{background, distortion, pcm16};

const RATE: u32 = 16_000;

#[test]
fn pcm_is_what_libsndfile_writes() {
    let case = &cases()["pcm"];
    let mut pcm = Vec::new();
    pcm16::encode_into(&array::<f32>(&case["input"]), &mut pcm);
    assert_eq!(pcm, array::<i16>(&case["output"]));
}

#[test]
fn equalizer_is_that_of_audiomentations() {
    for case in list(&cases()["equalizer"]) {
        let mut samples = clip();
        let bands: Vec<Band> = list(&case["bands"]).iter().map(band).collect();
        equalizer::apply(&bands.try_into().unwrap(), RATE, &mut samples);
        assert_matches(&samples, &case["output"]);
    }
}

#[test]
fn distortion_is_that_of_audiomentations() {
    for case in list(&cases()["distortion"]) {
        let mut samples = clip();
        distortion::apply(number(&case["amount"]), &mut samples, &mut Vec::new());
        assert_matches(&samples, &case["output"]);
    }
}

#[test]
fn reverb_is_fftconvolve_cropped() {
    let mut convolver = Convolver::new();
    for case in list(&cases()["reverb"]) {
        let mut samples = clip();
        let response = decoded(&case["response"]);
        let impulse = convolver.prepare(&response).unwrap();
        convolver.convolve(&impulse, &mut samples).unwrap();
        assert_matches(&samples, &case["output"]);
    }
}

#[test]
fn active_speech_levels_are_those_of_the_recommendation() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/speech_level.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(golden).unwrap()).unwrap();
    let rate = f64::from(RATE);
    let n: Vec<f64> = (0..3 * RATE).map(f64::from).collect();
    let noise = |k: f64| {
        let next = (k as u64 * 1_103_515_245 + 12_345) % 2_147_483_648;
        next as f64 / 1_073_741_824.0 - 1.0
    };
    let syllable = |k: f64| {
        (std::f64::consts::TAU * 3.1 * k / rate)
            .sin()
            .max(0.0)
            .powi(2)
    };
    let pause = |k: f64| f64::from(u8::from(k % (2.0 * rate) < 1.2 * rate));
    let last = n.len() as f64 - 1.0;
    for case in list(&golden) {
        let sample = |k: f64| match case["name"].as_str().unwrap() {
            "tone" => (0.3 * k).sin() * 0.5,
            "noise" => 0.1 * noise(k),
            "syllables" => 0.3 * syllable(k) * noise(k),
            "speech and pauses" => 0.2 * pause(k) * syllable(k) * noise(k),
            "speech and pauses in noise" => {
                0.2 * pause(k) * syllable(k) * noise(k) + 0.002 * noise(last - k)
            }
            "quiet" => 0.003 * syllable(k) * noise(k),
            "one word" if k > rate && k < 1.4 * rate => 0.4 * noise(k),
            "one word" => 0.0,
            other => panic!("{other}"),
        };
        let samples: Vec<f32> = n.iter().map(|k| sample(*k) as f32).collect();
        let mut envelope = Envelope::default();
        envelope.measure(&samples, RATE);
        let level = SpeechLevel::of(&envelope).unwrap();
        let difference = (level.active_db - number(&case["active_db"])).abs();
        assert!(difference < 0.3, "{case}: {level:?}");
        let difference = (level.activity - number(&case["activity"])).abs();
        assert!(difference < 0.05, "{case}: {level:?}");
    }
}

#[test]
fn noise_is_mixed_as_livekit_does() {
    for case in list(&cases()["noise"]) {
        let mut samples = clip();
        let start = case["start"].as_u64().unwrap() as usize;
        let snr_db = number(&case["snr_db"]);
        background::mix(&mut samples, &decoded(&case["noise"]), start, snr_db);
        assert_matches(&samples, &case["output"]);
    }
}

#[test]
fn end_placement_is_that_of_livekit() {
    for case in list(&cases()["placement"]) {
        let clip: Vec<f32> = (1..=case["length"].as_u64().unwrap())
            .map(|n| n as f32)
            .collect();
        let jitter = u32::try_from(case["jitter"].as_u64().unwrap()).unwrap();
        let expected: Vec<f32> = list(&case["output"])
            .iter()
            .map(|n| number(n) as f32)
            .collect();
        let mut window = vec![f32::NAN; expected.len()];
        placement::apply(Placement::End { jitter }, &clip, &mut window);
        assert_eq!(window, expected, "{case}");
    }
}

/// Holds samples against a golden file: after conversion to 16 bits 99.9 % are
/// within one step, and none is further off than two.
#[track_caller]
fn assert_matches(samples: &[f32], golden: &Value) {
    let mut pcm = Vec::new();
    pcm16::encode_into(samples, &mut pcm);
    let expected = array::<i16>(golden);
    assert_eq!(pcm.len(), expected.len());
    let steps = |(a, b): (&i16, &i16)| a.abs_diff(*b);
    let off: Vec<u16> = pcm.iter().zip(&expected).map(steps).collect();
    let equal = off.iter().filter(|steps| **steps == 0).count();
    let close = off.iter().filter(|steps| **steps <= 1).count();
    let share = |count: usize| count as f64 / off.len() as f64;
    println!(
        "{golden}: {:.4} equal, {:.4} within one step",
        share(equal),
        share(close)
    );
    assert!(
        share(close) >= 0.999,
        "{golden}: only {close} within one step"
    );
    assert!(
        off.iter().all(|steps| *steps <= 2),
        "{golden}: {:?} steps off",
        off.iter().max()
    );
    // A wrong rounding rule would pass the bars above.
    assert!(share(equal) >= 0.98, "{golden}: only {equal} equal");
}

fn cases() -> Value {
    let text = std::fs::read_to_string(folder().join("cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn clip() -> Vec<f32> {
    decoded(&cases()["clip"])
}

fn decoded(file: &Value) -> Vec<f32> {
    let mut samples = Vec::new();
    pcm16::decode_into(&array(file), &mut samples);
    samples
}

fn array<T: ReadableElement>(file: &Value) -> Vec<T> {
    let array: Array1<T> = read_npy(folder().join(file.as_str().unwrap())).unwrap();
    array.into_raw_vec_and_offset().0
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/dsp")
}

fn band(value: &Value) -> Band {
    let kind = match value["kind"].as_str().unwrap() {
        "low_shelf" => BandKind::LowShelf,
        "peaking" => BandKind::Peaking,
        "high_shelf" => BandKind::HighShelf,
        other => panic!("unknown kind {other}"),
    };
    Band {
        kind,
        center_hz: number(&value["center_hz"]),
        gain_db: number(&value["gain_db"]),
        q: number(&value["q"]),
    }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

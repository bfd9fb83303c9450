//! Every effect of openWakeWord's chain against the Python original, from the
//! record of what was drawn. `tests/golden/make_oww_golden.py` made the files.

use std::path::{Path, PathBuf};

use ndarray::Array1;
use ndarray_npy::{ReadableElement, read_npy};
use serde_json::{Value, json};
use wakemill::dsp::chain::EffectSpec;
use wakemill::dsp::effect::{Scene, Workspace};
use wakemill::dsp::pcm16::{self, Overflow};

use crate::support::{Bank, effect};

#[test]
fn pitch_shift_is_that_of_torch_pitch_shift() {
    all("pitch_shift", json!({}));
}

#[test]
fn band_stop_is_that_of_torch_audiomentations() {
    all("band_stop", json!({}));
}

#[test]
fn colored_noise_is_that_of_torch_audiomentations() {
    all("colored_noise", json!({}));
}

#[test]
fn gain_is_that_of_torch_audiomentations() {
    all("gain", json!({"gain_db": [-18, 0]}));
}

#[test]
fn joined_backgrounds_are_those_of_torch_audiomentations() {
    let noises = &cases()["background"]["noises"];
    let noises: Vec<Vec<f32>> = list(noises).iter().map(decoded).collect();
    let effect = effect("background", json!({"snr_db": [-10, 15], "fill": "join"}));
    for case in list(&cases()["background"]["cases"]) {
        let samples = applied(&effect, &case["record"], bank(noises.clone()), clip());
        assert_matches(&samples, &case["output"]);
    }
}

#[test]
fn rooms_are_those_of_speechbrain() {
    let effect = effect("reverb", json!({"tail": "wrap", "level": "clip"}));
    for case in list(&cases()["room"]) {
        let bank = bank(vec![decoded(&case["response"])]);
        let samples = applied(&effect, &json!("0"), bank, clip());
        assert_matches(&samples, &case["output"]);
    }
}

#[test]
fn places_are_those_of_openwakeword() {
    let effect = effect("place", json!({}));
    for case in list(&cases()["place"]) {
        let number = |key: &str| case[key].as_u64().unwrap() as usize;
        let clip = (1..=number("length")).map(|n| n as f32).collect();
        let record = json!({"kind": "start", "start": case["start"]});
        let samples = applied_in(number("window"), &effect, &record, Bank::default(), clip);
        let expected: Vec<f32> = serde_json::from_value(case["output"].clone()).unwrap();
        assert_eq!(samples, expected);
    }
}

#[test]
fn what_leaves_the_range_wraps_as_numpy_has_it() {
    let case = &cases()["overflow"];
    let mut pcm = Vec::new();
    assert!(Overflow::Wrap.encode_into(&array::<f32>(&case["input"]), &mut pcm));
    assert_eq!(pcm, array::<i16>(&case["output"]));
}

/// Sounds in memory; of responses a window is used, as in a build whose tails
/// wrap around.
fn bank(sounds: Vec<Vec<f32>>) -> Bank {
    Bank {
        sounds,
        response_samples: cases()["length"].as_u64().unwrap() as usize,
    }
}

/// Every case of an effect.
fn all(name: &str, settings: Value) {
    let effect = effect(name, settings);
    let record = effect.kind().record().trim_end_matches("_db").to_owned();
    for case in list(&cases()[record]) {
        let samples = applied(&effect, &case["record"], Bank::default(), clip());
        assert_matches(&samples, &case["output"]);
    }
}

fn applied(effect: &EffectSpec, record: &Value, bank: Bank, clip: Vec<f32>) -> Vec<f32> {
    applied_in(clip.len(), effect, record, bank, clip)
}

/// What an effect makes of a clip from a record alone.
fn applied_in(
    window: usize,
    effect: &EffectSpec,
    record: &Value,
    mut bank: Bank,
    mut samples: Vec<f32>,
) -> Vec<f32> {
    let mut scene = Scene {
        sample_rate: 16_000,
        window,
        place: None,
        sounds: &mut bank,
        workspace: &mut Workspace::default(),
    };
    let drawn = effect.kind().drawn(record.clone()).unwrap();
    effect.apply(&drawn, &mut scene, &mut samples).unwrap();
    samples
}

/// Holds samples against a golden file, both as openWakeWord converts half of
/// them: 99.9 % are within one step, and none is further off than three.
#[track_caller]
fn assert_matches(samples: &[f32], golden: &Value) {
    let halves: Vec<f32> = samples.iter().map(|sample| 0.5 * sample).collect();
    let mut pcm = Vec::new();
    Overflow::Wrap.encode_into(&halves, &mut pcm);
    let expected = array::<i16>(golden);
    assert_eq!(pcm.len(), expected.len());
    let steps = |(a, b): (&i16, &i16)| a.abs_diff(*b);
    let off: Vec<u16> = pcm.iter().zip(&expected).map(steps).collect();
    let share = |most: u16| {
        let close = off.iter().filter(|steps| **steps <= most).count();
        close as f64 / off.len() as f64
    };
    println!(
        "{golden}: {:.4} equal, {:.4} within one step",
        share(0),
        share(1)
    );
    assert!(
        share(1) >= 0.999,
        "{golden}: only {} within one step",
        share(1)
    );
    assert!(
        share(3) == 1.0,
        "{golden}: {:?} steps off",
        off.iter().max()
    );
    // A wrong rounding rule would pass the bars above.
    assert!(share(0) >= 0.95, "{golden}: only {} equal", share(0));
}

/// The clip of the other goldens, after some silence.
fn clip() -> Vec<f32> {
    let (silence, length) = (&cases()["silence"], &cases()["length"]);
    let mut clip = vec![0.0; silence.as_u64().unwrap() as usize];
    let mut speech = Vec::new();
    let path = folder().join("../dsp/clip.npy");
    let array: Array1<i16> = read_npy(path).unwrap();
    pcm16::decode_into(array.as_slice().unwrap(), &mut speech);
    clip.extend(speech);
    clip.truncate(length.as_u64().unwrap() as usize);
    clip
}

fn decoded(file: &Value) -> Vec<f32> {
    let mut samples = Vec::new();
    pcm16::decode_into(&array(file), &mut samples);
    samples
}

fn cases() -> Value {
    let text = std::fs::read_to_string(folder().join("cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn array<T: ReadableElement>(file: &Value) -> Vec<T> {
    let array: Array1<T> = read_npy(folder().join(file.as_str().unwrap())).unwrap();
    array.into_raw_vec_and_offset().0
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/oww")
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

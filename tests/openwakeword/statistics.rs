//! What is drawn with openWakeWord's settings is what openWakeWord draws.
//!
//! Every check fails with a probability of about one in a million where the draws
//! are right (see `bounds`): below 1 in 10,000 for all of them together. The seed
//! is fixed, so a check that passes once passes always.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use wakemill::dsp::effect::{Place, Scene, Workspace};

use crate::bounds::{assert_rate, assert_uniform};
use crate::support::{Bank, effect};

const DRAWS: usize = 5_000;
const WINDOW: usize = 32_000;

/// What an effect records in 5,000 rows of a clip, `null` where it is not applied.
fn records(name: &str, settings: Value, clip: usize) -> Vec<Value> {
    let effect = effect(name, settings);
    let mut bank = Bank {
        sounds: vec![vec![0.5; 40_000], vec![0.5; 12_000]],
        response_samples: WINDOW,
    };
    let mut workspace = Workspace::default();
    let mut rng = ChaCha8Rng::seed_from_u64(16);
    let mut record = |_| {
        let mut scene = Scene {
            sample_rate: 16_000,
            window: WINDOW,
            place: Some(Place::Start),
            sounds: &mut bank,
            workspace: &mut workspace,
        };
        let drawn = effect.draw(clip, &mut scene, &mut rng).unwrap();
        let record = serde_json::to_value(&drawn).unwrap();
        if let Some(drawn) = drawn {
            // The record is all that is needed to do the same again.
            assert_eq!(effect.kind().drawn(record.clone()).unwrap(), drawn);
        }
        record
    };
    (0..DRAWS).map(&mut record).collect()
}

/// Those that were applied, at a rate.
fn applied(name: &str, settings: Value, rate: f64) -> Vec<Value> {
    let mut records = records(name, settings, WINDOW);
    records.retain(|record| !record.is_null());
    assert_rate(name, records.len(), DRAWS, rate);
    records
}

/// One number of each, in single precision.
fn singles(records: &[Value], key: &str) -> Vec<f64> {
    let number = |record: &Value| {
        let number = record[key].as_f64().unwrap();
        assert_eq!(f64::from(number as f32), number, "{key}");
        number
    };
    records.iter().map(number).collect()
}

#[test]
fn a_pitch_shift_has_two_ratios() {
    let settings = json!({"ratios": "divisors"});
    let drawn = applied("pitch_shift", settings, 0.25);
    let lower = drawn.iter().filter(|ratio| **ratio == "125/128").count();
    let higher = drawn.iter().filter(|ratio| **ratio == "128/125").count();
    assert_eq!(lower + higher, drawn.len());
    assert_rate("the lower of two ratios", lower, drawn.len(), 0.5);
}

#[test]
fn a_pitch_shift_of_a_pipeline_means_its_range() {
    let drawn = applied("pitch_shift", json!({}), 0.25);
    let semitones = drawn.iter().map(|ratio| {
        let (over, under) = ratio.as_str().unwrap().split_once('/').unwrap();
        12.0 * (over.parse::<f64>().unwrap() / under.parse::<f64>().unwrap()).log2()
    });
    // Quotients lie beside what was drawn, also at the ends.
    assert_uniform("change of pitch", semitones.collect(), -3.02, 3.02);
}

#[test]
fn band_stops_are_uniform_in_mel() {
    let drawn = applied("band_stop", json!({}), 0.25);
    let mel = |hz: f64| 2595.0 * (1.0 + hz / 700.0).log10();
    let centers = singles(&drawn, "center_hz").into_iter().map(mel).collect();
    assert_uniform(
        "centre in mel",
        centers,
        mel(200.0) - 1e-3,
        mel(4000.0) + 1e-3,
    );
    let widths = singles(&drawn, "bandwidth");
    assert_uniform("bandwidth", widths, 0.5, f64::from(1.99f32));
}

#[test]
fn colored_noise_has_its_ranges() {
    let drawn = applied("colored_noise", json!({}), 0.25);
    assert_uniform("ratio", singles(&drawn, "snr_db"), 10.0, 30.0);
    assert_uniform("decay", singles(&drawn, "f_decay"), -1.0, 2.0);
    let seed = |noise: &Value| noise["seed"].as_u64().unwrap() as f64;
    let seeds = drawn.iter().map(seed).collect();
    assert_uniform("seed", seeds, 0.0, 2f64.powi(53) - 1.0);
}

#[test]
fn backgrounds_fill_the_window() {
    let settings = json!({"probability": 0.75, "snr_db": [-10, 15], "fill": "join"});
    let drawn = applied("background", settings, 0.75);
    assert_uniform("ratio", singles(&drawn, "snr_db"), -10.0, 15.0);
    let pieces = |noise: &Value| noise["pieces"].as_array().unwrap().clone();
    let number = |piece: &Value, key: &str| piece[key].as_u64().unwrap() as f64;
    let first = drawn.iter().filter(|noise| pieces(noise)[0]["file"] == "0");
    assert_rate("one of two backgrounds", first.count(), drawn.len(), 0.5);
    let mut starts = Vec::new();
    for noise in &drawn {
        let pieces = pieces(noise);
        let length: f64 = pieces.iter().map(|piece| number(piece, "length")).sum();
        assert_eq!(length, WINDOW as f64);
        if pieces[0]["file"] == "0" {
            starts.push(number(&pieces[0], "start"));
        }
    }
    assert_uniform("start in the longer one", starts, 0.0, 8_000.0);
}

#[test]
fn gains_and_rooms_have_their_rates() {
    let drawn = applied("gain", json!({"gain_db": [-18, 0]}), 1.0);
    let gains = drawn.iter().map(|gain| gain.as_f64().unwrap());
    let gains: Vec<f64> = gains.collect();
    assert!(gains.iter().all(|gain| f64::from(*gain as f32) == *gain));
    assert_uniform("gain", gains, -18.0, 0.0);

    let settings = json!({"tail": "wrap", "level": "clip"});
    let drawn = applied("reverb", settings, 0.5);
    let first = drawn.iter().filter(|room| **room == "0").count();
    assert_rate("one of two rooms", first, drawn.len(), 0.5);
}

#[test]
fn amounts_and_gains_of_bands_can_be_openwakewords() {
    let drawn = applied("distortion", json!({"amount": [0.0001, 0.1]}), 0.25);
    let amounts = drawn.iter().map(|amount| amount.as_f64().unwrap());
    assert_uniform("amount", amounts.collect(), 0.0001, 0.1);

    let drawn = applied("equalizer", json!({"gain_db": [-6, 6]}), 0.25);
    for band in 0..7 {
        let gains = drawn
            .iter()
            .map(|bands| bands[band]["gain_db"].as_f64().unwrap());
        assert_uniform("gain of a band", gains.collect(), -6.0, 6.0);
    }
}

#[test]
fn clips_end_up_to_200_ms_before_their_window() {
    let jitters = |clip: usize| -> Vec<f64> {
        let records = records("place", json!({}), clip);
        let jitter = |place: &Value| {
            assert_eq!(place["kind"], "start");
            (WINDOW - clip) as f64 - place["start"].as_f64().unwrap()
        };
        records.iter().map(jitter).collect()
    };
    assert_uniform("jitter", jitters(20_000), 0.0, 3_199.0);
    // Never cut: with less room the rest of the jitter is none.
    let close = jitters(WINDOW - 800);
    assert!(close.iter().all(|jitter| *jitter <= 800.0));
    let whole = close.iter().filter(|jitter| **jitter == 800.0).count();
    assert_rate("no room for the jitter", whole, DRAWS, 0.75);
}

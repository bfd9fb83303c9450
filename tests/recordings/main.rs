//! Long recordings: a file to many rows, whatever builds them and whatever breaks.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod audit;
mod breaks;
mod faults;
mod joined;
mod order;
mod rows;
mod stream;
#[path = "../resume/support.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod support;
mod tars;

use std::path::Path;

use ndarray::Array3;
use ndarray_npy::ReadNpyExt;
use support::{Case, errors, wav};

/// Recordings of these seconds, 16 kHz but every third at 44.1 kHz; part of each
/// is digital silence.
fn recordings(seconds: &[f64]) -> Case {
    let case = Case::new(0);
    for (index, seconds) in seconds.iter().enumerate() {
        let rate = if index % 3 == 2 { 44_100 } else { 16_000 };
        let samples = sound(index, rate, *seconds);
        case.write(&format!("rec/{index:02}.wav"), wav(rate, 1, &samples));
    }
    pipeline(&case, "");
    case
}

fn pipeline(case: &Case, more: &str) {
    case.write(
        "pipeline.toml",
        format!(
            "output = 'out'\n[[split]]\nname = 'neg'\nkind = 'recordings'\ninput = 'rec'\n\
             interleave = 3\n{more}\n[augment]\nenabled = false\n[flow]\ncommit_seconds = 0\n\
             [failures]\npolicy = 'skip'\nmax_rate = 1.0\n"
        ),
    );
}

/// A voice-like sound in a quiet room, with a pause without any noise.
fn sound(index: usize, rate: u32, seconds: f64) -> Vec<i16> {
    let length = (seconds * f64::from(rate)) as usize;
    let mut noise = 12_345_u32 + index as u32;
    let sample = |i: usize| {
        let t = i as f64 / f64::from(rate);
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let hiss = f64::from(noise >> 16) / 65_536.0 - 0.5;
        if (9.0..11.5).contains(&(t % 24.0)) {
            return 0;
        }
        let pitch = 140.0 + 20.0 * index as f64;
        let voice = (t * pitch * std::f64::consts::TAU).sin() * (t * 2.0).sin().max(0.0);
        (voice * 7000.0 + hiss * 900.0) as i16
    };
    (0..length).map(sample).collect()
}

fn lines(case: &Case, name: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(case.path(&format!("out/{name}"))).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

fn array(path: &Path) -> Array3<f32> {
    Array3::read_npy(std::fs::File::open(path).unwrap()).unwrap()
}

/// The int32 pairs of an index.
fn index(case: &Case) -> Vec<[i32; 2]> {
    let bytes = std::fs::read(case.path("out/neg.index.npy")).unwrap();
    let word = |chunk: &[u8]| i32::from_le_bytes(chunk.try_into().unwrap());
    let pairs = bytes[128..].chunks(8);
    pairs
        .map(|pair| [word(&pair[..4]), word(&pair[4..])])
        .collect()
}

#[track_caller]
fn build(case: &Case, args: &[&str]) {
    let run = case.run("out", args);
    assert!(run.status.success(), "{}", errors(&run));
}

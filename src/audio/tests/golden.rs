//! Against what libsndfile reads; `tests/golden/make_audio_golden.py` recorded it.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::{from_root, read_whole};
use crate::audio::{probe, read_range};

#[derive(Deserialize)]
pub(super) struct Golden {
    sample_rate: u32,
    channels: usize,
    frames: u64,
    step: usize,
    bits: Vec<u32>,
}

pub(super) fn goldens() -> BTreeMap<String, Golden> {
    let text = std::fs::read_to_string(from_root("tests/golden/audio.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn is_lossy(name: &str) -> bool {
    ["mp3", "ogg", "m4a", "mp4", "webm"]
        .iter()
        .any(|e| name.ends_with(e))
}

fn greatest_difference(golden: &Golden, samples: &[f32]) -> f32 {
    let ours = samples.iter().step_by(golden.step);
    golden
        .bits
        .iter()
        .zip(ours)
        .map(|(&bits, x)| (f32::from_bits(bits) - x).abs())
        .fold(0.0, f32::max)
}

#[test]
fn every_file_is_read_as_libsndfile_reads_it() {
    let goldens = goldens();
    assert_eq!(goldens.len(), 35 + 32);
    for (name, golden) in goldens {
        let (info, samples) = read_whole(&from_root(&name)).unwrap();
        assert_eq!(info.sample_rate, golden.sample_rate, "{name}");
        assert_eq!(info.channels, golden.channels, "{name}");
        assert_eq!(info.frames, Some(golden.frames), "{name}");
        assert_eq!(samples.len() as u64, golden.frames, "{name}");
        let difference = greatest_difference(&golden, &samples);
        let allowed = match name.as_str() {
            // Decoders round the steps of IMA ADPCM differently.
            name if name.ends_with("ima_adpcm.wav") => 2e-4,
            name if is_lossy(name) => 3e-6,
            _ => 0.0,
        };
        assert!(difference <= allowed, "{name}: off by {difference}");
    }
}

#[test]
fn a_probe_says_what_reading_finds() {
    for (name, golden) in goldens() {
        let info = probe(&from_root(&name)).unwrap();
        assert_eq!(info.sample_rate, golden.sample_rate, "{name}");
        assert_eq!(info.channels, golden.channels, "{name}");
        match info.frames {
            Some(frames) => assert_eq!(frames, golden.frames, "{name}"),
            None => assert!(
                is_lossy(&name) || name.ends_with("open_ended.flac") || name.ends_with(".mov"),
                "{name}: length not known"
            ),
        }
    }
}

#[test]
fn every_range_is_that_slice_of_the_whole() {
    let mut piece = Vec::new();
    for name in goldens().keys() {
        let path = from_root(name);
        let (_, samples) = read_whole(&path).unwrap();
        let n = samples.len();
        for (start, end) in [
            (0, n),
            (0, 1),
            (1, n),
            (n / 3, n / 3 + n / 4),
            (n / 2, n / 2),
            (n - 1, n),
            (n, n),
        ] {
            read_range(&path, start as u64, end - start, &mut piece).unwrap();
            assert!(piece == samples[start..end], "{name}: {start}..{end}");
        }
        let error = read_range(&path, n as u64 - 1, 2, &mut piece).unwrap_err();
        assert!(
            error.to_string().contains(&format!("the file ends at {n}")),
            "{error}"
        );
        assert!(piece.is_empty());
    }
}

#[test]
fn the_extension_means_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in [
        ("s16.flac", "a.wav"),
        ("s16.wav", "b.mp3"),
        ("s24.aiff", "c.txt"),
    ] {
        let from = from_root("tests/golden/audio").join(from);
        let to = folder.path().join(to);
        std::fs::copy(&from, &to).unwrap();
        assert_eq!(read_whole(&to).unwrap(), read_whole(&from).unwrap());
    }
}

#[test]
fn names_need_not_be_utf8() {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let folder = tempfile::tempdir().unwrap();
        let name = std::ffi::OsStr::from_bytes(b"caf\xe9.wav");
        let path = folder.path().join(Path::new(name));
        std::fs::copy(from_root("tests/golden/audio/s16.wav"), &path).unwrap();
        assert_eq!(read_whole(&path).unwrap().1.len(), 96);
    }
}

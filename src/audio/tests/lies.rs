//! Files that are not what they say.

use std::path::Path;

use super::{Parts, file_of, from_root, read_whole};
use crate::audio::{Fault, FileRange, Info, Limits, fill, probe, read, read_range};

fn fault(path: &Path) -> Fault {
    let error = read_whole(path).unwrap_err();
    assert_eq!(error.path, path);
    assert!(!error.is_transient(), "{error}");
    error.fault
}

fn fault_of(parts: &Parts) -> Fault {
    parts.read().unwrap_err().fault
}

#[test]
fn the_honest_file_is_read() {
    let (info, samples) = Parts::default().read().unwrap();
    assert_eq!((info.sample_rate, info.channels), (16_000, 1));
    assert_eq!(samples, Parts::SAMPLES);
}

#[test]
fn what_is_no_audio_is_named() {
    for text in ["hello", &"a line of text\n".repeat(5000), "RIFF", "\0"] {
        let (_folder, path) = file_of(text.as_bytes());
        assert!(
            matches!(fault(&path), Fault::Unrecognised | Fault::Cut { found: 0 }),
            "{text:.10}: {:?}",
            fault(&path)
        );
    }
    let (_folder, path) = file_of(b"");
    assert!(matches!(fault(&path), Fault::Empty));
    let missing = Path::new("/nowhere/at/all.wav");
    assert!(matches!(fault(missing), Fault::Io(_)));
}

#[test]
fn a_codec_that_cannot_be_read_is_named() {
    let fault = fault(&from_root("tests/golden/audio/ac3.mka"));
    assert!(matches!(fault, Fault::Unsupported(_)), "{fault:?}");
}

#[test]
fn a_panic_in_a_decoder_is_an_error() {
    let mut out = vec![1.0];
    let panicking = |_: &mut Vec<f32>| panic!("index {} out of range", 7);
    let error = fill(&FileRange::from("clip.wav"), &mut out, panicking).unwrap_err();
    assert_eq!(
        error.to_string(),
        "clip.wav: the decoder panicked on it (index 7 out of range): convert the file to 16-bit WAV"
    );
    assert!(out.is_empty());
}

#[test]
fn only_regular_files_are_opened() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("x.wav");
    std::fs::create_dir(&directory).unwrap();
    assert!(matches!(fault(&directory), Fault::NotAFile));
    assert!(matches!(
        probe(&directory).unwrap_err().fault,
        Fault::NotAFile
    ));
    if cfg!(target_os = "linux") {
        assert!(matches!(fault(Path::new("/dev/zero")), Fault::NotAFile));
        let pipe = folder.path().join("pipe.wav");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        if made.is_ok_and(|status| status.success()) {
            // Opening it would wait for a writer for ever.
            assert!(matches!(fault(&pipe), Fault::NotAFile));
        }
    }
}

#[test]
fn impossible_headers_are_named() {
    let honest = Parts::default();
    let no_rate = Parts {
        sample_rate: 0,
        ..honest.clone()
    };
    assert!(matches!(fault_of(&no_rate), Fault::NoSampleRate));
    let no_channels = Parts {
        channels: 0,
        ..honest.clone()
    };
    assert!(matches!(fault_of(&no_channels), Fault::NoChannels));
    for (bits, block_align) in [(0, 2), (64, 8)] {
        let parts = Parts {
            bits,
            block_align,
            ..honest.clone()
        };
        assert!(
            matches!(
                fault_of(&parts),
                Fault::Unsupported(_) | Fault::Damaged { .. }
            ),
            "{bits} bits, blocks of {block_align}"
        );
    }
    let unknown_codec = Parts {
        tag: 0x1234,
        ..honest
    };
    assert!(matches!(fault_of(&unknown_codec), Fault::Unsupported(_)));
}

#[test]
fn a_wrong_block_size_is_no_matter_but_24_bits_in_four_bytes_are_32() {
    for block_align in [0, 1, 3, 4, 77] {
        let parts = Parts {
            block_align,
            ..Parts::default()
        };
        assert_eq!(parts.read().unwrap().1, Parts::SAMPLES, "{block_align}");
    }
    let parts = Parts {
        bits: 24,
        block_align: 4,
        ..Parts::default()
    };
    // As libsndfile: what lies in the lowest byte counts too.
    let words = parts.data.as_chunks::<4>().0.iter();
    let expected: Vec<f32> = words
        .map(|word| i32::from_le_bytes(*word) as f32 / 2_147_483_648.0)
        .collect();
    assert_eq!(parts.read().unwrap().1, expected);
}

#[test]
fn audio_behind_the_end_that_the_header_gives_is_an_error() {
    let mut joined = Parts::default().bytes();
    joined.extend(Parts::default().bytes());
    let (_folder, path) = file_of(&joined);
    assert!(
        matches!(fault(&path), Fault::Beyond { bytes: 52 }),
        "{:?}",
        fault(&path)
    );
    // A header that its writer did not complete.
    let parts = Parts {
        data_size: 4,
        riff_size: 40,
        data: vec![7; 400],
        ..Parts::default()
    };
    assert!(matches!(fault_of(&parts), Fault::Beyond { bytes: 396 }));
}

#[test]
fn absurd_channel_counts_are_refused() {
    let mut bytes = std::fs::read(from_root("tests/golden/audio/s8.aiff")).unwrap();
    assert_eq!(&bytes[12..16], b"COMM");
    // 62,977 channels of one byte.
    bytes[20..22].copy_from_slice(&[0xF6, 0x01]);
    let (_folder, path) = file_of(&bytes);
    let fault = fault(&path);
    assert!(fault.to_string().contains("62977 channels"), "{fault}");
}

#[test]
fn a_hole_in_a_flac_of_unknown_length_is_an_error() {
    let mut bytes = std::fs::read(from_root("tests/golden/audio/open_ended.flac")).unwrap();
    let last_frame = bytes.windows(2).rposition(|w| w == [0xFF, 0xF8]).unwrap();
    let middle = last_frame - 20;
    bytes[middle] ^= 0xFF;
    let (_folder, path) = file_of(&bytes);
    let fault = fault(&path);
    assert!(matches!(fault, Fault::Damaged { .. }), "{fault:?}");
}

#[test]
fn a_flac_that_leads_a_search_astray_is_never_read_at_the_wrong_place() {
    let mut bytes =
        std::fs::read(from_root("pipelines/quickstart/wake/05_caribbean.flac")).unwrap();
    let (_folder, whole) = file_of(&bytes);
    let (_, samples) = read_whole(&whole).unwrap();
    assert_eq!(bytes[8..12], [4, 128, 4, 128]);
    // Blocks of 65,535 samples instead of 1152.
    bytes[8..12].fill(255);
    let (_folder, path) = file_of(&bytes);
    let mut piece = Vec::new();
    let mut refused = 0;
    for start in (0..samples.len()).step_by(1000) {
        match read_range(&path, start as u64, 100, &mut piece) {
            Ok(_) => assert!(piece == samples[start..start + 100], "at {start}"),
            Err(error) => {
                assert!(matches!(error.fault, Fault::Damaged { .. }), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "the lie was believed");
}

#[test]
fn a_flac_in_which_no_search_finds_the_place_is_read_all_the_same() {
    // Zeros behind the last frame leave its checksum right, and a search that
    // halves the file finds no frame there.
    let mut bytes = std::fs::read(from_root("tests/golden/audio/s16.flac")).unwrap();
    bytes.resize(20_000, 0);
    let (_folder, path) = file_of(&bytes);
    let (_, samples) = read_whole(&path).unwrap();
    assert_eq!(samples.len(), 96);
    let mut piece = Vec::new();
    for (start, end) in [(0, 96), (32, 72), (95, 96), (96, 96)] {
        read_range(&path, start as u64, end - start, &mut piece).unwrap();
        assert_eq!(piece, samples[start..end]);
    }
    let error = read_range(&path, 90, 7, &mut piece).unwrap_err();
    assert!(
        matches!(error.fault, Fault::OutOfRange { found: 96, .. }),
        "{error}"
    );
}

#[test]
fn less_data_than_the_header_says_is_an_error() {
    let mut parts = Parts::default();
    parts.data.truncate(5);
    let error = parts.read().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("truncated: header says 4 frames, file holds 2"),
        "{error}"
    );
    let (_folder, path) = file_of(&parts.bytes());
    let mut out = Vec::new();
    assert!(read_range(&path, 0, 1, &mut out).is_err());
    assert!(probe(&path).is_err());
}

#[test]
fn lengths_that_streaming_writers_leave_open_mean_what_is_there() {
    // ffmpeg, then sox and espeak-ng, then a writer that never came back.
    for (riff_size, data_size) in [
        (u32::MAX, u32::MAX),
        (0x7FFF_F024, 0x7FFF_F000),
        (0, 0),
        (36, 0),
    ] {
        let parts = Parts {
            riff_size,
            data_size,
            ..Parts::default()
        };
        let (info, samples) = parts.read().unwrap();
        assert_eq!(samples, Parts::SAMPLES, "{riff_size:#x} {data_size:#x}");
        assert_eq!(info.frames, Some(4));
    }
}

#[test]
fn no_samples_is_an_error_and_one_is_enough() {
    let empty = Parts {
        riff_size: 36,
        data_size: 0,
        data: Vec::new(),
        ..Parts::default()
    };
    assert!(matches!(fault_of(&empty), Fault::NoSamples));
    // What follows an empty data chunk is not audio.
    let with_tail = Parts {
        riff_size: 44,
        data_size: 0,
        data: b"LIST\0\0\0\0".to_vec(),
        ..Parts::default()
    };
    assert!(matches!(fault_of(&with_tail), Fault::NoSamples));
    let one = Parts {
        riff_size: 38,
        data_size: 2,
        data: vec![0, 64],
        ..Parts::default()
    };
    assert_eq!(one.read().unwrap().1, [0.5]);
}

#[test]
fn audio_after_other_chunks_and_before_a_tail_is_found() {
    let honest = Parts::default().bytes();
    let mut bytes = honest[..12].to_vec();
    bytes.extend(b"JUNK\x03\0\0\0abc\0"); // Odd, so padded.
    bytes.extend(&honest[12..]);
    bytes.extend(b"id3 \x02\0\0\0xy");
    let (_folder, path) = file_of(&bytes);
    assert_eq!(read_whole(&path).unwrap().1, Parts::SAMPLES);
}

#[test]
fn longer_than_allowed_is_refused_before_anything_is_reserved() {
    let (_folder, path) = file_of(&Parts::default().bytes());
    let mut out = Vec::new();
    let limit = |max_seconds| Limits { max_seconds };
    read(&path, limit(4.0 / 16_000.0), &mut out).unwrap();
    let error = read(&path, limit(3.0 / 16_000.0), &mut out).unwrap_err();
    assert!(matches!(error.fault, Fault::TooLong { .. }));
    assert!(error.to_string().contains("audio.max_seconds"));

    // Hours of zeros that take no room on the disk.
    let parts = Parts {
        data_size: 2_000_000_000,
        riff_size: 2_000_000_036,
        ..Parts::default()
    };
    let (_folder, path) = file_of(&parts.bytes());
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_len(2_000_000_044).unwrap();
    let mut out = Vec::new();
    let error = read(&path, limit(30.0), &mut out).unwrap_err();
    assert!(matches!(error.fault, Fault::TooLong { .. }));
    assert_eq!(out.capacity(), 0);

    for name in ["hum.flac", "babble.ogg"] {
        let path = from_root("pipelines/quickstart/noise").join(name);
        let error = read(&path, limit(1.0), &mut out).unwrap_err();
        assert!(matches!(error.fault, Fault::TooLong { .. }), "{name}");
    }
}

#[test]
fn samples_that_are_not_finite_are_named() {
    for (bad, at) in [(f32::NAN, 0), (f32::INFINITY, 1), (f32::NEG_INFINITY, 2)] {
        let mut samples = [0.25; 3];
        samples[at] = bad;
        let parts = Parts {
            tag: 3,
            bits: 32,
            block_align: 4,
            data_size: 12,
            riff_size: 48,
            data: samples.iter().flat_map(|x: &f32| x.to_le_bytes()).collect(),
            ..Parts::default()
        };
        let error = parts.read().unwrap_err();
        assert!(
            error.to_string().contains(&format!("sample {at} is not")),
            "{error}"
        );
    }
}

#[test]
fn floats_beyond_full_scale_pass_through() {
    let parts = Parts {
        tag: 3,
        bits: 32,
        block_align: 4,
        data_size: 4,
        riff_size: 40,
        data: 2.5f32.to_le_bytes().to_vec(),
        ..Parts::default()
    };
    assert_eq!(parts.read().unwrap().1, [2.5]);
}

#[test]
fn what_is_far_beyond_full_scale_is_no_sample() {
    let read = |samples: &[f32]| {
        let data = samples.to_vec();
        fill(&FileRange::from("clip.wav"), &mut Vec::new(), |out| {
            *out = data;
            Ok(Info {
                sample_rate: 16_000,
                channels: 1,
                frames: None,
                uncompressed: true,
                mended: false,
            })
        })
    };
    assert!(read(&[0.0, -1e9, 40_000.0]).is_ok());
    assert_eq!(
        read(&[0.0, -2e9]).unwrap_err().to_string(),
        "clip.wav: sample 1 is -2e9, far beyond full scale"
    );
}

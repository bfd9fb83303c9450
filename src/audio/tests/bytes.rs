//! Cut and random bytes: an error or samples, never a panic or a short clip.

use proptest::prelude::*;

use super::{Parts, file_of, from_root, read_whole};
use crate::audio::{Fault, read_range};

#[test]
fn a_wav_cut_anywhere_is_an_error() {
    let whole = Parts::default().bytes();
    for length in 0..whole.len() {
        let (_folder, path) = file_of(&whole[..length]);
        let fault = read_whole(&path).unwrap_err().fault;
        assert!(
            matches!(
                fault,
                Fault::Empty | Fault::Unrecognised | Fault::Cut { .. } | Fault::Truncated { .. }
            ),
            "{length} bytes: {fault:?}"
        );
    }
}

#[test]
fn a_compressed_file_cut_anywhere_is_an_error() {
    for name in [
        "tests/golden/audio/s16.flac",
        "tests/golden/audio/s16.aiff",
        "tests/golden/audio/ima_adpcm.wav",
        "pipelines/quickstart/wake/07_new_york.mp3",
        "pipelines/quickstart/wake/09_west_midlands.ogg",
        "pipelines/quickstart/wake/10_female_rp.m4a",
    ] {
        let whole = std::fs::read(from_root(name)).unwrap();
        let mut lengths: Vec<usize> = (0..whole.len()).step_by(61).collect();
        lengths.push(whole.len() - 1);
        for length in lengths {
            let (_folder, path) = file_of(&whole[..length]);
            let fault = match read_whole(&path) {
                Ok((_, samples)) => panic!("{name} cut to {length}: {} samples", samples.len()),
                Err(error) => error.fault,
            };
            assert!(
                !matches!(fault, Fault::Io(_) | Fault::Panicked(_)),
                "{name} cut to {length}: {fault:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        let (_folder, path) = file_of(&bytes);
        let _ = read_whole(&path);
    }

    #[test]
    fn any_header_is_read_or_refused(
        riff_size: u32,
        tag in prop_oneof![Just(1u16), Just(2), Just(3), Just(6), Just(7), Just(0x11), Just(0xFFFE), any::<u16>()],
        channels in prop_oneof![0u16..4, any::<u16>()],
        sample_rate: u32,
        block_align in prop_oneof![0u16..16, any::<u16>()],
        bits in prop_oneof![Just(8u16), Just(16), Just(24), Just(32), any::<u16>()],
        data_size in prop_oneof![0u32..100, any::<u32>()],
        data in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        let parts = Parts { riff_size, tag, channels, sample_rate, block_align, bits, data_size, data };
        if let Ok((info, samples)) = parts.read() {
            prop_assert!(info.sample_rate > 0 && info.channels > 0);
            prop_assert_eq!(info.frames, Some(samples.len() as u64));
            prop_assert!(samples.iter().all(|x| x.is_finite()));
        }
    }

    #[test]
    fn what_a_changed_file_has_its_pieces_have(
        file in prop::sample::select(vec![
            "tests/golden/audio/s16.flac",
            "tests/golden/audio/s24.aiff",
            "tests/golden/audio/ms_adpcm.wav",
            "pipelines/quickstart/wake/07_new_york.mp3",
            "pipelines/quickstart/wake/09_west_midlands.ogg",
            "pipelines/quickstart/wake/10_female_rp.m4a",
        ]),
        at: prop::sample::Index,
        to: u8,
        padding in prop_oneof![Just(0_usize), 0..20_000_usize],
        one_end: prop::sample::Index,
        other_end: prop::sample::Index,
    ) {
        let mut bytes = std::fs::read(from_root(file)).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = to;
        bytes.resize(bytes.len() + padding, 0);
        let (_folder, path) = file_of(&bytes);
        if let Ok((_, samples)) = read_whole(&path) {
            prop_assert!(samples.iter().all(|x| x.is_finite()));
            let ends = [one_end, other_end].map(|end| end.index(samples.len() + 1));
            let (start, end) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
            let mut piece = Vec::new();
            read_range(&path, start as u64, end - start, &mut piece).unwrap();
            prop_assert!(piece == samples[start..end]);
        }
    }
}

//! Files joined end to end, and what else lies behind one: it is read on as a stretch
//! of its own where it is audio, and told where it is none.

use super::breaks::{SECONDS, Told, assert_kept, golden, rows, told};
use super::support::wav;
use super::*;

/// So many seconds as AIFF.
fn aiff(seconds: f64) -> Vec<u8> {
    let samples = sound(1, 16_000, seconds);
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_be_bytes()).collect();
    let count = samples.len() as u32;
    let rate = [0x40, 0x0C, 0xFA, 0, 0, 0, 0, 0, 0, 0];
    let common = [&[0, 1][..], &count.to_be_bytes(), &[0, 16], &rate].concat();
    let sound = [&[0; 8][..], &data].concat();
    let chunk = |name: &[u8], body: &[u8]| {
        let size = (body.len() as u32).to_be_bytes();
        [name, &size, body].concat()
    };
    let chunks = [
        &b"AIFF"[..],
        &chunk(b"COMM", &common),
        &chunk(b"SSND", &sound),
    ];
    chunk(b"FORM", &chunks.concat())
}

/// So many seconds as CAF.
fn caf(seconds: f64) -> Vec<u8> {
    let samples = sound(2, 16_000, seconds);
    let data: Vec<u8> = samples.iter().flat_map(|x| x.to_be_bytes()).collect();
    let numbers = [0_u32, 2, 1, 1, 16].map(u32::to_be_bytes);
    let description = [
        &16_000_f64.to_be_bytes()[..],
        b"lpcm",
        numbers.as_flattened(),
    ];
    let chunk = |name: &[u8], body: &[u8]| {
        let size = (body.len() as u64).to_be_bytes();
        [name, &size, body].concat()
    };
    let parts = [
        &b"caff\0\x01\0\0"[..],
        &chunk(b"desc", &description.concat()),
        &chunk(b"data", &[&[0; 4][..], &data].concat()),
    ];
    parts.concat()
}

/// A file of each format, of [`SECONDS`].
fn formats() -> Vec<(&'static str, Vec<u8>)> {
    let names = [
        "16k.flac", "16k.mp3", "16k.ogg", "48k.opus", "16k.m4a", "16k.aac", "48k.webm", "16k.mka",
    ];
    let mut files: Vec<_> = names.map(|name| (name, golden(name))).into();
    files.push(("pcm.wav", wav(16_000, 1, &sound(0, 16_000, SECONDS))));
    files.push(("pcm.aiff", aiff(SECONDS)));
    files.push(("pcm.caf", caf(SECONDS)));
    files
}

/// What is told of files, whose names are made here.
fn told_of(files: Vec<(String, Vec<u8>)>) -> Vec<(String, Told)> {
    let named: Vec<_> = files
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.clone()))
        .collect();
    let names = files.iter().map(|(name, _)| name.clone());
    names.zip(told(&named)).collect()
}

/// Junk that no format begins with.
fn junk(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n * n / 7 % 251 + 1) as u8).collect()
}

fn id3v2() -> Vec<u8> {
    [&b"ID3\x03\0\0\0\0\x02\x01TIT2"[..], &[0; 253]].concat()
}

fn id3v1() -> Vec<u8> {
    [&b"TAG"[..], &[b' '; 125]].concat()
}

/// How much longer than [`SECONDS`] a codec may be where it does not tell its padding.
const PADDING: f64 = 0.2;

#[test]
fn a_file_of_any_format_behind_one_of_any_begins_another_stretch() {
    let mut formats = formats();
    // Of the containers of others.
    formats.retain(|(name, _)| !["16k.mka", "48k.opus"].contains(name));
    let mut files = Vec::new();
    for (first, one) in &formats {
        for (second, other) in &formats {
            let name = format!("{first}+{second}");
            files.push((name, [&one[..], other].concat()));
        }
    }
    for (name, told) in told_of(files) {
        let Told {
            rows: found,
            faults,
            seconds,
            reason,
        } = told;
        let all = 2.0 * SECONDS;
        assert!(
            (all - 0.1..all + PADDING).contains(&seconds),
            "{name}: {seconds} s, {reason}"
        );
        // Those that are read as one, as players do.
        let is_one = ["16k.mp3+16k.mp3", "16k.aac+16k.aac"].contains(&&*name);
        let (stretches, length) = if is_one { (1, all) } else { (2, SECONDS) };
        assert_eq!(faults, stretches - 1, "{name}: {reason}");
        let least = stretches * rows(length - 0.1);
        let most = stretches * rows(length + PADDING);
        assert!((least..=most).contains(&found), "{name}: {found} rows");
        let is_told = reason.contains("a second file") || reason.contains("a second stream");
        assert_eq!(is_told, !is_one, "{name}: {reason}");
    }
}

#[test]
fn what_is_no_audio_behind_a_file_is_told_and_tags_and_zeros_are_passed_over() {
    let ape = |flags: u32| {
        let words = [2000, 132, 1, flags, 0, 0].map(u32::to_le_bytes);
        [b"APETAGEX", words.as_flattened()].concat()
    };
    let ape = [ape(0xA000_0000), vec![b'x'; 100], ape(0x8000_0000)].concat();
    let behind = [
        ("zeros", vec![0; 3001], false),
        ("id3v1", id3v1(), false),
        ("ape", ape, false),
        ("zeros and id3v1", [vec![0; 99], id3v1()].concat(), false),
        ("junk", junk(5000), true),
        ("text", b"<html>not here</html>\n".repeat(50), true),
    ];
    let mut files = Vec::new();
    for (format, file) in formats() {
        for (what, bytes, _) in &behind {
            files.push((format!("{format}+{what}"), [&file[..], bytes].concat()));
        }
    }
    for (name, told) in told_of(files) {
        let what = behind
            .iter()
            .find(|(what, ..)| name.ends_with(&format!("+{what}")));
        let (_, bytes, is_told) = what.unwrap();
        assert_eq!(told.faults, u64::from(*is_told), "{name}: {}", told.reason);
        let says = format!("{} bytes", bytes.len());
        assert_eq!(
            told.reason.contains(&says),
            *is_told,
            "{name}: {}",
            told.reason
        );
        let range = SECONDS - 0.01..SECONDS + PADDING;
        assert!(range.contains(&told.seconds), "{name}: {} s", told.seconds);
    }
}

/// The number of a FLAC's samples is said not to be known.
fn of_unknown_length(mut flac: Vec<u8>) -> Vec<u8> {
    flac[21] &= 0xF0;
    flac[22..26].fill(0);
    flac
}

#[test]
fn joined_flacs_lose_not_a_sample() {
    let flac = golden("16k.flac");
    let other = golden("8k_stereo.flac");
    let open = of_unknown_length(flac.clone());
    let join = |parts: &[&[u8]]| parts.concat();
    let files = [
        ("same.flac", join(&[&flac, &flac]), 2, "a second file"),
        (
            "three.flac",
            join(&[&flac, &other, &flac]),
            3,
            "a second file",
        ),
        ("other.flac", join(&[&flac, &other]), 2, "a second file"),
        (
            "other_first.flac",
            join(&[&other, &flac]),
            2,
            "a second file",
        ),
        ("open.flac", join(&[&open, &open]), 2, "a second file"),
        (
            "open_other.flac",
            join(&[&open, &other]),
            2,
            "a second file",
        ),
        ("open_alone.flac", open.clone(), 1, ""),
        (
            "tag.flac",
            join(&[&flac, &id3v2(), &flac]),
            2,
            "a second file",
        ),
        (
            "tags.flac",
            join(&[&open, &id3v1(), &id3v2(), &open]),
            2,
            "a second file",
        ),
        (
            "zeros.flac",
            join(&[&flac, &[0; 777], &flac]),
            2,
            "a second file",
        ),
        (
            "front.flac",
            join(&[&id3v2(), &flac, &id3v2(), &flac]),
            2,
            "a second file",
        ),
        (
            "junk.flac",
            join(&[&flac, &junk(900), &flac]),
            2,
            "behind 900 bytes",
        ),
        (
            "junk_open.flac",
            join(&[&open, &junk(900), &open]),
            2,
            "behind 900 bytes",
        ),
        (
            "wave.flac",
            join(&[&flac, &wav(16_000, 1, &sound(0, 16_000, SECONDS)), &flac]),
            2,
            "a second file",
        ),
    ];
    let told = told(&files.clone().map(|(name, bytes, ..)| (name, bytes)));
    for (told, (name, _, stretches, says)) in told.iter().zip(&files) {
        // Behind a WAV is another, of which the last is told too.
        let stretches = if *name == "wave.flac" { 3 } else { *stretches };
        assert_kept(name, told, &vec![SECONDS; stretches], 0.0, says);
    }
}

#[test]
fn a_flac_that_ends_in_damage_does_not_take_the_next_with_it() {
    let flac = golden("16k.flac");
    let last = flac.len() - 40;
    let mut damaged = flac.clone();
    damaged[last] ^= 0x55;
    let files = [
        ("last.flac", [&damaged[..], &flac].concat()),
        ("cut.flac", [&flac[..last], &flac].concat()),
        ("middle.flac", [&flac[..40_000], &flac].concat()),
    ];
    for (told, (name, _)) in told(&files).iter().zip(&files) {
        let first = told.seconds - SECONDS;
        assert!((4.0..SECONDS).contains(&first), "{name}: {first} s");
        assert_eq!(told.rows, rows(first) + rows(SECONDS), "{name}");
        assert_eq!(told.faults, 1, "{name}: {}", told.reason);
        assert!(told.reason.contains("truncated"), "{name}: {}", told.reason);
    }
}

#[test]
fn a_bare_stream_goes_on_behind_bytes_that_are_none() {
    let aac = golden("16k.aac");
    let files = [("junk.aac", [&aac[..], &junk(700), &aac].concat())];
    let told = told(&files);
    assert_kept(
        "junk.aac",
        &told[0],
        &[SECONDS + 0.13; 2],
        0.14,
        "behind 700 bytes",
    );
}

#[test]
fn a_frame_of_mp3_that_is_cut_off_is_no_fault() {
    let mp3 = golden("16k.mp3");
    // Without its tag, as a stream is recorded.
    let first = mp3.windows(3).position(|three| three == [0xFF, 0xF3, 0x28]);
    let stream = &mp3[first.unwrap()..];
    let cut = stream[..stream.len() - 30].to_vec();
    let told = told(&[("cut.mp3", cut)]);
    assert_eq!((told[0].faults, &*told[0].reason), (0, ""));
}

#[test]
fn chunks_behind_the_audio_do_not_hide_what_follows() {
    let samples = sound(0, 16_000, SECONDS);
    let wave = wav(16_000, 1, &samples);
    let list = b"LIST\x04\0\0\0abcd";
    let flac = golden("16k.flac");
    let files = [
        ("list.wav", [&wave[..], list, &wave].concat()),
        ("flac.wav", [&wave[..], list, &flac].concat()),
        ("tag.wav", [&wave[..], &id3v2(), &flac].concat()),
    ];
    for (told, (name, _)) in told(&files).iter().zip(&files) {
        assert_kept(name, told, &[SECONDS; 2], 0.0, "a second file follows");
    }
}

#[test]
fn what_lies_between_two_files_of_one_format_is_told() {
    let junk = junk(900);
    let between = |name: &str| [&golden(name)[..], &junk, &golden(name)].concat();
    // A page that goes on where the one before has ended.
    let ogg = golden("16k.ogg");
    let page = ogg.windows(4).rposition(|four| four == b"OggS").unwrap();
    let within = [&ogg[..page], &junk, &ogg[page..]].concat();
    let files = [
        ("ogg.ogg", between("16k.ogg"), "behind 900 bytes"),
        ("mp3.mp3", between("16k.mp3"), "900 bytes that are no audio"),
        ("within.ogg", within, "900 bytes that are no audio"),
    ];
    for (told, (name, _, says)) in told(&files.clone().map(|(name, bytes, _)| (name, bytes)))
        .iter()
        .zip(&files)
    {
        assert_eq!(told.faults, 1, "{name}: {}", told.reason);
        assert!(told.reason.contains(says), "{name}: {}", told.reason);
        let all = if *name == "within.ogg" { 1.0 } else { 2.0 } * SECONDS;
        assert!(
            (all - 0.1..all + PADDING).contains(&told.seconds),
            "{name}: {} s",
            told.seconds
        );
    }
}

//! Every fault of the contract's table, made on purpose in each format.

use std::ops::Range;

use super::*;

/// Seconds of every recording in `tests/golden/recordings`.
pub(super) const SECONDS: f64 = 8.0;
/// Seconds of a row, and from one to the next.
const ROW: f64 = 0.8;
const HOP: f64 = 0.16;

pub(super) fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/recordings");
    std::fs::read(folder.join(name)).unwrap()
}

/// The pages of an Ogg file.
fn pages(file: &[u8]) -> Vec<Range<usize>> {
    let mut pages = Vec::new();
    let mut at = 0;
    while at < file.len() {
        assert_eq!(&file[at..at + 4], b"OggS");
        let parts = usize::from(file[at + 26]);
        let body: usize = file[at + 27..at + 27 + parts]
            .iter()
            .map(|part| usize::from(*part))
            .sum();
        pages.push(at..at + 27 + parts + body);
        at += 27 + parts + body;
    }
    pages
}

/// Where a page of an Ogg file ends, in the stream's units.
fn end(file: &[u8], page: &Range<usize>) -> i64 {
    i64::from_le_bytes(file[page.start + 6..page.start + 14].try_into().unwrap())
}

/// An Ogg without one of its pages, and which stretch of time is in it.
fn without(name: &str, page: usize, rate: f64) -> (Vec<u8>, Range<f64>) {
    let file = golden(name);
    let pages = pages(&file);
    let at = |page: &Range<usize>| end(&file, page) as f64 / rate;
    let lost = at(&pages[page - 1])..at(&pages[page]);
    let bytes = [&file[..pages[page].start], &file[pages[page].end..]].concat();
    (bytes, lost)
}

/// What is told of a recording.
pub(super) struct Told {
    pub rows: u64,
    pub faults: u64,
    pub seconds: f64,
    pub reason: String,
}

/// Builds these recordings, and gives what is told of each.
pub(super) fn told(files: &[(&str, Vec<u8>)]) -> Vec<Told> {
    let case = Case::new(0);
    for (name, bytes) in files {
        case.write(&format!("rec/{name}"), bytes);
    }
    // One that nothing is wrong with, so that there are rows.
    case.write("rec/~.wav", wav(16_000, 1, &sound(0, 16_000, 2.0)));
    pipeline(&case, &format!("hop_seconds = {HOP}"));
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let text = format!("{text}[audio]\nclip_seconds = {ROW}\n[features]\ntimesteps = 1\n");
    case.write("pipeline.toml", text);
    build(&case, &[]);
    let (recordings, quarantine) = (
        lines(&case, "recordings.jsonl"),
        lines(&case, "quarantine.jsonl"),
    );
    let split = &case.dataset("out")["splits"][0];
    let sum = |key: &str| {
        recordings
            .iter()
            .map(|line| line[key].as_f64().unwrap())
            .sum::<f64>()
    };
    // Either may be rounded, by a microsecond a recording.
    let apart = sum("seconds") - split["hours_read"].as_f64().unwrap() * 3600.0;
    assert!(
        apart.abs() < 1e-6 * (recordings.len() + 1) as f64,
        "{apart} s"
    );
    assert_eq!(sum("rows"), split["rows"].as_f64().unwrap());
    assert_eq!(sum("faults"), split["faults"].as_f64().unwrap());
    assert_eq!(split["left_out"], quarantine.len());
    let of = |name: &str, lines: &[serde_json::Value], key: &str| {
        lines
            .iter()
            .find(|line| line[key] == name)
            .cloned()
            .unwrap_or_default()
    };
    let told = files.iter().map(|(name, _)| {
        let line = of(name, &recordings, "recording");
        Told {
            rows: line["rows"].as_u64().unwrap(),
            faults: line["faults"].as_u64().unwrap(),
            seconds: line["seconds"].as_f64().unwrap(),
            reason: of(name, &quarantine, "clip")["reason"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        }
    });
    told.collect()
}

/// Rows of a stretch of so many seconds.
pub(super) fn rows(seconds: f64) -> u64 {
    match ((seconds - ROW) / HOP + 1e-6).floor() {
        more if more >= 0.0 => more as u64 + 1,
        _ => 0,
    }
}

/// Whether what is kept is stretches of these lengths, each up to `slack` seconds
/// shorter, and a fault is told for each but the first.
#[track_caller]
pub(super) fn assert_kept(name: &str, told: &Told, lengths: &[f64], slack: f64, says: &str) {
    let all: f64 = lengths.iter().sum();
    let least = lengths
        .iter()
        .map(|length| rows(length - slack))
        .sum::<u64>();
    let most = lengths.iter().map(|length| rows(*length)).sum::<u64>();
    let Told {
        rows,
        faults,
        seconds,
        reason,
    } = told;
    assert!(reason.contains(says), "{name}: {reason}");
    assert!(
        (least..=most).contains(rows),
        "{name}: {rows} rows of {least} to {most}"
    );
    let shortest = all - slack * lengths.len() as f64;
    assert!(
        (shortest..=all + 0.001).contains(seconds),
        "{name}: {seconds} s of {all}"
    );
    assert_eq!(*faults, lengths.len() as u64 - 1, "{name}: {reason}");
}

/// Gives every page of an Ogg its checksum.
fn seal(file: &mut [u8]) {
    for page in pages(file) {
        let page = &mut file[page];
        page[22..26].fill(0);
        let sum = page.iter().fold(0_u32, |sum, byte| {
            let sum = sum ^ (u32::from(*byte) << 24);
            (0..8).fold(sum, |sum, _| (sum << 1) ^ ((sum >> 31) * 0x04C1_1DB7))
        });
        page[22..26].copy_from_slice(&sum.to_le_bytes());
    }
}

/// Where the packets of an Ogg begin that begin on their page.
fn ogg_packets(file: &[u8]) -> Vec<usize> {
    let mut packets = Vec::new();
    for page in pages(file) {
        let parts = usize::from(file[page.start + 26]);
        let mut at = page.start + 27 + parts;
        let mut begins = file[page.start + 5] & 1 == 0;
        for part in &file[page.start + 27..page.start + 27 + parts] {
            if begins {
                packets.push(at);
            }
            at += usize::from(*part);
            begins = *part < 255;
        }
    }
    packets
}

/// Where the frames of an ADTS begin.
fn adts_frames(file: &[u8]) -> Vec<usize> {
    let mut at = 0;
    std::iter::from_fn(|| {
        let head = file.get(at..at + 7)?;
        let length =
            usize::from(head[3] & 3) << 11 | usize::from(head[4]) << 3 | usize::from(head[5] >> 5);
        at += length;
        Some(at - length)
    })
    .collect()
}

/// Where the samples of an MP4 of one track begin.
fn mp4_samples(file: &[u8]) -> Vec<usize> {
    let word = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    let body = |name: &[u8]| file.windows(4).position(|four| four == name).unwrap() + 4;
    let (sizes, chunks) = (body(b"stsz"), body(b"stco"));
    let mut at = word(chunks + 8);
    let size = |n: usize| word(sizes + 12 + 4 * n);
    let begin = |n: usize| {
        at += size(n);
        at - size(n)
    };
    (0..word(sizes + 8)).map(begin).collect()
}

#[test]
fn a_page_that_is_missing_or_damaged_ends_the_stretch_there() {
    let (vorbis, lost_vorbis) = without("16k.ogg", 6, 16e3);
    let (opus, lost_opus) = without("48k.opus", 6, 48e3);
    let mut damaged = golden("16k.ogg");
    let page = pages(&damaged)[6].clone();
    damaged[page.start + 100] ^= 1;
    let files = [
        ("vorbis.ogg", vorbis, &lost_vorbis),
        ("opus.opus", opus, &lost_opus),
        ("damaged.ogg", damaged, &lost_vorbis),
    ];
    let told = told(&files.clone().map(|(name, bytes, _)| (name, bytes)));
    for (told, (name, _, lost)) in told.iter().zip(&files) {
        // The first packet behind the gap primes the decoder.
        assert_kept(
            name,
            told,
            &[lost.start, SECONDS - lost.end],
            0.14,
            "are missing",
        );
    }
}

#[test]
fn a_stream_behind_another_begins_another_stretch() {
    let chain = |a: &str, b: &str| [golden(a), golden(b)].concat();
    let files = [
        ("same.ogg", chain("16k.ogg", "16k.ogg")),
        ("rate.ogg", chain("16k.ogg", "22k.ogg")),
        ("codec.ogg", chain("48k.opus", "22k.ogg")),
        // Of joined MP3s no padding is cut.
        ("rate.mp3", chain("16k.mp3", "44k_stereo.mp3")),
        ("same.m4a", chain("16k.m4a", "16k.m4a")),
        ("same.webm", chain("48k.webm", "48k.webm")),
    ];
    for (told, (name, _)) in told(&files).iter().zip(&files) {
        let (more, says) = match *name {
            "rate.mp3" => (0.08, "changes its format midway"),
            "same.m4a" | "same.webm" => (0.0, "a second file follows"),
            _ => (0.0, "a second stream follows"),
        };
        assert_kept(name, told, &[SECONDS + more; 2], 2.0 * more + 0.03, says);
    }
}

#[test]
fn behind_damage_in_a_webm_the_next_cluster_is_read() {
    let damaged = |name: &'static str, damage: Range<usize>, by: u8| {
        let mut file = golden(name);
        file[damage].fill(by);
        (name, file)
    };
    // The second cluster begins at 5 s.
    let files = [
        damaged("48k.webm", 4000..6000, 0),
        damaged("16k.mka", 9000..12_000, 0x55),
    ];
    for (told, (name, _)) in told(&files).iter().zip(&files) {
        let missing = told.reason.split(" s are missing").next().unwrap();
        let missing: f64 = missing.rsplit(' ').next().unwrap().parse().unwrap();
        let first = SECONDS - 5.0;
        let first = told.seconds - first;
        assert!(
            (told.seconds + missing - SECONDS).abs() < 0.06,
            "{name}: {}",
            told.reason
        );
        assert_eq!(told.rows, rows(first) + rows(SECONDS - 5.0), "{name}");
        assert_eq!(told.faults, 1, "{name}");
    }
}

#[test]
fn a_file_that_is_cut_off_keeps_what_is_there() {
    let files = [
        "16k.flac", "16k.mp3", "16k.ogg", "48k.opus", "16k.m4a", "16k.aac", "48k.webm", "16k.mka",
    ];
    let files = files.map(|name| {
        let mut file = golden(name);
        file.truncate(file.len() * 6 / 10);
        (name, file)
    });
    for (told, (name, _)) in told(&files).iter().zip(&files) {
        let Told {
            rows: found,
            faults,
            seconds,
            reason,
        } = told;
        assert!(reason.contains("truncated"), "{name}: {reason}");
        assert!((4.0..5.3).contains(seconds), "{name}: {seconds} s");
        assert_eq!((*found, *faults), (rows(*seconds), 1), "{name}: {reason}");
    }
}

/// Files of each codec of which some packets do not decode, and how long one is.
fn with_packets_that_fail(which: impl Fn(usize) -> bool) -> [(&'static str, Vec<u8>, f64); 5] {
    let mut flac = golden("16k.flac");
    let begins = flac
        .windows(2)
        .enumerate()
        .filter(|(_, two)| *two == [0xFF, 0xF8]);
    let frames: Vec<usize> = begins.map(|(at, _)| at).collect();
    for (_, at) in frames.iter().enumerate().filter(|(n, _)| which(*n)) {
        flac[at + 40] ^= 0x10;
    }
    // An element that symphonia does not decode: coupled channels.
    let coupled = 0x40;
    let mut aac = golden("16k.aac");
    for (_, at) in adts_frames(&aac)
        .into_iter()
        .enumerate()
        .filter(|(n, _)| which(*n))
    {
        aac[at + 7] = coupled;
    }
    let mut m4a = golden("16k.m4a");
    for (_, at) in mp4_samples(&m4a)
        .into_iter()
        .enumerate()
        .filter(|(n, _)| which(*n))
    {
        m4a[at] = coupled;
    }
    // Headers are the first packets.
    let ogg = |name: &str, headers: usize, damage: fn(&mut [u8])| {
        let mut file = golden(name);
        let packets = ogg_packets(&file);
        for (_, at) in packets[headers..]
            .iter()
            .enumerate()
            .filter(|(n, _)| which(*n))
        {
            damage(&mut file[*at..]);
        }
        seal(&mut file);
        file
    };
    // Of one frame with padding that is longer than it.
    let opus = ogg("48k.opus", 2, |packet| {
        packet[0] |= 3;
        packet[1..4].copy_from_slice(&[0x41, 0xFF, 0xFF]);
    });
    let mut mp3 = golden("16k.mp3");
    // Of 16 kbit/s at 16 kHz.
    let (frame, head) = (72, [0xFF, 0xF3, 0x28]);
    let first = mp3.windows(3).position(|three| three == head).unwrap();
    for (_, at) in (first..mp3.len())
        .step_by(frame)
        .enumerate()
        .filter(|(n, _)| which(*n))
    {
        mp3[at] = 0;
    }
    [
        ("flac.flac", flac, 0.072),
        ("aac.aac", aac, 0.064),
        ("m4a.m4a", m4a, 0.064),
        ("opus.opus", opus, 0.02),
        ("mp3.mp3", mp3, 0.036),
    ]
}

#[test]
fn a_packet_that_does_not_decode_ends_the_stretch_there() {
    let files = with_packets_that_fail(|n| n == 60);
    let told = told(&files.clone().map(|(name, bytes, _)| (name, bytes)));
    for (told, (name, _, length)) in told.iter().zip(&files) {
        let before = 60.0 * length;
        assert_kept(
            name,
            told,
            &[before, SECONDS + 0.07 - before - length],
            0.2,
            "at ",
        );
    }
}

#[test]
fn where_more_than_one_packet_in_ten_fails_the_recording_ends() {
    let files = with_packets_that_fail(|n| n % 5 == 4);
    let told = told(&files.clone().map(|(name, bytes, _)| (name, bytes)));
    for (told, (name, _, length)) in told.iter().zip(&files) {
        assert_eq!(told.faults, 11, "{name}: {}", told.reason);
        assert!(told.seconds <= 60.0 * length, "{name}: {} s", told.seconds);
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    let mut no_index = golden("16k.m4a");
    let index = no_index
        .windows(4)
        .position(|name| name == b"moov")
        .unwrap();
    no_index[index..index + 4].copy_from_slice(b"free");
    // The encoder's configuration says AAC-LC and, behind that, no SBR.
    let core = [0x14, 0x08, 0x56, 0xE5, 0x00];
    let with = |config: [u8; 5]| {
        let mut file = golden("16k.m4a");
        let at = file.windows(5).position(|five| five == core).unwrap();
        file[at..at + 5].copy_from_slice(&config);
        file
    };
    let files = [
        ("no_index.m4a", no_index, "moov"),
        ("he.m4a", with([0x2C, 0x0A, 0x88, 0, 0]), "HE-AAC"),
        (
            "he_behind.m4a",
            with([0x14, 0x08, 0x56, 0xE5, 0x80]),
            "HE-AAC",
        ),
        (
            "wave.w64",
            b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0".repeat(9),
            "Wave64",
        ),
        ("old.wv", b"wvPk".repeat(50), "WavPack"),
    ];
    let told = told(&files.clone().map(|(name, bytes, _)| (name, bytes)));
    for (told, (name, _, says)) in told.iter().zip(&files) {
        assert_eq!((told.rows, told.faults), (0, 1), "{name}");
        assert!(told.reason.contains(says), "{name}: {}", told.reason);
    }
}

/// A WAV whose writer has not come to its end.
fn growing(seconds: f64) -> Vec<u8> {
    let mut file = wav(16_000, 1, &sound(5, 16_000, seconds));
    file[4..8].fill(0xFF);
    file[40..44].fill(0xFF);
    file
}

#[test]
#[cfg(unix)]
fn nothing_hangs_on_a_pipe_or_on_a_file_that_grows() {
    use std::io::Write;
    use std::sync::atomic::{AtomicBool, Ordering};

    let case = recordings(&[4.0]);
    let made = std::process::Command::new("mkfifo")
        .arg(case.path("rec/pipe.wav"))
        .status();
    assert!(made.unwrap().success());
    std::os::unix::fs::symlink(case.path("nowhere.wav"), case.path("rec/link.wav")).unwrap();
    case.write("rec/grows.wav", growing(60.0));
    let mut file = std::fs::File::options()
        .append(true)
        .open(case.path("rec/grows.wav"))
        .unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                file.write_all(&[0; 3200]).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        let run = case.run("out", &[]);
        done.store(true, Ordering::Relaxed);
        assert!(run.status.success(), "{}", errors(&run));
    });
    let recordings = lines(&case, "recordings.jsonl");
    let line = |name: &str| {
        recordings
            .iter()
            .find(|line| line["recording"] == name)
            .unwrap()
    };
    // As much as there was when it was opened.
    assert_eq!(line("grows.wav")["faults"], 0);
    assert!(line("grows.wav")["seconds"].as_f64().unwrap() >= 60.0);
    let told = lines(&case, "quarantine.jsonl");
    let reason =
        |name: &str| told.iter().find(|line| line["clip"] == name).unwrap()["reason"].to_string();
    assert!(
        reason("pipe.wav").contains("not a regular file"),
        "{}",
        reason("pipe.wav")
    );
    assert!(
        reason("link.wav").contains("not there"),
        "{}",
        reason("link.wav")
    );
}

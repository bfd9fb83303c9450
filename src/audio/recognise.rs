//! What the first bytes of a file say, without decoding anything.

use std::io::Read;

use super::FileRange;

/// Bytes that tell.
const HEAD: u64 = 16;

/// Brands of the MP4 family that are pictures.
const PICTURES: [&[u8]; 8] = [
    b"heic", b"heix", b"heif", b"hevc", b"avif", b"avis", b"mif1", b"crx ",
];

/// Whether a file begins as audio does: by its first bytes alone, so that it
/// may still turn out damaged, or of a codec that cannot be read. What cannot
/// be opened is none.
pub fn is_audio(file: impl Into<FileRange>) -> bool {
    head(&file.into()).is_some_and(|head| begins_audio(&head))
}

/// Whether these are the first bytes of an audio file, or of a container that
/// holds audio.
pub(super) fn begins_audio(head: &[u8]) -> bool {
    let at = |offset: usize, what: &[u8]| head.get(offset..).is_some_and(|h| h.starts_with(what));
    let wave = ["RIFF", "RIFX", "RF64", "BW64"].iter();
    let aiff = at(0, b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC"));
    let mp4 = at(4, b"ftyp") && !PICTURES.iter().any(|brand| at(8, brand));
    wave.map(|name| name.as_bytes())
        .any(|name| at(0, name) && at(8, b"WAVE"))
        || aiff
        || mp4
        || is_sync(head)
        || MAGIC.iter().any(|magic| at(0, magic))
        || UNREADABLE.iter().any(|(magic, _)| at(0, magic))
}

/// What a file of each other format begins with.
const MAGIC: [&[u8]; 5] = [
    b"fLaC",
    b"OggS",
    b"ID3",
    b"caff",
    // Matroska and WebM.
    b"\x1a\x45\xdf\xa3",
];

/// What files of formats begin with that cannot be read, and their names.
const UNREADABLE: [(&[u8], &str); 10] = [
    (b".snd", "Sun audio"),
    (b"NIST_1A", "NIST Sphere"),
    (b"wvPk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"TTA1", "True Audio"),
    (b"MPCK", "Musepack"),
    (b"MP+", "Musepack"),
    (b"#!AMR", "AMR"),
    // These begin with identifiers of 16 bytes.
    (b"riff\x2e\x91\xcf\x11", "Wave64"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
];

/// What a format is called that cannot be read, by the first bytes of a file.
pub(super) fn unreadable(file: &FileRange) -> Option<&'static str> {
    let head = head(file)?;
    let known = UNREADABLE.iter().find(|(magic, _)| head.starts_with(magic));
    known.map(|(_, name)| *name)
}

fn head(file: &FileRange) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    let read = file.open().ok()?.take(HEAD).read_to_end(&mut head);
    read.ok().map(|_| head)
}

/// Whether it begins with a frame of MP3 (of layer III) or of AAC: a byte order
/// mark of UTF-16 is neither.
fn is_sync(head: &[u8]) -> bool {
    match head {
        [0xFF, second, third, ..] => {
            let mp3 = matches!(second, 0xFA | 0xFB | 0xF2 | 0xF3 | 0xE2 | 0xE3)
                && third >> 4 != 0xF
                && third >> 2 & 3 != 3;
            let aac = matches!(second, 0xF0 | 0xF1 | 0xF8 | 0xF9);
            mp3 || aac
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::begins_audio;

    #[test]
    fn beginnings_are_told_apart() {
        let audio: [&[u8]; 12] = [
            b"RIFF\0\0\0\0WAVEfmt ",
            b"RF64\xff\xff\xff\xffWAVEds64",
            b"FORM\0\0\0\0AIFC",
            b"fLaC\0",
            b"OggS\0",
            b"\0\0\0\x20ftypM4A ",
            b"\xff\xfb\x90\x64",
            b"\xff\xf1\x50\x80",
            b"NIST_1A\n   1024\n",
            b".snd\0\0\0\x18",
            b"caff\0\x01",
            b"\x1a\x45\xdf\xa3\x9f",
        ];
        for head in audio {
            assert!(begins_audio(head), "{head:?}");
        }
        let other: [&[u8]; 8] = [
            b"",
            b"\xff",
            b"RIFF\0\0\0\0AVI LIST",
            b"\xff\xfeh\0i\0",
            b"\xff\xd8\xff\xe0",
            b"\0\0\0\x20ftypheic",
            b"%PDF-1.7",
            b"PK\x03\x04",
        ];
        for head in other {
            assert!(!begins_audio(head), "{head:?}");
        }
    }

    #[test]
    fn the_golden_files_begin_as_audio() {
        for entry in std::fs::read_dir("tests/golden/audio").unwrap() {
            let path = entry.unwrap().path();
            assert!(super::is_audio(&path), "{}", path.display());
        }
    }
}

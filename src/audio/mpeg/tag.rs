//! What an encoder says of an MP3 in its first frame.
//!
//! After the Xing and LAME specifications (gabriel.mp3-tech.org/mp3infotag.html).

use super::Header;

/// What an encoder's tag says of the frames behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tag {
    /// Frames, without its own.
    pub frames: Option<u64>,
    /// Bytes of all frames and the tag's own.
    pub bytes: Option<u64>,
    /// Samples before the audio, and behind it, by the encoder.
    pub trim: Option<(u64, u64)>,
}

impl Tag {
    /// The tag that a frame is, if it is one.
    pub fn read(frame: &[u8], header: &Header) -> Option<Self> {
        if frame.get(36..40) == Some(b"VBRI") {
            return Some(Self {
                bytes: word(frame, 46),
                frames: word(frame, 50),
                trim: None,
            });
        }
        let mut at = 4 + header.side_info();
        let name = frame.get(at..at + 4)?;
        // Behind the header, and a checksum: a tag's frame holds no audio.
        if frame[6..at].iter().any(|byte| *byte != 0) {
            return None;
        }
        if name != b"Xing" && name != b"Info" {
            return None;
        }
        let flags = word(frame, at + 4)?;
        at += 8;
        let mut field = |flag: u64, size: usize| {
            let value = (flags & flag != 0).then(|| word(frame, at)).flatten();
            at += if flags & flag != 0 { size } else { 0 };
            value
        };
        let (frames, bytes) = (field(1, 4), field(2, 4));
        field(4, 100);
        field(8, 4);
        let encoder = frame.get(at..at + 4);
        let is_known = encoder.is_some_and(|name| [&b"LAME"[..], b"Lavf", b"Lavc"].contains(&name));
        let trim = frame.get(at + 21..at + 24).filter(|_| is_known);
        let trim = trim.map(|trim| {
            let both = u64::from(trim[0]) << 16 | u64::from(trim[1]) << 8 | u64::from(trim[2]);
            (both >> 12, both & 0xFFF)
        });
        Some(Self {
            frames,
            bytes,
            trim,
        })
    }
}

/// A number of four bytes.
fn word(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at + 4)?;
    Some(
        word.iter()
            .fold(0, |value, byte| value << 8 | u64::from(*byte)),
    )
}

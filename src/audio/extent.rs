//! How much audio a chunk holds: what its header claims, held against what is
//! there.
//!
//! A count may be wrong in two ways. It may claim more than there is: then the
//! file is cut short, or its writer did not know the length (into a pipe) and
//! left some number. Or it claims less, and audio lies behind it: a writer that
//! went on, files joined end to end. Neither is read as what it is not.

use std::io::{self, BufReader, Read, Seek};

use super::pcm::Order;
use super::recognise::begins_audio;
use super::{Fault, tags};

/// Sizes from here on stand for 'not known' when the file ends before: sox and
/// espeak-ng write 0x7FFFF000 into a pipe, sox 0x7F000000 for AIFF, ffmpeg
/// 0xFFFFFFFF.
const STREAMING: u64 = 0x7F00_0000;
/// So do sizes from here on where less than a part in [`FAR`] of them is there:
/// other writers have numbers of their own.
const LARGE: u64 = 1 << 30;
const FAR: u64 = 16;

/// What a header says of the audio's size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// Bytes of audio.
    pub bytes: u64,
    /// Whether the size of the whole does not reach into the audio: nobody came
    /// back to complete the header.
    pub is_open_ended: bool,
}

impl Claim {
    /// Bytes of audio in a file that has so many from its first frame on.
    pub fn bytes(self, available: u64, frame_bytes: u64) -> Result<u64, Fault> {
        let claimed = self.bytes;
        if claimed <= available && !(claimed == 0 && self.is_open_ended) {
            return Ok(claimed);
        }
        let is_far = claimed >= LARGE && available < claimed / FAR;
        if claimed == 0 || claimed >= STREAMING || is_far || self.is_open_ended {
            return Ok(available);
        }
        Err(Fault::Truncated {
            expected: claimed / frame_bytes,
            found: available / frame_bytes,
        })
    }
}

/// What lies where a container ends by its own word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rest {
    /// It was not looked for, or cannot be told.
    #[default]
    Unknown,
    /// Nothing, as it should be.
    Nothing,
    /// The file ends before.
    Missing,
    /// Nothing but tags and zeros.
    Padding {
        /// Bytes of them.
        bytes: u64,
    },
    /// Another one, or what is left of it: files joined end to end.
    More {
        /// Bytes of it.
        bytes: u64,
        /// Bytes of tags and zeros before.
        padding: u64,
    },
    /// What is neither audio nor a tag.
    Other {
        /// Bytes of it.
        bytes: u64,
        /// Bytes of tags and zeros before.
        padding: u64,
    },
}

impl Rest {
    /// What lies in a file of that length from a place on.
    pub fn from(reader: &mut (impl Read + Seek), place: u64, length: u64) -> io::Result<Self> {
        let end = tags::audio_end(reader, length)?;
        let mut at = place;
        while at < end {
            let head = head(reader, at, end)?;
            let tag = match tags::first(&head) {
                0 if head.starts_with(b"TAG") => tags::ID3V1,
                tag => tag,
            };
            let (bytes, padding) = (length - at, at - place);
            at = match head.first() {
                _ if tag > 0 => at.saturating_add(tag),
                _ if begins_audio(&head) => return Ok(Self::More { bytes, padding }),
                Some(0) => behind_zeros(reader, at, end)?,
                _ => return Ok(Self::Other { bytes, padding }),
            };
        }
        Ok(match length.saturating_sub(place) {
            0 => Self::Nothing,
            bytes => Self::Padding { bytes },
        })
    }

    /// Bytes behind the end by the container's own word, where that is known.
    pub fn bytes(self) -> Option<u64> {
        match self {
            Self::Padding { bytes } => Some(bytes),
            Self::More { bytes, padding } | Self::Other { bytes, padding } => Some(bytes + padding),
            _ => None,
        }
    }

    /// Whether it is known that nothing but tags and zeros is there.
    pub fn is_nothing(self) -> bool {
        matches!(self, Self::Nothing | Self::Padding { .. })
    }

    /// Nothing may be missing, and no audio left, after `found` frames.
    pub fn check(self, found: u64) -> Result<(), Fault> {
        match self {
            Self::Unknown | Self::Nothing | Self::Padding { .. } | Self::Other { .. } => Ok(()),
            Self::Missing => Err(Fault::Cut { found }),
            Self::More { bytes, .. } => Err(Fault::Beyond { bytes }),
        }
    }
}

/// The first bytes from a place on.
pub(super) fn head(reader: &mut (impl Read + Seek), at: u64, end: u64) -> io::Result<Vec<u8>> {
    const ENOUGH: u64 = 32;
    reader.seek(io::SeekFrom::Start(at))?;
    let mut head = Vec::new();
    let most = end.saturating_sub(at).min(ENOUGH);
    reader.by_ref().take(most).read_to_end(&mut head)?;
    Ok(head)
}

/// Where bytes are found next, from a place on and before another.
pub(super) fn search(
    reader: &mut (impl Read + Seek),
    from: u64,
    end: u64,
    wanted: &[u8],
) -> io::Result<Option<u64>> {
    const BLOCK: usize = 1 << 16;
    let (mut at, mut block) = (from, Vec::with_capacity(BLOCK));
    while at + wanted.len() as u64 <= end {
        block.clear();
        reader.seek(io::SeekFrom::Start(at))?;
        let most = (end - at).min(BLOCK as u64);
        reader.by_ref().take(most).read_to_end(&mut block)?;
        let found = first_of(&block, wanted);
        if found.is_some() || block.len() <= wanted.len() {
            return Ok(found.map(|found| at + found as u64));
        }
        // What is wanted may lie across two blocks.
        at += (block.len() - wanted.len() + 1) as u64;
    }
    Ok(None)
}

fn first_of(block: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let mut at = 0;
    loop {
        at += block.get(at..)?.iter().position(|byte| byte == first)?;
        if block[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
}

/// Bytes of audio from the reader's place on, and how the header and the file
/// disagree on them, if they do: then it is what the file has.
pub(super) fn extent(
    reader: &mut (impl Read + Seek),
    claim: Claim,
    length: u64,
    frame_bytes: u64,
    order: Order,
) -> Result<(u64, Option<Fault>), Fault> {
    let start = reader.stream_position()?;
    let available = length.saturating_sub(start);
    let bytes = match claim.bytes(available, frame_bytes) {
        Ok(bytes) => bytes,
        Err(fault) => return Ok((available, Some(fault))),
    };
    let flaw = match behind(reader, start + bytes, length, order)? {
        Rest::More { bytes, .. } | Rest::Other { bytes, .. } => Some(Fault::Beyond { bytes }),
        _ => None,
    };
    Ok((bytes, flaw))
}

/// Chunks that may be cut off without a loss of audio.
const NOTES: [&[u8; 4]; 28] = [
    b"LIST", b"id3 ", b"ID3 ", b"bext", b"iXML", b"aXML", b"axml", b"_PMX", b"JUNK", b"junk",
    b"PAD ", b"FLLR", b"fact", b"cue ", b"smpl", b"inst", b"acid", b"cart", b"DISP", b"PEAK",
    b"ANNO", b"COMT", b"APPL", b"NAME", b"AUTH", b"(c) ", b"MARK", b"INST",
];

/// What lies behind the audio of a file of chunks, which ends at `end`: chunks
/// without audio are passed over.
pub(super) fn behind(
    reader: &mut (impl Read + Seek),
    end: u64,
    length: u64,
    order: Order,
) -> io::Result<Rest> {
    // Chunks begin at even places; not all writers fill up to one.
    let mut at = end + end % 2;
    let mut may_be_unpadded = end % 2 == 1;
    while at + 8 <= length {
        let head = head(reader, at, length)?;
        let Some((name, rest)) = head.split_first_chunk::<4>() else {
            break;
        };
        if [b"data", b"SSND"].contains(&name) {
            return Ok(Rest::More {
                bytes: length - at,
                padding: at - end,
            });
        }
        let size = rest.first_chunk().copied().unwrap_or_default();
        let size = u64::from(match order {
            Order::Little => u32::from_le_bytes(size),
            Order::Big => u32::from_be_bytes(size),
        });
        let is_note = NOTES.contains(&name);
        let is_text = name.iter().all(|byte| (b' '..=b'~').contains(byte));
        let fits = is_note || at + 8 + size <= length;
        let is_other = !is_note && (begins_audio(&head) || name.starts_with(b"TAG"));
        if is_text && fits && !is_other {
            at = at.saturating_add(8 + size + size % 2);
            may_be_unpadded = size % 2 == 1;
        } else if !is_other && std::mem::take(&mut may_be_unpadded) {
            at -= 1;
        } else {
            return Rest::from(reader, at, length);
        }
    }
    Ok(Rest::Nothing)
}

/// Where the zeros end that begin at a place, but for those that an MP4 begins with.
fn behind_zeros(reader: &mut (impl Read + Seek), from: u64, end: u64) -> io::Result<u64> {
    reader.seek(io::SeekFrom::Start(from))?;
    let mut at = from;
    for byte in BufReader::new(reader.take(end - from)).bytes() {
        if byte? != 0 {
            break;
        }
        at += 1;
    }
    for before in [3, 2].into_iter().filter(|before| at > from + before) {
        if begins_audio(&head(reader, at - before, end)?) {
            return Ok(at - before);
        }
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn claim(bytes: u64, is_open_ended: bool) -> Claim {
        Claim {
            bytes,
            is_open_ended,
        }
    }

    #[test]
    fn a_size_that_nobody_came_back_for_means_what_is_there() {
        for bytes in [0, 0x7F00_0007, 0x7FFF_F000, 0x8000_0000, 0xFFFF_FFFF] {
            assert_eq!(
                claim(bytes, true).bytes(1000, 2).ok(),
                Some(1000),
                "{bytes:#x}"
            );
        }
        for bytes in [0x4000_0000, 2_000_000_000, 0x7FFF_FFDB] {
            assert_eq!(
                claim(bytes, false).bytes(1000, 2).ok(),
                Some(1000),
                "{bytes}"
            );
        }
        // Another number, but the whole's size says nothing either.
        assert_eq!(claim(5000, true).bytes(1000, 2).ok(), Some(1000));
    }

    #[test]
    fn a_size_that_is_right_is_kept_and_one_that_is_cut_refused() {
        assert_eq!(claim(800, false).bytes(1000, 2).ok(), Some(800));
        assert_eq!(claim(0, false).bytes(1000, 2).ok(), Some(0));
        for (bytes, available) in [(1002, 1000), (0x4000_0000, 0x3000_0000)] {
            let fault = claim(bytes, false).bytes(available, 2);
            assert!(matches!(fault, Err(Fault::Truncated { .. })), "{bytes}");
        }
    }

    #[test]
    fn audio_behind_the_audio_is_found() {
        let behind = |tail: &[u8]| {
            let file = [&[1; 100][..], tail].concat();
            let length = file.len() as u64;
            behind(&mut Cursor::new(&file), 100, length, Order::Little).unwrap()
        };
        for fine in [
            &b""[..],
            b"\0\0\0",
            &[0; 5000],
            b"LIST\x04\0\0\0abcdid3 \x02\0\0\0xy",
            b"TAG a title, and so on",
            b"LIST\x03\0\0\0abcid3 \x02\0\0\0xy",
            b"ID3\x03\0\0\0\0\0\0\0\0\0\0",
        ] {
            let found = behind(fine);
            assert!(
                matches!(found, Rest::Nothing | Rest::Padding { .. }),
                "{fine:?}: {found:?}"
            );
        }
        let id3 = b"ID3\x03\0\0\0\0\0\x02xyfLaC\0\0\0\x22";
        for (audio, bytes) in [
            (&b"RIFF\x04\0\0\0WAVE"[..], 12),
            (b"LIST\x04\0\0\0abcddata\x04\0\0\0\x01\x02\x03\x04", 12),
            (b"LIST\x04\0\0\0abcdfLaC\0\0\0\x22", 8),
            (id3, 8),
            (b"\0\0\0\0\0\0\0\xFF\xFB\x90\x64", 4),
        ] {
            let found = behind(audio);
            assert!(
                matches!(found, Rest::More { bytes: found, .. } if found == bytes),
                "{audio:?}: {found:?}"
            );
        }
        for other in [
            &b"\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0"[..],
            b"<html>no audio</html>",
        ] {
            let bytes = other.len() as u64;
            let padding = 0;
            assert_eq!(behind(other), Rest::Other { bytes, padding }, "{other:?}");
        }
    }
}

//! How much audio a chunk holds: what its header claims, held against what is
//! there.
//!
//! A count may be wrong in two ways. It may claim more than there is: then the
//! file is cut short, or its writer did not know the length (into a pipe) and
//! left some number. Or it claims less, and audio lies behind it: a writer that
//! went on, files joined end to end. Neither is read as what it is not.

use std::io::{self, BufReader, Read, Seek};

use super::Fault;
use super::pcm::Order;

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
    /// Another one, or what is left of it: files joined end to end.
    More {
        /// Bytes of it.
        bytes: u64,
    },
}

impl Rest {
    /// Nothing may be missing or left, after `found` frames.
    pub fn check(self, found: u64) -> Result<(), Fault> {
        match self {
            Self::Unknown | Self::Nothing => Ok(()),
            Self::Missing => Err(Fault::Cut { found }),
            Self::More { bytes } => Err(Fault::Beyond { bytes }),
        }
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
    match nothing_behind(reader, start + bytes, length, order) {
        Ok(()) => Ok((bytes, None)),
        Err(fault @ Fault::Beyond { .. }) => Ok((bytes, Some(fault))),
        Err(fault) => Err(fault),
    }
}

/// Checks that nothing but chunks without audio, tags and padding lies behind
/// the audio, which ends at `at`.
fn nothing_behind(
    reader: &mut (impl Read + Seek),
    end: u64,
    length: u64,
    order: Order,
) -> Result<(), Fault> {
    // Chunks begin at even places; not all writers fill up to one.
    let mut at = end + end % 2;
    let mut may_be_unpadded = end % 2 == 1;
    while at + 8 <= length {
        reader.seek(io::SeekFrom::Start(at))?;
        let mut head = [0; 8];
        reader.read_exact(&mut head)?;
        let [a, b, c, d, size @ ..] = head;
        let name = [a, b, c, d];
        if [*b"RIFF", *b"RF64", *b"FORM", *b"data", *b"SSND"].contains(&name) {
            return Err(Fault::Beyond {
                bytes: length - end,
            });
        }
        let is_tag = name.starts_with(b"TAG") || name.starts_with(b"ID3") || name == *b"APET";
        if is_tag {
            return Ok(());
        }
        if !name.iter().all(|byte| (b' '..=b'~').contains(byte)) {
            if std::mem::take(&mut may_be_unpadded) {
                at -= 1;
                continue;
            }
            return zeros(reader, at, length).and_then(|zeros| match zeros {
                true => Ok(()),
                false => Err(Fault::Beyond {
                    bytes: length - end,
                }),
            });
        }
        let size = u64::from(match order {
            Order::Little => u32::from_le_bytes(size),
            Order::Big => u32::from_be_bytes(size),
        });
        at = at.saturating_add(8 + size + size % 2);
        may_be_unpadded = size % 2 == 1;
    }
    Ok(())
}

/// Whether there are only zeros from a place on.
fn zeros(reader: &mut (impl Read + Seek), at: u64, length: u64) -> Result<bool, Fault> {
    reader.seek(io::SeekFrom::Start(at))?;
    for byte in BufReader::new(reader.take(length - at)).bytes() {
        if byte? != 0 {
            return Ok(false);
        }
    }
    Ok(true)
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
            nothing_behind(
                &mut Cursor::new(&file),
                100,
                file.len() as u64,
                Order::Little,
            )
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
            assert!(behind(fine).is_ok(), "{fine:?}");
        }
        for audio in [
            &b"RIFF\x04\0\0\0WAVE"[..],
            b"LIST\x04\0\0\0abcddata\x04\0\0\0\x01\x02\x03\x04",
            b"\x01\0\x02\0\x03\0\x04\0\x05\0\x06\0",
        ] {
            assert!(
                matches!(behind(audio), Err(Fault::Beyond { .. })),
                "{audio:?}"
            );
        }
    }
}

//! Whether AAC is more than its core: HE-AAC adds the upper half of the band by
//! other means, which nothing here decodes.
//!
//! AudioSpecificConfig after ISO/IEC 14496-3, 1.6.2.1 and 4.4.1. A bare stream's header
//! has no word for it: there the upper half lies in an element that fills up each
//! frame (4.4.2.7), which is found from the frame's end.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::extent::{self, search};
use super::input::Input;
use super::{Fault, tags};

/// Object types: spectral band replication, and with it parametric stereo.
const SBR: u32 = 5;
const PS: u32 = 29;
/// What an extension begins with that older decoders pass over.
const SYNC: u32 = 0x2B7;

/// Frames of a bare stream that are looked at, and how many of them must have what
/// only HE-AAC has: a frame may end so by chance.
const FRAMES: u32 = 24;
const LEAST: u32 = 6;
/// Bytes of a frame's header.
const HEAD: usize = 7;

/// That HE-AAC cannot be read.
pub(super) fn high_efficiency() -> Fault {
    Fault::Unsupported("HE-AAC".to_owned())
}

/// Whether a configuration says that it is of HE-AAC.
pub(super) fn is_high_efficiency(config: &[u8]) -> bool {
    Bits {
        bytes: config,
        at: 0,
    }
    .is_high_efficiency()
    .unwrap_or(false)
}

/// Whether the frames of a bare stream are of HE-AAC.
pub(super) fn is_bare_high_efficiency(file: Input) -> io::Result<bool> {
    let mut reader = BufReader::new(file);
    let (mut seen, mut found) = (0, 0);
    while seen < FRAMES {
        let start = reader.stream_position()?;
        let mut head = Vec::new();
        reader.by_ref().take(32).read_to_end(&mut head)?;
        let (by, body) = match *head {
            _ if tags::first(&head) > 0 => (tags::first(&head), false),
            [0xFF, second, _, a, b, c, ..] if second & 0xF6 == 0xF0 => {
                let length = u64::from(a & 3) << 11 | u64::from(b) << 3 | u64::from(c) >> 5;
                (length, true)
            }
            _ => break,
        };
        reader.seek(SeekFrom::Start(start))?;
        let mut frame = Vec::new();
        let whole = reader.by_ref().take(by).read_to_end(&mut frame)? as u64 == by;
        if !whole || by <= HEAD as u64 {
            break;
        }
        if body {
            seen += 1;
            found += u32::from(ends_with_replication(&frame[HEAD..]));
        }
    }
    Ok(found >= LEAST && 4 * found >= 3 * seen)
}

/// Where the frames of a bare stream end that follow each other from its beginning
/// on; its length where it ends within one.
pub(super) fn end(file: &mut Input) -> io::Result<u64> {
    let length = file.length();
    file.rewind()?;
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let (mut at, mut position) = (0, 0);
    while at < length {
        reader.seek_relative(at as i64 - position as i64)?;
        let mut head = Vec::new();
        reader.by_ref().take(32).read_to_end(&mut head)?;
        position = at + head.len() as u64;
        match (tags::first(&head), frame_bytes(&head)) {
            (0, Some(bytes)) => at += bytes,
            (0, None) => return Ok(at),
            (tag, _) => at += tag,
        }
    }
    Ok(length)
}

/// Where frames like the first go on behind a place where there is none.
pub(super) fn next(file: &mut Input, first: &[u8], from: u64) -> io::Result<Option<u64>> {
    let length = file.length();
    let Some((mark, _)) = first.split_first_chunk::<2>() else {
        return Ok(None);
    };
    let mut from = from + 1;
    while let Some(at) = search(file, from, length, mark)? {
        let head = extent::head(file, at, length)?;
        if let Some(bytes) = frame_bytes(&head) {
            let behind = extent::head(file, at + bytes, length)?;
            // Profile and rate.
            let is_like =
                |head: &[u8]| head.get(2).map(|x| x & 0xFC) == first.get(2).map(|x| x & 0xFC);
            if is_like(&head) && frame_bytes(&behind).is_some() && is_like(&behind) {
                return Ok(Some(at));
            }
        }
        from = at + 1;
    }
    Ok(None)
}

/// Whether two frames of a bare stream are at a place, or one that the file ends with.
pub(super) fn begins(reader: &mut (impl Read + Seek), at: u64, end: u64) -> io::Result<bool> {
    let Some(bytes) = frame_bytes(&extent::head(reader, at, end)?) else {
        return Ok(false);
    };
    let behind = extent::head(reader, at.saturating_add(bytes), end)?;
    Ok(at + bytes == end || frame_bytes(&behind).is_some())
}

/// Bytes of the frame that begins with these, if one does.
fn frame_bytes(head: &[u8]) -> Option<u64> {
    match *head {
        [0xFF, second, _, a, b, c, ..] if second & 0xF6 == 0xF0 => {
            let bytes = u64::from(a & 3) << 11 | u64::from(b) << 3 | u64::from(c) >> 5;
            (bytes >= HEAD as u64).then_some(bytes)
        }
        _ => None,
    }
}

/// Whether the last element of a frame is one of spectral band replication; some that
/// only fill up may follow.
fn ends_with_replication(frame: &[u8]) -> bool {
    let Some(last) = frame.iter().rposition(|byte| *byte != 0) else {
        return false;
    };
    // The end is three ones, and zeros up to a whole byte.
    let end = 8 * (last + 1) - frame[last].trailing_zeros() as usize;
    let end = end.checked_sub(3);
    end.is_some_and(|end| bits(frame, end, 3) == Some(7) && replicates(frame, end, 4))
}

/// Whether an element that fills up ends there and has the upper half of the band, or
/// one before it, behind which so many others come.
fn replicates(frame: &[u8], end: usize, others: usize) -> bool {
    (0..=269_usize).any(|bytes| {
        let (head, count) = match bytes {
            ..15 => (7, 6 << 4 | bytes as u32),
            _ => (15, (6 << 4 | 15) << 8 | (bytes - 14) as u32),
        };
        let Some(start) = end.checked_sub(8 * bytes + head) else {
            return false;
        };
        let kind = bits(frame, start + head, 4).filter(|_| bytes > 0);
        bits(frame, start, head) == Some(count)
            && match kind {
                Some(0xD | 0xE) => true,
                None | Some(0 | 1) => others > 0 && replicates(frame, start, others - 1),
                _ => false,
            }
    })
}

fn bits(frame: &[u8], at: usize, count: usize) -> Option<u32> {
    Bits { bytes: frame, at }.take(count)
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl Bits<'_> {
    fn is_high_efficiency(&mut self) -> Option<bool> {
        let object = self.object()?;
        if object == SBR || object == PS {
            return Some(true);
        }
        self.rate()?;
        if self.take(4)? == 0 {
            // Channels are told in an element of their own.
            return Some(false);
        }
        // The length of a frame, a core coder and its delay, an extension.
        self.take(1)?;
        if self.take(1)? == 1 {
            self.take(14)?;
        }
        self.take(1)?;
        Some(self.take(11)? == SYNC && self.object()? == SBR && self.take(1)? == 1)
    }

    fn object(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            object => Some(object),
        }
    }

    fn rate(&mut self) -> Option<u32> {
        match self.take(4)? {
            15 => self.take(24),
            index => Some(index),
        }
    }

    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for at in self.at..self.at + count {
            let byte = self.bytes.get(at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - at % 8) & 1);
        }
        self.at += count;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{ends_with_replication, is_high_efficiency};

    #[test]
    fn replication_is_found_from_the_end_of_a_frame() {
        // Some bits, an element that fills up with a kind and its bytes, the end.
        let frame = |elements: &[(u32, &[u8])]| {
            let mut bits = "10110".to_owned();
            for (kind, body) in elements {
                bits += &match body.len() {
                    count @ ..15 => format!("110{count:04b}"),
                    count => format!("1101111{:08b}", count - 14),
                };
                let body = body.iter().map(|byte| format!("{byte:08b}"));
                let body = body.collect::<String>();
                bits += &format!("{kind:04b}");
                bits += body.get(4..).unwrap_or_default();
            }
            bits += "111";
            let more = bits.len().next_multiple_of(8) - bits.len();
            bits += &"0".repeat(more);
            let bits = bits.as_bytes().chunks(8);
            let byte = |bits: &[u8]| u8::from_str_radix(str::from_utf8(bits).unwrap(), 2);
            bits.map(|bits| byte(bits).unwrap()).collect::<Vec<u8>>()
        };
        let long = [0x5A; 40];
        for has in [
            &[(0xD, &long[..11])][..],
            &[(0xE, &long)],
            &[(0xD, &long[..20]), (0, &[0; 3])],
            &[(0xD, &long[..20]), (0, &[0; 30]), (1, &[0xA5; 9])],
        ] {
            assert!(ends_with_replication(&frame(has)), "{has:x?}");
        }
        for has_not in [&[][..], &[(0, &long[..9])], &[(3, &long[..])]] {
            assert!(!ends_with_replication(&frame(has_not)), "{has_not:x?}");
        }
        assert!(!ends_with_replication(&[0; 30]));
    }

    #[test]
    fn high_efficiency_is_told_in_any_of_its_ways() {
        // Of 44.1 kHz, stereo: AAC-LC, and the same saying that there is no more.
        for core in [&[0x12, 0x10][..], &[0x12, 0x10, 0x56, 0xE5, 0x00], &[]] {
            assert!(!is_high_efficiency(core), "{core:x?}");
        }
        // SBR by its object type, PS by its own, SBR behind the core's.
        for more in [
            &[0x2B, 0x92, 0x08, 0x00][..],
            &[0xEB, 0x8A, 0x08, 0x00],
            &[0x13, 0x90, 0x56, 0xE5, 0xA0],
        ] {
            assert!(is_high_efficiency(more), "{more:x?}");
        }
    }
}

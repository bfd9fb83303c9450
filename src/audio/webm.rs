//! What a WebM or Matroska file says is padding at the end of its track, and how
//! it ends.
//!
//! EBML after RFC 8794, the elements after RFC 9559: a block may have samples
//! that are to be discarded, and the last one of an encoder has.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::extent::Rest;

/// What every such file begins with.
pub(super) const MARK: &[u8] = b"\x1a\x45\xdf\xa3";

const HEADER: u64 = 0x1A45_DFA3;
const SEGMENT: u64 = 0x1853_8067;
const CLUSTER: u64 = 0x1F43_B675;
const BLOCK_GROUP: u64 = 0xA0;
const BLOCK: u64 = 0xA1;
const SIMPLE_BLOCK: u64 = 0xA3;
const DISCARD_PADDING: u64 = 0x75A2;
/// Elements that are looked at; a file of more is a recording of weeks.
const MOST: u64 = 1 << 26;

/// Samples to discard at the end of a track's last block, at a sample rate in Hz,
/// and what lies behind it.
pub(super) fn end(file: File, track: u32, sample_rate: u32) -> io::Result<(u64, Rest)> {
    let (padding, rest) = walk(file, track)?;
    let exact = u128::from(padding) * u128::from(sample_rate);
    let samples = u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX);
    Ok((samples, rest))
}

/// The padding in nanoseconds.
fn walk(file: File, track: u32) -> io::Result<(u64, Rest)> {
    let mut reader = BufReader::with_capacity(4096, file);
    let end = reader.seek(SeekFrom::End(0))?;
    let mut at = 0;
    let (mut padding, mut in_track) = (0, false);
    for _ in 0..MOST {
        // A damaged or torn end is the decoder's to tell.
        let Some((id, body, size)) = element(&mut reader, at, end)? else {
            break;
        };
        if id == HEADER && at > 0 {
            return Ok((padding, Rest::More { bytes: end - at }));
        }
        // Those that hold others are gone into; so an unknown size is no matter.
        at = match (id, size) {
            (SEGMENT | CLUSTER | BLOCK_GROUP, _) => body,
            (_, Some(size)) => body.saturating_add(size),
            (_, None) => break,
        };
        match id {
            BLOCK | SIMPLE_BLOCK => {
                in_track = number(&mut reader, true)? == Some(u64::from(track));
                if in_track {
                    padding = 0;
                }
            }
            DISCARD_PADDING if in_track => {
                let mut bytes = [0; 8];
                let size = size.unwrap_or(0).min(8) as usize;
                reader.read_exact(&mut bytes[..size])?;
                let value = i64::from_be_bytes(bytes) >> (64 - 8 * size.max(1));
                padding = u64::try_from(value).unwrap_or(0);
            }
            _ => {}
        }
    }
    let rest = match at.cmp(&end) {
        Ordering::Less => Rest::Unknown,
        Ordering::Equal => Rest::Nothing,
        Ordering::Greater => Rest::Missing,
    };
    Ok((padding, rest))
}

/// Where a file should end: behind its segment, where that says how long it is.
pub(super) fn claimed_end(file: File) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(4096, file);
    let actual = reader.seek(SeekFrom::End(0))?;
    let header = element(&mut reader, 0, actual)?;
    let Some((_, body, Some(size))) = header else {
        return Ok(actual);
    };
    let segment = element(&mut reader, body.saturating_add(size), actual)?;
    let claimed = segment.and_then(|(id, body, size)| match id {
        SEGMENT => body.checked_add(size?),
        _ => None,
    });
    Ok(claimed.unwrap_or(actual).max(actual))
}

/// The element at a place: its identifier, where its body begins, and how long
/// that is where it is known.
fn element(
    reader: &mut BufReader<File>,
    at: u64,
    end: u64,
) -> io::Result<Option<(u64, u64, Option<u64>)>> {
    if at.saturating_add(2) > end {
        return Ok(None);
    }
    let by = at as i64 - reader.stream_position()? as i64;
    reader.seek_relative(by)?;
    let read = |reader: &mut BufReader<File>| -> io::Result<Option<(u64, Option<u64>)>> {
        let Some(id) = number(reader, false)? else {
            return Ok(None);
        };
        Ok(Some((id, number(reader, true)?)))
    };
    match read(reader) {
        Ok(Some((id, size))) => Ok(Some((id, reader.stream_position()?, size))),
        Ok(None) => Ok(None),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// A number of variable size, with its marker or without; `None` for one that
/// is too long, and without its marker for one that stands for 'unknown'.
fn number(reader: &mut impl Read, bare: bool) -> io::Result<Option<u64>> {
    let mut byte = [0];
    reader.read_exact(&mut byte)?;
    let more = byte[0].leading_zeros();
    if more >= 8 {
        return Ok(None);
    }
    let mut value = u64::from(byte[0]);
    for _ in 0..more {
        reader.read_exact(&mut byte)?;
        value = value << 8 | u64::from(byte[0]);
    }
    let bits = 7 * (more + 1);
    let payload = value & ((1 << bits) - 1);
    Ok(match bare {
        true => Some(payload).filter(|payload| *payload != (1 << bits) - 1),
        false => Some(value),
    })
}

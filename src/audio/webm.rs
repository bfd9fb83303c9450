//! What a WebM or Matroska file says is padding at the end of its track, how it
//! ends, and where it is damaged: there the next cluster is looked for.
//!
//! EBML after RFC 8794, the elements after RFC 9559: a block may have samples
//! that are to be discarded, and the last one of an encoder has.

use std::cmp::Ordering;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use super::extent::{Rest, search};
use super::input::Input;

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

/// Elements that a walk may come to, but for those above: of the top, of clusters
/// and of groups of blocks.
const KNOWN: [u64; 24] = [
    // SeekHead, Info, Tracks, Cues, Attachments, Chapters, Tags.
    0x114D_9B74,
    0x1549_A966,
    0x1654_AE6B,
    0x1C53_BB6B,
    0x1941_A469,
    0x1043_A770,
    0x1254_C367,
    // CRC-32, Void.
    0xBF,
    0xEC,
    // Timestamp, SilentTracks, Position, PrevSize, EncryptedBlock.
    0xE7,
    0x5854,
    0xA7,
    0xAB,
    0xAF,
    // Of a group: additions, duration, references, codec's state, slices.
    0x75A1,
    0x9B,
    0xFA,
    0xFB,
    0xFD,
    0xA4,
    0x8E,
    0xE8,
    0xC8,
    0xA2,
];

/// What a file's elements say.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Nanoseconds to discard of the last block of each track.
    paddings: Vec<(u64, u64)>,
    /// Stretches of bytes that are no elements, up to where one begins again.
    pub gaps: Vec<Range<u64>>,
    /// What lies behind it.
    pub rest: Rest,
}

impl Told {
    /// Samples to discard at the end of a track's last block, at a sample rate in Hz.
    pub fn padding(&self, track: u32, sample_rate: u32) -> u64 {
        let mut paddings = self.paddings.iter();
        let found = paddings.find(|(of, _)| *of == u64::from(track));
        let exact = found.map_or(0, |(_, padding)| {
            u128::from(*padding) * u128::from(sample_rate)
        });
        u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX)
    }
}

/// What the codec of a file's first audio track is called there.
pub(super) fn codec(file: Input) -> Option<String> {
    let mut head = Vec::new();
    file.take(1 << 16).read_to_end(&mut head).ok()?;
    // CodecID, of one byte's length.
    let at = head
        .windows(4)
        .position(|four| four[0] == 0x86 && &four[2..] == b"A_")?;
    let length = usize::from(head[at + 1] & 0x7F);
    let name = head.get(at + 2..at + 2 + length)?;
    str::from_utf8(name).ok().map(ToOwned::to_owned)
}

/// Walks through a file.
pub(super) fn walk(file: Input) -> io::Result<Told> {
    let mut reader = BufReader::with_capacity(4096, file);
    let end = reader.seek(SeekFrom::End(0))?;
    let mut told = Told::default();
    let (mut at, mut track, mut cluster_end, mut segment_end) = (0, None, None, None);
    for _ in 0..MOST {
        let found = element(&mut reader, at, end)?;
        if let Some((HEADER, ..)) = found
            && at > 0
        {
            told.rest = Rest::More {
                bytes: end - at,
                padding: 0,
            };
            return Ok(told);
        }
        let is_end = segment_end == Some(at);
        let is_strange = segment_end.is_none() && !found.is_some_and(|(id, ..)| is_known(id));
        if (is_end || is_strange) && at < end {
            let rest = Rest::from(&mut reader, at, end)?;
            if is_end || !matches!(rest, Rest::Other { .. }) {
                told.rest = rest;
                return Ok(told);
            }
        }
        let bound = cluster_end.filter(|end| *end > at).unwrap_or(end);
        let plausible = is_plausible(&mut reader, found, bound, end)?;
        if !plausible
            && at + 2 <= end
            && let Some(next) = next_cluster(&mut reader, at + 2, end)?
        {
            if let Some(header) = search(&mut reader, at, next, MARK)? {
                told.rest = Rest::More {
                    bytes: end - header,
                    padding: header - at,
                };
                return Ok(told);
            }
            // What is passed over stays within its cluster.
            let middle = cluster_end.filter(|end| (at..next).contains(end));
            let middle = middle.unwrap_or(next);
            told.gaps.extend(
                [at..middle, middle..next]
                    .into_iter()
                    .filter(|gap| !gap.is_empty()),
            );
            (at, cluster_end) = (next, None);
            continue;
        }
        // Of a file whose writer could not go back nothing but that tells its end.
        if segment_end.is_none() && at < end && !is_torn(found, end) && !plausible {
            told.rest = Rest::from(&mut reader, at, end)?;
            return Ok(told);
        }
        // A torn end is the decoder's to tell.
        let Some((id, body, size)) = found else { break };
        // Those that hold others are gone into; so an unknown size is no matter.
        at = match (id, size) {
            (SEGMENT | CLUSTER | BLOCK_GROUP, _) => body,
            (_, Some(size)) => body.saturating_add(size),
            (_, None) => break,
        };
        match id {
            SEGMENT => segment_end = size.map(|size| body.saturating_add(size)),
            CLUSTER => cluster_end = size.map(|size| body.saturating_add(size)),
            BLOCK | SIMPLE_BLOCK => {
                track = number(&mut reader, true)?;
                told.paddings.retain(|(of, _)| Some(*of) != track);
            }
            DISCARD_PADDING => {
                let mut bytes = [0; 8];
                let size = size.unwrap_or(0).min(8) as usize;
                reader.read_exact(&mut bytes[..size])?;
                let value = i64::from_be_bytes(bytes) >> (64 - 8 * size.max(1));
                let padding = u64::try_from(value).unwrap_or(0);
                told.paddings.extend(track.map(|track| (track, padding)));
            }
            _ => {}
        }
    }
    told.rest = match at.cmp(&end) {
        Ordering::Less => Rest::Unknown,
        Ordering::Equal => Rest::Nothing,
        Ordering::Greater => Rest::Missing,
    };
    Ok(told)
}

/// Whether an element is one that a walk may come to.
fn is_known(id: u64) -> bool {
    let others = [
        HEADER,
        SEGMENT,
        CLUSTER,
        BLOCK_GROUP,
        BLOCK,
        SIMPLE_BLOCK,
        DISCARD_PADDING,
    ];
    others.contains(&id) || KNOWN.contains(&id)
}

/// Whether an element is known, and the file ends within it.
fn is_torn(found: Option<(u64, u64, Option<u64>)>, end: u64) -> bool {
    found.is_some_and(|(id, body, size)| {
        is_known(id) && size.is_some_and(|size| body.saturating_add(size) > end)
    })
}

/// Whether an element may be there: it ends where it may, and it or what follows is
/// known.
fn is_plausible(
    reader: &mut BufReader<Input>,
    found: Option<(u64, u64, Option<u64>)>,
    bound: u64,
    end: u64,
) -> io::Result<bool> {
    Ok(match found {
        None => false,
        Some((SEGMENT | HEADER, ..)) => true,
        Some((id, _, None)) => id == CLUSTER || id == BLOCK_GROUP,
        Some((id, body, Some(size))) => {
            let behind = body.saturating_add(size);
            let fits = behind <= if id == CLUSTER { end } else { bound };
            let follows = |next: Option<(u64, _, _)>| next.is_some_and(|next| is_known(next.0));
            fits && (is_known(id) || behind == end || follows(element(reader, behind, end)?))
        }
    })
}

/// Where the next cluster begins from a place on, if any does.
fn next_cluster(reader: &mut BufReader<Input>, at: u64, end: u64) -> io::Result<Option<u64>> {
    const ID: [u8; 4] = (CLUSTER as u32).to_be_bytes();
    let mut found = at;
    loop {
        reader.seek(SeekFrom::Start(found))?;
        let mut bytes = reader.by_ref().bytes();
        let mut last = [0; 4];
        loop {
            let Some(byte) = bytes.next().transpose()? else {
                return Ok(None);
            };
            found += 1;
            last.rotate_left(1);
            last[3] = byte;
            if last == ID {
                break;
            }
        }
        let start = found - ID.len() as u64;
        let cluster = element(reader, start, end)?;
        let Some((CLUSTER, body, _)) = cluster else {
            continue;
        };
        let first = element(reader, body, end)?;
        if is_plausible(reader, cluster, end, end)? && is_plausible(reader, first, end, end)? {
            return Ok(Some(start));
        }
    }
}

/// Where a file should end: behind its segment, where that says how long it is.
pub(super) fn claimed_end(file: Input) -> io::Result<u64> {
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
    reader: &mut BufReader<Input>,
    at: u64,
    end: u64,
) -> io::Result<Option<(u64, u64, Option<u64>)>> {
    if at.saturating_add(2) > end {
        return Ok(None);
    }
    let by = at as i64 - reader.stream_position()? as i64;
    reader.seek_relative(by)?;
    let read = |reader: &mut BufReader<Input>| -> io::Result<Option<(u64, Option<u64>)>> {
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

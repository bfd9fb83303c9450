//! What an MP4 or QuickTime file says of its track that symphonia does not: what
//! is to be heard of it by its edit list, or where there is none, by iTunes' note
//! of an encoder's delay; and the order of its samples' bytes.
//!
//! After ISO/IEC 14496-12, 8.6.5 and 8.6.6. An encoder's delay is an edit that
//! begins behind it; a clip cut without decoding is one that begins and ends
//! within its samples. Files of several fragments have no count of their
//! samples: whether they are whole, the boxes' sizes tell.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use super::Fault;
use super::extent::{self, Rest};
use super::heard::Heard;
use super::input::Input;
use super::recognise::begins_audio;

mod itunes;
mod samples;

/// Edits that are read; a file of more is refused.
const MOST_EDITS: u32 = 4096;

/// What is said of a track, and of the file's end.
pub(super) struct Said {
    /// What of it is heard.
    pub heard: Heard,
    /// Whether its samples are big-endian where symphonia takes them for
    /// little-endian.
    pub is_big_endian: bool,
    pub rest: Rest,
}

/// What a file's boxes say.
#[derive(Default)]
struct Movie {
    timescale: u64,
    tracks: Vec<TrackBox>,
    /// How late iTunes says that an encoder is, in samples.
    delay: Option<u64>,
    is_there: bool,
    is_in_fragments: bool,
    rest: Rest,
    /// Where the last mark of a file's beginning is.
    begins: u64,
}

/// A track, as far as its edits need it.
#[derive(Default)]
struct TrackBox {
    id: u32,
    timescale: u64,
    edits: Vec<Edit>,
    too_many: bool,
    is_big_endian: bool,
}

#[derive(Clone, Copy)]
struct Edit {
    /// In the movie's time scale.
    duration: u64,
    /// In the track's; negative where nothing is heard.
    start: i64,
    rate: u32,
}

/// Reads what is said of a track of a sample rate in Hz.
///
/// # Errors
/// [`Fault::Unsupported`] for an edit list that cannot be honoured.
pub(super) fn said(file: Input, track: u32, sample_rate: u32) -> Result<Said, Fault> {
    let mut reader = BufReader::with_capacity(4096, file);
    let length = reader.seek(SeekFrom::End(0))?;
    let own = own_end(&mut reader, length)?;
    let mut movie = Movie::default();
    let end = boxes(&mut reader, 0..own, &mut |reader, name, body| {
        match &name {
            b"ftyp" if movie.rest == Rest::Unknown => movie.begins = body.start - 8,
            b"moov" if movie.is_there && movie.rest == Rest::Unknown => {
                movie.rest = Rest::More {
                    bytes: length - movie.begins,
                    padding: 0,
                };
            }
            b"moov" if !movie.is_there => movie.read(reader, body)?,
            _ => {}
        }
        Ok(())
    })?;
    if movie.rest == Rest::Unknown {
        movie.rest = match own < length {
            true => Rest::from(&mut reader, own, length)?,
            false if movie.is_in_fragments && end != length => Rest::Missing,
            false => Rest::Unknown,
        };
    }
    let of_track = movie.tracks.iter().find(|found| found.id == track);
    let heard = match of_track.filter(|found| !found.edits.is_empty()) {
        Some(found) => found.heard(movie.timescale, u64::from(sample_rate)),
        None => Ok(movie.delay.map_or(Heard::all(), Heard::from)),
    };
    Ok(Said {
        heard: heard.map_err(|what| Fault::Unsupported(what.to_owned()))?,
        is_big_endian: of_track.is_some_and(|found| found.is_big_endian),
        rest: movie.rest,
    })
}

/// Names of boxes that a file consists of.
const TOP: [&[u8; 4]; 18] = [
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"uuid", b"meta", b"moof", b"mfra",
    b"sidx", b"styp", b"ssix", b"pdin", b"pnot", b"udta", b"prft", b"emsg",
];

/// Where the boxes end, and what is none begins.
fn own_end(reader: &mut BufReader<Input>, length: u64) -> io::Result<u64> {
    let mut at = 0;
    while at + 8 <= length {
        let head = extent::head(reader, at, length)?;
        let Some((size, name)) = head.split_first_chunk::<4>() else {
            break;
        };
        let size = match (u32::from_be_bytes(*size), head.get(8..16)) {
            (1, Some(long)) => long.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)),
            (size, _) => u64::from(size),
        };
        let name = name.first_chunk::<4>().copied().unwrap_or_default();
        let is_known = TOP.contains(&&name);
        let is_text = name.iter().all(|byte| (b' '..=b'~').contains(byte));
        let fits = size >= 8 && at.saturating_add(size) <= length;
        if !is_known && (!is_text || !fits || begins_audio(&head)) {
            return Ok(at);
        }
        if size < 8 {
            // To the end, or nothing that makes sense: told by who reads it.
            break;
        }
        at = at.saturating_add(size);
    }
    Ok(length)
}

/// Where a file should end: behind its samples, where these come last.
pub(super) fn claimed_end(file: Input) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(4096, file);
    let actual = reader.seek(SeekFrom::End(0))?;
    let mut is_data = false;
    let end = boxes(&mut reader, 0..actual, &mut |_, name, _| {
        is_data = name == *b"mdat";
        Ok(())
    })?;
    Ok(if is_data { end.max(actual) } else { actual })
}

impl Movie {
    fn read(&mut self, reader: &mut BufReader<Input>, body: Range<u64>) -> io::Result<()> {
        self.is_there = true;
        boxes(reader, body, &mut |reader, name, body| {
            match &name {
                b"mvhd" => self.timescale = timescale(reader)?,
                b"trak" => self.tracks.push(track(reader, body)?),
                b"mvex" => self.is_in_fragments = true,
                b"udta" => self.delay = itunes::delay(reader, body)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }
}

fn track(reader: &mut BufReader<Input>, body: Range<u64>) -> io::Result<TrackBox> {
    let mut found = TrackBox::default();
    boxes(reader, body, &mut |reader, name, body| {
        match &name {
            b"tkhd" => {
                let long = u32_of(reader)? >> 24 == 1;
                reader.seek_relative(if long { 16 } else { 8 })?;
                found.id = u32_of(reader)?;
            }
            b"edts" => within(reader, body, b"elst", &mut |reader, _| {
                found.read_edits(reader)
            })?,
            b"mdia" => found.read_media(reader, body)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

impl TrackBox {
    fn read_media(&mut self, reader: &mut BufReader<Input>, body: Range<u64>) -> io::Result<()> {
        boxes(reader, body, &mut |reader, name, body| {
            match &name {
                b"mdhd" => self.timescale = timescale(reader)?,
                b"minf" => within(reader, body, b"stbl", &mut |reader, body| {
                    within(reader, body, b"stsd", &mut |reader, body| {
                        self.is_big_endian = samples::are_big_endian(reader, body)?;
                        Ok(())
                    })
                })?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(())
    }

    fn read_edits(&mut self, reader: &mut BufReader<Input>) -> io::Result<()> {
        let long = u32_of(reader)? >> 24 == 1;
        let count = u32_of(reader)?;
        self.too_many = count > MOST_EDITS;
        for _ in 0..count.min(MOST_EDITS) {
            let (duration, start) = match long {
                true => (u64_of(reader)?, u64_of(reader)? as i64),
                false => (
                    u64::from(u32_of(reader)?),
                    i64::from(u32_of(reader)? as i32),
                ),
            };
            let rate = u32_of(reader)?;
            self.edits.push(Edit {
                duration,
                start,
                rate,
            });
        }
        Ok(())
    }

    fn heard(&self, movie_scale: u64, sample_rate: u64) -> Result<Heard, &'static str> {
        if self.too_many {
            return Err("an edit list of thousands");
        }
        // An edit of nothing shifts the track against others: there are none.
        let edits: Vec<_> = self.edits.iter().filter(|edit| edit.start >= 0).collect();
        if edits.is_empty() {
            return Ok(Heard::all());
        }
        if self.timescale == 0 || movie_scale == 0 {
            return Err("an edit list without a time scale");
        }
        let mut heard: Vec<Range<u64>> = Vec::new();
        for edit in edits {
            if edit.rate != 0x0001_0000 {
                return Err("an edit list that changes the speed");
            }
            let start = scaled(edit.start as u64, self.timescale, sample_rate);
            // None: to the end, as a file written in fragments has it.
            let end = match edit.duration {
                0 => u64::MAX,
                duration => start + scaled(duration, movie_scale, sample_rate),
            };
            match heard.last_mut() {
                Some(before) if start < before.end => {
                    return Err("an edit list that goes back");
                }
                Some(before) if start == before.end => before.end = end,
                _ => heard.push(start..end),
            }
        }
        Ok(Heard::new(heard))
    }
}

/// A time in another unit, rounded.
fn scaled(time: u64, from: u64, to: u64) -> u64 {
    let exact = u128::from(time) * u128::from(to);
    u64::try_from((exact + u128::from(from) / 2) / u128::from(from)).unwrap_or(u64::MAX)
}

/// The time scale of a header, behind its two times.
fn timescale(reader: &mut BufReader<Input>) -> io::Result<u64> {
    let long = u32_of(reader)? >> 24 == 1;
    reader.seek_relative(if long { 16 } else { 8 })?;
    Ok(u64::from(u32_of(reader)?))
}

/// What is told of a box: its name, and where its body lies.
type Tell<'a> = dyn FnMut(&mut BufReader<Input>, [u8; 4], Range<u64>) -> io::Result<()> + 'a;
/// The same, where the name is known.
type TellBody<'a> = dyn FnMut(&mut BufReader<Input>, Range<u64>) -> io::Result<()> + 'a;

/// Tells of every box in a range, with the reader at its body, and returns where
/// the last one ends by its own word.
fn boxes(reader: &mut BufReader<Input>, range: Range<u64>, tell: &mut Tell<'_>) -> io::Result<u64> {
    let mut at = range.start;
    while at.saturating_add(8) <= range.end {
        reader.seek(SeekFrom::Start(at))?;
        let short = u32_of(reader)?;
        let mut name = [0; 4];
        reader.read_exact(&mut name)?;
        let (head, size) = match short {
            0 => (8, range.end - at),
            1 => (16, u64_of(reader)?),
            short => (8, u64::from(short)),
        };
        if size < head {
            break;
        }
        let end = at.saturating_add(size);
        let body = (at + head).min(range.end)..end.min(range.end);
        tell(reader, name, body)?;
        at = end;
    }
    Ok(at)
}

/// Tells of the boxes of a name in a range.
fn within(
    reader: &mut BufReader<Input>,
    range: Range<u64>,
    wanted: &[u8; 4],
    tell: &mut TellBody<'_>,
) -> io::Result<()> {
    boxes(
        reader,
        range,
        &mut |reader, name, body| match name == *wanted {
            true => tell(reader, body),
            false => Ok(()),
        },
    )?;
    Ok(())
}

fn u32_of(reader: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    reader.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

fn u64_of(reader: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

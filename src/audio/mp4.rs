//! What an MP4 file says is to be heard of its track: the edit list.
//!
//! After ISO/IEC 14496-12, 8.6.5 and 8.6.6. An encoder's delay is an edit that
//! begins behind it; a clip cut without decoding is one that begins and ends
//! within its samples.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use super::Fault;
use super::heard::Heard;

/// Edits that are read; a file of more is refused.
const MOST_EDITS: u32 = 4096;

/// What is to be heard of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Edits {
    /// These of its samples.
    Heard(Heard),
    /// Something that cannot be honoured.
    Strange(&'static str),
}

/// A track, as far as its edits need it.
#[derive(Default)]
struct TrackBox {
    id: u32,
    timescale: u64,
    edits: Vec<Edit>,
    too_many: bool,
}

#[derive(Clone, Copy)]
struct Edit {
    /// In the movie's time scale.
    duration: u64,
    /// In the track's; negative where nothing is heard.
    start: i64,
    rate: u32,
}

/// Which samples of a track are heard, at a sample rate in Hz.
pub(super) fn heard(file: File, track: u32, sample_rate: u32) -> Result<Heard, Fault> {
    match edits(file, track, sample_rate)? {
        Edits::Heard(heard) => Ok(heard),
        Edits::Strange(what) => Err(Fault::Unsupported(what.to_owned())),
    }
}

fn edits(file: File, track: u32, sample_rate: u32) -> io::Result<Edits> {
    let mut reader = BufReader::with_capacity(4096, file);
    let end = reader.seek(SeekFrom::End(0))?;
    let (mut movie_scale, mut tracks) = (0, Vec::new());
    boxes(&mut reader, 0..end, &mut |reader, name, body| {
        if name == *b"moov" {
            movie(reader, body, &mut movie_scale, &mut tracks)?;
        }
        Ok(())
    })?;
    let found = tracks.into_iter().find(|found| found.id == track);
    let found: TrackBox = found.unwrap_or_default();
    Ok(found.heard(movie_scale, u64::from(sample_rate)))
}

/// Where a file should end: behind its samples, where these come last.
pub(super) fn claimed_end(file: File) -> io::Result<u64> {
    let mut reader = BufReader::with_capacity(4096, file);
    let actual = reader.seek(SeekFrom::End(0))?;
    let mut claimed = actual;
    boxes(&mut reader, 0..u64::MAX, &mut |_, name, body| {
        if name == *b"mdat" && body.end != u64::MAX {
            claimed = claimed.max(body.end);
        }
        match body.end >= actual {
            true => Err(io::ErrorKind::UnexpectedEof.into()),
            false => Ok(()),
        }
    })
    .or_else(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Ok(()),
        _ => Err(error),
    })?;
    Ok(claimed)
}

fn movie(
    reader: &mut BufReader<File>,
    body: Range<u64>,
    scale: &mut u64,
    tracks: &mut Vec<TrackBox>,
) -> io::Result<()> {
    boxes(reader, body, &mut |reader, name, body| {
        match &name {
            b"mvhd" => *scale = timescale(reader)?,
            b"trak" => tracks.push(track(reader, body)?),
            _ => {}
        }
        Ok(())
    })
}

fn track(reader: &mut BufReader<File>, body: Range<u64>) -> io::Result<TrackBox> {
    let mut found = TrackBox::default();
    boxes(reader, body, &mut |reader, name, body| {
        match &name {
            b"tkhd" => {
                let long = u32_of(reader)? >> 24 == 1;
                reader.seek_relative(if long { 16 } else { 8 })?;
                found.id = u32_of(reader)?;
            }
            b"edts" => boxes(reader, body, &mut |reader, name, _| {
                if name == *b"elst" {
                    found.read_edits(reader)?;
                }
                Ok(())
            })?,
            b"mdia" => boxes(reader, body, &mut |reader, name, _| {
                if name == *b"mdhd" {
                    found.timescale = timescale(reader)?;
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

impl TrackBox {
    fn read_edits(&mut self, reader: &mut BufReader<File>) -> io::Result<()> {
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

    fn heard(&self, movie_scale: u64, sample_rate: u64) -> Edits {
        if self.too_many {
            return Edits::Strange("an edit list of thousands");
        }
        // An edit of nothing shifts the track against others: there are none.
        let edits: Vec<_> = self.edits.iter().filter(|edit| edit.start >= 0).collect();
        if edits.is_empty() {
            return Edits::Heard(Heard::all());
        }
        if self.timescale == 0 || movie_scale == 0 {
            return Edits::Strange("an edit list without a time scale");
        }
        let mut heard: Vec<Range<u64>> = Vec::new();
        for edit in edits {
            if edit.rate != 0x0001_0000 {
                return Edits::Strange("an edit list that changes the speed");
            }
            let start = scaled(edit.start as u64, self.timescale, sample_rate);
            // None: to the end, as a file written in fragments has it.
            let end = match edit.duration {
                0 => u64::MAX,
                duration => start + scaled(duration, movie_scale, sample_rate),
            };
            match heard.last_mut() {
                Some(before) if start < before.end => {
                    return Edits::Strange("an edit list that goes back");
                }
                Some(before) if start == before.end => before.end = end,
                _ => heard.push(start..end),
            }
        }
        Edits::Heard(Heard::new(heard))
    }
}

/// A time in another unit, rounded.
fn scaled(time: u64, from: u64, to: u64) -> u64 {
    let exact = u128::from(time) * u128::from(to);
    u64::try_from((exact + u128::from(from) / 2) / u128::from(from)).unwrap_or(u64::MAX)
}

/// The time scale of a header, behind its two times.
fn timescale(reader: &mut BufReader<File>) -> io::Result<u64> {
    let long = u32_of(reader)? >> 24 == 1;
    reader.seek_relative(if long { 16 } else { 8 })?;
    Ok(u64::from(u32_of(reader)?))
}

/// What is told of a box: its name, and where its body lies.
type Tell<'a> = dyn FnMut(&mut BufReader<File>, [u8; 4], Range<u64>) -> io::Result<()> + 'a;

/// Tells of every box in a range, with the reader at its body.
fn boxes(reader: &mut BufReader<File>, range: Range<u64>, tell: &mut Tell<'_>) -> io::Result<()> {
    let mut at = range.start;
    while at + 8 <= range.end {
        reader.seek(SeekFrom::Start(at))?;
        let short = u32_of(reader)?;
        let mut name = [0; 4];
        reader.read_exact(&mut name)?;
        let (head, size) = match short {
            0 => (8, range.end - at),
            1 => (16, u64_of(reader)?),
            short => (8, u64::from(short)),
        };
        let end = at.saturating_add(size).min(range.end);
        if size < head {
            return Ok(());
        }
        tell(reader, name, at + head..end)?;
        at = end;
    }
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

//! The headers of uncompressed WAV and RF64.
//!
//! Layout after the Multimedia Programming Interface and Data Specifications
//! 1.0 (IBM and Microsoft, 1991), and `WAVE_FORMAT_EXTENSIBLE` after Microsoft's
//! `mmreg.h`; RF64 after EBU Tech 3306.

use std::io::{self, BufReader, Read, Seek};

use super::extent::{Claim, Rest, behind, extent};
use super::input::Input;
use super::pcm::{Encoding, Order, Pcm};
use super::{Fault, MAX_CHANNELS};

/// A file that has more chunks than this before its data is not a WAV.
const MAX_CHUNKS: usize = 4096;

/// What the beginning of a file says.
pub(super) enum Header {
    /// Uncompressed audio.
    Plain(Pcm),
    /// Anything else, rewound: WAV with a codec, another format, or not audio; and
    /// what lies behind its audio, as far as that is known.
    Other(Input, Rest),
}

/// The fields of a `fmt ` chunk that matter here.
struct Format {
    tag: u16,
    channels: u16,
    sample_rate: u32,
    block_align: u16,
    bits: u16,
}

/// Reads the header of a file.
pub(super) fn header(file: Input) -> Result<Header, Fault> {
    let length = file.length();
    let mut reader = BufReader::with_capacity(512, file);
    let mut riff = [0; 12];
    if length < riff.len() as u64 {
        return Ok(Header::Other(reader.into_inner(), Rest::Unknown));
    }
    reader.read_exact(&mut riff)?;
    let [r, i, f, k, size @ .., w, a, v, e] = riff;
    if ![*b"RIFF", *b"RF64"].contains(&[r, i, f, k]) || [w, a, v, e] != *b"WAVE" {
        reader.rewind()?;
        return Ok(Header::Other(reader.into_inner(), Rest::Unknown));
    }
    let mut riff_bytes = u64::from(u32::from_le_bytes(size));
    // What a size that is too great for its field really is, in RF64.
    let mut data_bytes = None;
    let mut format = None;
    for _ in 0..MAX_CHUNKS {
        let mut chunk = [0; 8];
        reader.read_exact(&mut chunk)?;
        let [a, b, c, d, size @ ..] = chunk;
        let size = u32::from_le_bytes(size);
        let mut skip = i64::from(size) + i64::from(size % 2);
        match &[a, b, c, d] {
            b"ds64" => {
                riff_bytes = long(&mut reader)?;
                data_bytes = Some(long(&mut reader)?);
                skip -= 16;
            }
            b"fmt " => {
                format = Some(read_format(&mut reader, size)?);
                skip = 0;
            }
            b"data" => {
                let format = format.ok_or_else(|| damaged("no format chunk before the data"))?;
                let data_start = reader.stream_position()?;
                let Some(encoding) = format.encoding()? else {
                    return other(reader, data_start + u64::from(size), length, Order::Little);
                };
                let claim = Claim {
                    bytes: data_bytes
                        .filter(|_| size == u32::MAX)
                        .unwrap_or(u64::from(size)),
                    is_open_ended: 8 + riff_bytes <= data_start,
                };
                let frame_bytes = (encoding.bytes() * usize::from(format.channels)) as u64;
                let (bytes, flaw) = extent(&mut reader, claim, length, frame_bytes, Order::Little)?;
                return Ok(Header::Plain(Pcm {
                    frames: bytes / frame_bytes,
                    flaw,
                    file: reader.into_inner(),
                    encoding,
                    sample_rate: format.sample_rate,
                    channels: usize::from(format.channels),
                    data_start,
                }));
            }
            _ => {}
        }
        // Chunks are padded to even lengths.
        reader.seek_relative(skip)?;
    }
    Err(damaged("no data chunk"))
}

/// A file of chunks with a codec, whose audio ends at `end`.
pub(super) fn other(
    mut reader: BufReader<Input>,
    end: u64,
    length: u64,
    order: Order,
) -> Result<Header, Fault> {
    let rest = match end <= length {
        true => behind(&mut reader, end, length, order)?,
        false => Rest::Unknown,
    };
    reader.rewind()?;
    Ok(Header::Other(reader.into_inner(), rest))
}

fn long(reader: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    reader.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn read_format(reader: &mut BufReader<Input>, size: u32) -> Result<Format, Fault> {
    const EXTENSIBLE: u16 = 0xFFFE;
    let mut bytes = [0; 26];
    let fields = bytes.len().min(size as usize);
    if fields < 16 {
        return Err(damaged("format chunk too short"));
    }
    reader.read_exact(&mut bytes[..fields])?;
    let rest = i64::from(size) - fields as i64 + i64::from(size % 2);
    reader.seek_relative(rest)?;

    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let tag = match word(0) {
        // The first two bytes of the sub-format's GUID are the tag proper.
        EXTENSIBLE if fields == 26 => word(24),
        tag => tag,
    };
    Ok(Format {
        tag,
        channels: word(2),
        sample_rate: u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
        block_align: word(12),
        bits: word(14),
    })
}

impl Format {
    /// The encoding, or `None` for one that is not plain PCM or float.
    fn encoding(&self) -> Result<Option<Encoding>, Fault> {
        const PCM: u16 = 1;
        const IEEE_FLOAT: u16 = 3;
        if self.sample_rate == 0 {
            return Err(Fault::NoSampleRate);
        }
        if self.channels == 0 {
            return Err(Fault::NoChannels);
        }
        if usize::from(self.channels) > MAX_CHANNELS {
            return Err(Fault::Unsupported(format!("{} channels", self.channels)));
        }
        let container = self.block_align / self.channels.max(1);
        let encoding = match (self.tag, self.bits) {
            (PCM, 1..=8) => Some(Encoding::U8),
            // As libsndfile: 24 bits in four bytes are 32 bits. Else the bits
            // count, whatever a wrong block size says.
            (PCM, 17..=24) if container == 4 => Some(Encoding::S32(Order::Little)),
            (PCM, bits) => Encoding::integer(bits, Order::Little),
            (IEEE_FLOAT, bits) => Encoding::float(bits, Order::Little),
            _ => return Ok(None),
        };
        let unsupported = || Fault::Unsupported(format!("{} bits a sample", self.bits));
        Ok(Some(encoding.ok_or_else(unsupported)?))
    }
}

pub(super) fn damaged(what: &str) -> Fault {
    Fault::Damaged {
        what: what.to_owned(),
        found: 0,
    }
}

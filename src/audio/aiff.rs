//! The headers of uncompressed AIFF and AIFF-C.
//!
//! After Apple's Audio Interchange File Format 1.3 (1989) and AIFF-C (1991).

use std::io::{BufReader, Read, Seek, SeekFrom};

use super::extent::{Claim, Rest, extent};
use super::input::Input;
use super::pcm::{Encoding, Order, Pcm};
use super::wave::{Header, damaged, other};
use super::{Fault, MAX_CHANNELS};

/// A file that has more chunks than this before its sound is no AIFF.
const MAX_CHUNKS: usize = 4096;

/// The fields of a `COMM` chunk.
struct Common {
    channels: u16,
    frames: u32,
    bits: u16,
    sample_rate: u32,
    /// `NONE` in AIFF.
    compression: [u8; 4],
}

/// Reads the header of a file.
pub(super) fn header(file: Input) -> Result<Header, Fault> {
    let length = file.length();
    let mut reader = BufReader::with_capacity(512, file);
    let mut form = [0; 12];
    if length < form.len() as u64 {
        return Ok(Header::Other(reader.into_inner(), Rest::Unknown));
    }
    reader.read_exact(&mut form)?;
    let [f, o, r, m, size @ .., a, i, f2, kind] = form;
    if [f, o, r, m] != *b"FORM" || [a, i, f2] != *b"AIF" || !b"FC".contains(&kind) {
        reader.rewind()?;
        return Ok(Header::Other(reader.into_inner(), Rest::Unknown));
    }
    let form_bytes = u64::from(u32::from_be_bytes(size));
    let mut common = None;
    for _ in 0..MAX_CHUNKS {
        let mut chunk = [0; 8];
        reader.read_exact(&mut chunk)?;
        let [a, b, c, d, size @ ..] = chunk;
        let size = u32::from_be_bytes(size);
        match &[a, b, c, d] {
            b"COMM" => common = Some(Common::read(&mut reader, size)?),
            b"SSND" => {
                let common = common.ok_or_else(|| damaged("no common chunk before the sound"))?;
                let Some(encoding) = common.encoding()? else {
                    let end = reader.stream_position()? + u64::from(size);
                    return other(reader, end, length, Order::Big);
                };
                return sound(reader, length, form_bytes, size, &common, encoding);
            }
            _ => reader.seek_relative(i64::from(size) + i64::from(size % 2))?,
        }
    }
    Err(damaged("no sound chunk"))
}

fn sound(
    mut reader: BufReader<Input>,
    length: u64,
    form_bytes: u64,
    size: u32,
    common: &Common,
    encoding: Encoding,
) -> Result<Header, Fault> {
    let mut head = [0; 8];
    reader.read_exact(&mut head)?;
    let [a, b, c, d, ..] = head;
    let offset = u64::from(u32::from_be_bytes([a, b, c, d]));
    let data_start = reader.stream_position()? + offset;
    let frame_bytes = (encoding.bytes() * usize::from(common.channels)) as u64;
    // The chunk has the word; the count of frames only where it claims more.
    let claim = Claim {
        bytes: u64::from(size)
            .saturating_sub(8 + offset)
            .max(u64::from(common.frames) * frame_bytes),
        is_open_ended: 8 + form_bytes <= data_start,
    };
    reader.seek(SeekFrom::Start(data_start))?;
    let (bytes, flaw) = extent(&mut reader, claim, length, frame_bytes, Order::Big)?;
    Ok(Header::Plain(Pcm {
        file: reader.into_inner(),
        encoding,
        sample_rate: common.sample_rate,
        channels: usize::from(common.channels),
        frames: bytes / frame_bytes,
        flaw,
        data_start,
    }))
}

impl Common {
    fn read(reader: &mut BufReader<Input>, size: u32) -> Result<Self, Fault> {
        let mut bytes = [0; 22];
        bytes[18..].copy_from_slice(b"NONE");
        let fields = bytes.len().min(size as usize);
        if fields < 18 {
            return Err(damaged("common chunk too short"));
        }
        reader.read_exact(&mut bytes[..fields])?;
        reader.seek_relative(i64::from(size) - fields as i64 + i64::from(size % 2))?;
        let word = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
        Ok(Self {
            channels: word(0),
            frames: u32::from(word(2)) << 16 | u32::from(word(4)),
            bits: word(6),
            sample_rate: whole(word(8), &bytes[10..18]),
            compression: [bytes[18], bytes[19], bytes[20], bytes[21]],
        })
    }

    /// The encoding, or `None` for one that is not plain PCM or float.
    fn encoding(&self) -> Result<Option<Encoding>, Fault> {
        if self.sample_rate == 0 {
            return Err(Fault::NoSampleRate);
        }
        if self.channels == 0 {
            return Err(Fault::NoChannels);
        }
        if usize::from(self.channels) > MAX_CHANNELS {
            return Err(Fault::Unsupported(format!("{} channels", self.channels)));
        }
        let encoding = match (&self.compression, self.bits) {
            (b"NONE" | b"twos" | b"sowt", 1..=8) => Some(Encoding::S8),
            (b"NONE" | b"twos", bits) => Encoding::integer(bits, Order::Big),
            (b"sowt", bits) => Encoding::integer(bits, Order::Little),
            (b"fl32" | b"FL32", _) => Some(Encoding::F32(Order::Big)),
            (b"fl64" | b"FL64", _) => Some(Encoding::F64(Order::Big)),
            _ => return Ok(None),
        };
        let unsupported = || Fault::Unsupported(format!("{} bits a sample", self.bits));
        Ok(Some(encoding.ok_or_else(unsupported)?))
    }
}

/// A number of 80 bits, as far as it is whole; 0 where it is no rate of 32 bits.
fn whole(exponent: u16, fraction: &[u8]) -> u32 {
    let fraction = fraction
        .iter()
        .fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    // 1.0 has the exponent 16383, and its 1 in the fraction's highest bit.
    match u32::from(exponent).checked_sub(16383) {
        Some(power) if power < 32 => (fraction >> (63 - power)) as u32,
        _ => 0,
    }
}

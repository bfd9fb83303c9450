//! Uncompressed WAV: the chunk walk and the conversion of PCM and float samples.
//!
//! Layout after the Multimedia Programming Interface and Data Specifications
//! 1.0 (IBM and Microsoft, 1991), and `WAVE_FORMAT_EXTENSIBLE` after Microsoft's
//! `mmreg.h`.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};

use dasp_sample::Sample as _;

use super::{Ear, Fault, Info, Limits, MAX_CHANNELS};

/// Bytes read at a time, on the stack; room for a frame of [`MAX_CHANNELS`].
const BLOCK: usize = 1 << 14;

/// A file that has more chunks than this before its data is not a WAV.
const MAX_CHUNKS: usize = 4096;

/// Data sizes from here on stand for 'not known' when the file ends before:
/// sox and espeak-ng write 0x7FFFF000 into a pipe, ffmpeg 0xFFFFFFFF.
const STREAMING_SIZE: u32 = 0x7FFF_F000;

/// An uncompressed WAV file, open at no particular place.
pub(super) struct Wave {
    file: File,
    encoding: Encoding,
    sample_rate: u32,
    channels: usize,
    frames: u64,
    data_start: u64,
}

/// What the beginning of a file says.
pub(super) enum Header {
    /// Uncompressed WAV.
    Plain(Wave),
    /// Anything else, rewound: WAV with a codec, another format, or not audio.
    Other(File),
}

#[derive(Clone, Copy, Debug)]
enum Encoding {
    U8,
    S16,
    S24,
    S32,
    F32,
    F64,
}

impl Encoding {
    fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::S16 => 2,
            Self::S24 => 3,
            Self::S32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

/// The fields of a `fmt ` chunk that matter here.
struct Format {
    tag: u16,
    channels: u16,
    sample_rate: u32,
    block_align: u16,
    bits: u16,
}

/// Reads the header of a file of `length` bytes.
pub(super) fn header(file: File, length: u64) -> Result<Header, Fault> {
    let mut reader = BufReader::with_capacity(512, file);
    let mut riff = [0; 12];
    if length < riff.len() as u64 {
        return Ok(Header::Other(reader.into_inner()));
    }
    reader.read_exact(&mut riff)?;
    let [r, i, f, k, size @ .., w, a, v, e] = riff;
    if [r, i, f, k] == *b"RF64" {
        return Err(Fault::Unsupported("WAV of over 4 GiB, RF64".to_owned()));
    }
    if [r, i, f, k] != *b"RIFF" || [w, a, v, e] != *b"WAVE" {
        reader.rewind()?;
        return Ok(Header::Other(reader.into_inner()));
    }
    let riff_end = 8 + u64::from(u32::from_le_bytes(size));

    let mut format = None;
    for _ in 0..MAX_CHUNKS {
        let mut chunk = [0; 8];
        reader.read_exact(&mut chunk)?;
        let [a, b, c, d, size @ ..] = chunk;
        let size = u32::from_le_bytes(size);
        match &[a, b, c, d] {
            b"fmt " => format = Some(read_format(&mut reader, size)?),
            b"data" => {
                let format = format.ok_or_else(|| damaged("no format chunk before the data"))?;
                let Some(encoding) = format.encoding()? else {
                    reader.rewind()?;
                    return Ok(Header::Other(reader.into_inner()));
                };
                let data_start = reader.stream_position()?;
                let frame_bytes = (encoding.bytes() * usize::from(format.channels)) as u64;
                let available = length.saturating_sub(data_start);
                return Ok(Header::Plain(Wave {
                    file: reader.into_inner(),
                    encoding,
                    sample_rate: format.sample_rate,
                    channels: usize::from(format.channels),
                    frames: frames(size, available, riff_end <= data_start, frame_bytes)?,
                    data_start,
                }));
            }
            // Chunks are padded to even lengths.
            _ => reader.seek_relative(i64::from(size) + i64::from(size % 2))?,
        }
    }
    Err(damaged("no data chunk"))
}

/// How many frames the data chunk holds. `open_ended` says that the RIFF size
/// does not reach into the data: nobody came back to complete the header.
fn frames(size: u32, available: u64, open_ended: bool, frame_bytes: u64) -> Result<u64, Fault> {
    let claimed = u64::from(size);
    if claimed <= available && !(claimed == 0 && open_ended) {
        return Ok(claimed / frame_bytes);
    }
    if size == 0 || size >= STREAMING_SIZE {
        return Ok(available / frame_bytes);
    }
    Err(Fault::Truncated {
        expected: claimed / frame_bytes,
        found: available / frame_bytes,
    })
}

fn read_format(reader: &mut BufReader<File>, size: u32) -> Result<Format, Fault> {
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
        // Fewer bits than the container are in its upper part, so that the
        // container alone sets the scale.
        let encoding = match (self.tag, self.bits) {
            (PCM, 1..=8) => Encoding::U8,
            (PCM, 9..=16) => Encoding::S16,
            (PCM, 17..=24) => Encoding::S24,
            (PCM, 25..=32) => Encoding::S32,
            (IEEE_FLOAT, 32) => Encoding::F32,
            (IEEE_FLOAT, 64) => Encoding::F64,
            (PCM | IEEE_FLOAT, bits) => {
                return Err(Fault::Unsupported(format!("{bits} bits a sample")));
            }
            _ => return Ok(None),
        };
        if usize::from(self.block_align) != encoding.bytes() * usize::from(self.channels) {
            return Err(damaged("block size and channels do not fit together"));
        }
        Ok(Some(encoding))
    }
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged {
        what: what.to_owned(),
        found: 0,
    }
}

impl Wave {
    pub(super) fn info(&self) -> Info {
        Info {
            sample_rate: self.sample_rate,
            channels: self.channels,
            frames: Some(self.frames),
            uncompressed: true,
        }
    }

    pub(super) fn read_all(
        &mut self,
        limits: Limits,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        if self.frames == 0 {
            return Err(Fault::NoSamples);
        }
        if self.frames > limits.frames(self.sample_rate) {
            return Err(Fault::TooLong {
                max_seconds: limits.max_seconds,
            });
        }
        self.copy(0, self.frames, ear, out)
    }

    pub(super) fn read_range(
        &mut self,
        start: u64,
        frames: usize,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let end = start.saturating_add(frames as u64);
        if end > self.frames {
            return Err(Fault::OutOfRange {
                start,
                end,
                found: self.frames,
            });
        }
        self.copy(start, frames as u64, ear, out)
    }

    /// Appends frames that are known to be in the file.
    fn copy(
        &mut self,
        start: u64,
        frames: u64,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let frame_bytes = self.encoding.bytes() * self.channels;
        let from = self.data_start + start * frame_bytes as u64;
        self.file.seek(SeekFrom::Start(from))?;
        // Safe to reserve: the caller has checked the length against the file.
        out.reserve(usize::try_from(frames).unwrap_or(0));

        let per_block = (BLOCK / frame_bytes) as u64;
        let mut block = [0; BLOCK];
        let mut left = frames;
        while left > 0 {
            let bytes = &mut block[..per_block.min(left) as usize * frame_bytes];
            self.file
                .read_exact(bytes)
                .map_err(|error| self.shrunk(error, start + frames - left))?;
            self.convert(bytes, ear, out)?;
            left -= (bytes.len() / frame_bytes) as u64;
        }
        Ok(self.info())
    }

    /// The file ended although its length said otherwise a moment ago.
    fn shrunk(&self, error: io::Error, found: u64) -> Fault {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Fault::Truncated {
                expected: self.frames,
                found,
            },
            _ => Fault::Io(error),
        }
    }

    fn convert(&self, bytes: &[u8], ear: &mut Ear, out: &mut Vec<f32>) -> Result<(), Fault> {
        let n = self.channels;
        match self.encoding {
            Encoding::U8 => ear.interleaved(bytes, n, out, |[x]| x.to_sample()),
            Encoding::S16 => ear.interleaved(bytes, n, out, |x| i16::from_le_bytes(x).to_sample()),
            Encoding::S24 => ear.interleaved(bytes, n, out, |[a, b, c]| {
                // In the upper bits of 32: exact, and no range to check.
                i32::from_le_bytes([0, a, b, c]).to_sample()
            }),
            Encoding::S32 => ear.interleaved(bytes, n, out, |x| i32::from_le_bytes(x).to_sample()),
            Encoding::F32 => ear.interleaved(bytes, n, out, f32::from_le_bytes),
            Encoding::F64 => ear.interleaved(bytes, n, out, |x| f64::from_le_bytes(x) as f32),
        }
    }
}

//! Uncompressed samples, wherever in a file they lie: read as they are.

use std::io::{self, Read, Seek, SeekFrom};

use dasp_sample::Sample as _;

use super::input::Input;
use super::{Ear, Fault, Info, Limits};

/// Bytes read at a time, on the stack; room for a frame of
/// [`MAX_CHANNELS`](super::MAX_CHANNELS).
const BLOCK: usize = 1 << 14;

/// A file of uncompressed samples, open at no particular place.
pub(super) struct Pcm {
    pub file: Input,
    pub encoding: Encoding,
    pub sample_rate: u32,
    pub channels: usize,
    pub frames: u64,
    /// Where the first frame begins.
    pub data_start: u64,
    /// How the header and the file disagree on where the audio ends.
    pub flaw: Option<Fault>,
}

/// How a sample lies in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    U8,
    S8,
    S16(Order),
    S24(Order),
    S32(Order),
    F32(Order),
    F64(Order),
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Encoding {
    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::S8 => 1,
            Self::S16(_) => 2,
            Self::S24(_) => 3,
            Self::S32(_) | Self::F32(_) => 4,
            Self::F64(_) => 8,
        }
    }

    /// Integers of so many bits. Fewer bits than whole bytes are in the upper
    /// part of those, so that the bytes alone set the scale.
    pub fn integer(bits: u16, order: Order) -> Option<Self> {
        match bits {
            9..=16 => Some(Self::S16(order)),
            17..=24 => Some(Self::S24(order)),
            25..=32 => Some(Self::S32(order)),
            _ => None,
        }
    }

    /// Floating-point numbers of so many bits.
    pub fn float(bits: u16, order: Order) -> Option<Self> {
        match bits {
            32 => Some(Self::F32(order)),
            64 => Some(Self::F64(order)),
            _ => None,
        }
    }
}

impl Pcm {
    pub(super) fn info(&self) -> Info {
        Info {
            sample_rate: self.sample_rate,
            channels: self.channels,
            frames: Some(self.frames),
            uncompressed: true,
            mended: false,
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
        limits.check(self.sample_rate, self.frames)?;
        self.copy(0, self.frames, ear, out)
    }

    /// What its encoding is called.
    pub(super) fn codec(&self) -> &'static str {
        use Encoding::{F32, F64, S8, S16, S24, S32, U8};
        match self.encoding {
            U8 => "pcm_u8",
            S8 => "pcm_s8",
            S16(Order::Little) => "pcm_s16le",
            S16(Order::Big) => "pcm_s16be",
            S24(Order::Little) => "pcm_s24le",
            S24(Order::Big) => "pcm_s24be",
            S32(Order::Little) => "pcm_s32le",
            S32(Order::Big) => "pcm_s32be",
            F32(Order::Little) => "pcm_f32le",
            F32(Order::Big) => "pcm_f32be",
            F64(Order::Little) => "pcm_f64le",
            F64(Order::Big) => "pcm_f64be",
        }
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
        use Encoding::{F32, F64, S8, S16, S24, S32, U8};
        use Order::{Big, Little};
        let n = self.channels;
        match self.encoding {
            U8 => ear.interleaved(bytes, n, out, |[x]| x.to_sample()),
            S8 => ear.interleaved(bytes, n, out, |[x]| (x as i8).to_sample()),
            S16(Little) => ear.interleaved(bytes, n, out, |x| i16::from_le_bytes(x).to_sample()),
            S16(Big) => ear.interleaved(bytes, n, out, |x| i16::from_be_bytes(x).to_sample()),
            // In the upper bits of 32: exact, and no range to check.
            S24(Little) => ear.interleaved(bytes, n, out, |[a, b, c]| {
                i32::from_le_bytes([0, a, b, c]).to_sample()
            }),
            S24(Big) => ear.interleaved(bytes, n, out, |[a, b, c]| {
                i32::from_be_bytes([a, b, c, 0]).to_sample()
            }),
            S32(Little) => ear.interleaved(bytes, n, out, |x| i32::from_le_bytes(x).to_sample()),
            S32(Big) => ear.interleaved(bytes, n, out, |x| i32::from_be_bytes(x).to_sample()),
            F32(Little) => ear.interleaved(bytes, n, out, f32::from_le_bytes),
            F32(Big) => ear.interleaved(bytes, n, out, f32::from_be_bytes),
            F64(Little) => ear.interleaved(bytes, n, out, |x| f64::from_le_bytes(x) as f32),
            F64(Big) => ear.interleaved(bytes, n, out, |x| f64::from_be_bytes(x) as f32),
        }
    }
}

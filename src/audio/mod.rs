//! Audio files to samples: WAV, RF64, AIFF, CAF, FLAC, MP3, Vorbis and Opus (Ogg,
//! WebM, Matroska), AAC (M4A, ADTS) and ALAC.
//!
//! The content decides what a file is, never its name. Of several channels an
//! [`Ear`] takes one: the first, as livekit-wakeword does, unless told otherwise.
//! Integer samples of `b` bits are divided by 2^(b−1), which gives exactly
//! libsndfile's values in [−1, 1); floating-point samples are passed through and
//! so may lie outside.
//!
//! A file is read whole or not at all: one that holds less than its header says
//! is an error, never a short clip, and so is one with audio behind what its
//! header counts, where that cannot be read. Only where a format has no word on
//! its length (an MP3 without a tag, a FLAC or WAV written into a pipe) it ends
//! where the file ends. Starts and ends are exact where the format states them:
//! an encoder's delay and padding in MP3 (LAME's tag), Vorbis, Opus (pre-skip)
//! and M4A (edit list), a clip cut by an edit list. What follows the part that
//! an MP3's tag counts is read, as ffmpeg does.
//!
//! Uncompressed WAV and AIFF are read here directly: they are what most training
//! sets are made of, and walking the chunks ourselves finds truncation and the
//! lengths that streaming writers leave open. The frames of MP3 are walked here
//! too, for what lies between and behind them; everything else goes through
//! symphonia, but Opus, whose packets `opus-pure` decodes.

mod aac;
mod aiff;
mod caf;
mod claimed;
mod decode;
mod ear;
mod error;
mod extent;
mod flac;
mod heard;
mod input;
mod joined;
mod mp4;
mod mpeg;
mod ogg;
mod opus;
mod pcm;
mod reader;
mod recognise;
mod recording;
mod retry;
mod tags;
pub mod wav;
mod wave;
mod webm;

#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use ear::{Channel, Ear};
pub use error::{AudioError, Fault};
pub use input::FileRange;
pub use reader::Reader;
pub use recognise::is_audio;
pub use recording::{Next, Recording};
pub use retry::retry;

use decode::Coded;
use pcm::Pcm;
use wave::Header;

/// Greatest magnitude of a sample: what is beyond is no audio, and its square
/// may be beyond what a float can hold. 16-bit integers as floats are allowed.
const LOUDEST: f32 = 1e9;

/// Most channels accepted, as Vorbis: a decoder's memory grows with them, and a
/// damaged header may claim 65,535.
const MAX_CHANNELS: usize = 255;

/// What one file may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Longest audio accepted, in seconds.
    pub max_seconds: f64,
}

impl Limits {
    /// Any length.
    pub const NONE: Self = Self {
        max_seconds: f64::INFINITY,
    };

    /// The frames that a file of this sample rate may have.
    fn frames(self, sample_rate: u32) -> u64 {
        // A float cast saturates, so infinity means no limit.
        (self.max_seconds * f64::from(sample_rate)) as u64
    }

    fn check(self, sample_rate: u32, frames: u64) -> Result<(), Fault> {
        match frames > self.frames(sample_rate) {
            true => Err(Fault::TooLong {
                max_seconds: self.max_seconds,
            }),
            false => Ok(()),
        }
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Sample rate in Hz, never 0.
    pub sample_rate: u32,
    /// Number of channels, never 0.
    pub channels: usize,
    /// Length in samples of one channel; `None` where only decoding can tell.
    pub frames: Option<u64>,
    /// Whether samples lie in the file as they are, so that a piece costs no
    /// more than reading it.
    pub uncompressed: bool,
    /// Whether parts of what was read are damaged: frames of MP3 that do not
    /// decode, which are silence, and bytes between them, which are passed over.
    pub mended: bool,
}

/// Reads the first channel of a whole file into `out`, replacing what was there.
///
/// # Errors
/// [`AudioError`], with `out` empty: the file cannot be opened or is not a
/// regular file, is not audio, is damaged, truncated, empty or too long, or
/// holds a sample that is not finite or absurdly great.
pub fn read(
    file: impl Into<FileRange>,
    limits: Limits,
    out: &mut Vec<f32>,
) -> Result<Info, AudioError> {
    read_with(file, limits, &mut Ear::default(), out)
}

/// Reads what `ear` takes of a whole file into `out`, replacing what was there.
///
/// # Errors
/// [`AudioError`] as [`read`]; [`Fault::NoChannel`] where the file has fewer
/// channels than the one to take.
pub fn read_with(
    file: impl Into<FileRange>,
    limits: Limits,
    ear: &mut Ear,
    out: &mut Vec<f32>,
) -> Result<Info, AudioError> {
    let file = file.into();
    ear.reset();
    fill(&file, out, |out| match open(&file)? {
        Source::Plain(mut pcm) => pcm.read_all(limits, ear, out),
        Source::Coded(mut coded) => coded.read_all(limits, ear, out),
    })
}

/// Reads what a file's header says, without decoding.
///
/// # Errors
/// [`AudioError`] as [`read`], as far as the header shows it.
pub fn probe(file: impl Into<FileRange>) -> Result<Info, AudioError> {
    let file = file.into();
    guard(|| Ok(open(&file)?.info())).map_err(|fault| AudioError::new(&file, fault))
}

/// Reads `frames` samples of the first channel from `start` on into `out`,
/// replacing what was there: exactly that slice of what [`read`] gives.
///
/// Uncompressed audio and FLAC are read from the place; other codecs, whose
/// state reaches back, are decoded from the beginning in constant memory, and
/// so is a FLAC in which the place is not found.
///
/// # Errors
/// [`AudioError`] as [`read`], with `out` empty; [`Fault::OutOfRange`] where
/// the file ends before the piece does.
pub fn read_range(
    file: impl Into<FileRange>,
    start: u64,
    frames: usize,
    out: &mut Vec<f32>,
) -> Result<Info, AudioError> {
    read_range_with(file, start, frames, &mut Ear::default(), out)
}

/// Reads what `ear` takes of `frames` frames from `start` on, as [`read_range`].
///
/// # Errors
/// [`AudioError`] as [`read_range`] and [`read_with`].
pub fn read_range_with(
    file: impl Into<FileRange>,
    start: u64,
    frames: usize,
    ear: &mut Ear,
    out: &mut Vec<f32>,
) -> Result<Info, AudioError> {
    let file = file.into();
    ear.reset();
    fill(&file, out, |out| {
        let mut coded = match open(&file)? {
            Source::Plain(mut pcm) => return pcm.read_range(start, frames, ear, out),
            Source::Coded(coded) => coded,
        };
        if coded.seeks() {
            // The search fails in intact files too: symphonia's runs into the
            // end where the last frame, or padding behind it, is most of the file.
            if let Ok(info) = guard(|| coded.seek_range(start, frames, ear, out)) {
                return Ok(info);
            }
            out.clear();
            *coded = Coded::open(&file, file.open()?)?;
        }
        coded.read_range(start, frames, ear, out)
    })
}

enum Source {
    Plain(Pcm),
    Coded(Box<Coded>),
}

impl Source {
    fn info(&self) -> Info {
        match self {
            Self::Plain(pcm) => pcm.info(),
            Self::Coded(coded) => coded.info(),
        }
    }
}

/// Opens a file that is whole, as far as its header tells.
fn open(file: &FileRange) -> Result<Source, Fault> {
    match open_any(file)? {
        Source::Plain(Pcm {
            flaw: Some(flaw), ..
        }) => Err(flaw),
        Source::Coded(coded) => coded.check_gaps().map(|()| Source::Coded(coded)),
        source => Ok(source),
    }
}

fn open_any(file: &FileRange) -> Result<Source, Fault> {
    let (input, of_wave) = match wave::header(file.open()?)? {
        Header::Plain(pcm) => return Ok(Source::Plain(pcm)),
        Header::Other(input, rest) => (input, rest),
    };
    let (input, of_aiff) = match aiff::header(input)? {
        Header::Plain(pcm) => return Ok(Source::Plain(pcm)),
        Header::Other(input, rest) => (input, rest),
    };
    match Coded::open(file, input) {
        Err(Fault::Unrecognised) => Err(match recognise::unreadable(file) {
            Some(name) => Fault::Unsupported(name.to_owned()),
            None => Fault::Unrecognised,
        }),
        coded => Ok(Source::Coded(Box::new(
            coded?.followed_by(of_wave).followed_by(of_aiff),
        ))),
    }
}

/// Runs one reading into `out`, checks what came, and empties `out` on failure.
fn fill(
    file: &FileRange,
    out: &mut Vec<f32>,
    read: impl FnOnce(&mut Vec<f32>) -> Result<Info, Fault>,
) -> Result<Info, AudioError> {
    out.clear();
    let result = guard(|| {
        let info = read(out)?;
        plausible(0, out)?;
        Ok(info)
    });
    result.map_err(|fault| {
        out.clear();
        AudioError::new(file, fault)
    })
}

/// Turns a panic into an error: symphonia's decoders are safe Rust, but index
/// and arithmetic checks in them can still panic on malformed input. Nothing of
/// the reader outlives the panic, so no broken state is seen afterwards.
fn guard<T>(read: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Err(Fault::Panicked(message.unwrap_or_default()))
    })
}

/// Whether samples, of which the first is frame `at` of what is read, are audio.
fn plausible(at: u64, samples: &[f32]) -> Result<(), Fault> {
    // No short cut in the first pass, so that it runs in vector registers. NaN
    // compares with nothing.
    if samples
        .iter()
        .fold(true, |all, x| all & (x.abs() <= LOUDEST))
    {
        return Ok(());
    }
    let mut samples = (at..).zip(samples);
    let first = samples.find(|(_, x)| x.is_nan() || x.abs() > LOUDEST);
    Err(match first {
        Some((frame, value)) if value.is_finite() => Fault::TooLoud {
            frame,
            value: *value,
        },
        first => Fault::NotFinite {
            frame: first.map_or(at, |(frame, _)| frame),
        },
    })
}

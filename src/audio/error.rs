//! What can be wrong with an audio file.

use std::io;
use std::path::PathBuf;

use symphonia::core::errors::Error as DecoderError;

use super::FileRange;

/// An audio file that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct AudioError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: Fault,
}

impl AudioError {
    pub(super) fn new(file: &FileRange, fault: Fault) -> Self {
        Self {
            path: file.path.to_path_buf(),
            fault,
        }
    }

    /// Whether trying again may succeed: an interrupted or timed-out read, not
    /// a property of the file.
    pub fn is_transient(&self) -> bool {
        let Fault::Io(error) = &self.fault else {
            return false;
        };
        is_retry(error.kind())
    }
}

fn is_retry(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::WouldBlock
            | io::ErrorKind::StaleNetworkFileHandle
            | io::ErrorKind::ResourceBusy
    )
}

/// What is wrong with an audio file.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The operating system refused.
    #[error("cannot read: {0}")]
    Io(#[source] io::Error),
    /// A folder, a pipe or a device.
    #[error("not a regular file")]
    NotAFile,
    /// Fewer channels than the one to take.
    #[error("it has {channels} channel(s), and audio.channel takes number {number}")]
    NoChannel {
        /// The channel to take, counted from 1.
        number: usize,
        /// Channels in the file.
        channels: usize,
    },
    /// No bytes at all.
    #[error("the file is empty (0 bytes)")]
    Empty,
    /// No known audio format.
    #[error("not audio that can be read: convert it to WAV, FLAC, MP3, Ogg Vorbis, M4A or AIFF")]
    Unrecognised,
    /// A known format in a variant that cannot be read.
    #[error("not supported ({0}): convert it to FLAC or 16-bit WAV")]
    Unsupported(String),
    /// A container without audio.
    #[error("no audio track that can be read; if it has one, convert it: ffmpeg -i IN OUT.wav")]
    NoTrack,
    /// A header without a usable sample rate.
    #[error("the header gives a sample rate of 0")]
    NoSampleRate,
    /// A header without channels.
    #[error("the header gives 0 channels")]
    NoChannels,
    /// An intact file of length 0.
    #[error("no samples")]
    NoSamples,
    /// The file holds less, or more, than its header says.
    #[error("{}: header says {expected} frames, file holds {found}{}", disagreement(*expected, *found).0, disagreement(*expected, *found).1)]
    Truncated {
        /// Frames by the header.
        expected: u64,
        /// Frames found.
        found: u64,
    },
    /// Another file follows in the same one.
    #[error("a second file follows the first{}", between(*strays))]
    Follows {
        /// Bytes between the two that are no audio.
        strays: u64,
    },
    /// There is more audio than its header counts.
    #[error(
        "{bytes} bytes of audio, or of something else, lie behind the end that its header gives; convert it: ffmpeg -i IN OUT.wav"
    )]
    Beyond {
        /// Bytes behind the end.
        bytes: u64,
    },
    /// The file ends within its header or within a packet.
    #[error("truncated: the file ends after {found} frames, in the middle of its data")]
    Cut {
        /// Frames found.
        found: u64,
    },
    /// Structures that contradict themselves.
    #[error("damaged after {found} frames: {what}")]
    Damaged {
        /// What the decoder objected to.
        what: String,
        /// Frames decoded before that.
        found: u64,
    },
    /// More audio than allowed.
    #[error("longer than the {max_seconds} s that audio.max_seconds allows")]
    TooLong {
        /// The limit.
        max_seconds: f64,
    },
    /// A piece was asked for that lies beyond the end.
    #[error("frames {start} to {end} asked for, the file ends at {found}")]
    OutOfRange {
        /// First frame asked for.
        start: u64,
        /// End of the frames asked for.
        end: u64,
        /// Frames in the file.
        found: u64,
    },
    /// NaN or infinity.
    #[error("sample {frame} is not a finite number")]
    NotFinite {
        /// Its index among the samples read.
        frame: u64,
    },
    /// A number that is no sample of any audio.
    #[error("sample {frame} is {value:e}, far beyond full scale")]
    TooLoud {
        /// Its index among the samples read.
        frame: u64,
        /// The number.
        value: f32,
    },
    /// A defect of the decoder.
    #[error("the decoder panicked on it ({0}): convert the file to 16-bit WAV")]
    Panicked(String),
}

/// What lies between two files.
fn between(strays: u64) -> String {
    match strays {
        0 => String::new(),
        strays => format!(", behind {strays} bytes that are no audio"),
    }
}

/// How a count and the file disagree, and what to do.
fn disagreement(expected: u64, found: u64) -> (&'static str, &'static str) {
    match found > expected {
        true => (
            "its header counts less than there is",
            "; convert it: ffmpeg -i IN OUT.wav",
        ),
        false => ("truncated", ""),
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut { found: 0 },
            _ => Self::Io(error),
        }
    }
}

impl Fault {
    /// What a decoder's error says about a file of which `found` frames were read.
    pub(super) fn from_decoder(error: DecoderError, found: u64) -> Self {
        match error {
            DecoderError::IoError(error) => match error.kind() {
                io::ErrorKind::UnexpectedEof => Self::Cut { found },
                // Some malformed data is reported in this guise; a real error of the
                // operating system carries its number.
                _ if error.raw_os_error().is_none() && !is_retry(error.kind()) => Self::Damaged {
                    what: error.to_string(),
                    found,
                },
                _ => Self::Io(error),
            },
            DecoderError::DecodeError("isomp4: invalid pcm sample size") => {
                Self::Unsupported("samples of 8 bits in QuickTime".to_owned())
            }
            DecoderError::DecodeError("pcm: unexpected bits per sample") => {
                Self::Unsupported("A-law or µ-law in this container".to_owned())
            }
            DecoderError::DecodeError(what) => Self::Damaged {
                what: what.to_owned(),
                found,
            },
            DecoderError::Unsupported(what) if what.starts_with("core (probe)") => {
                Self::Unrecognised
            }
            DecoderError::Unsupported(what) if what.starts_with("core (codec)") => {
                Self::Unsupported("the audio codec in it".to_owned())
            }
            DecoderError::Unsupported(what) if what.ends_with("missing moov atom") => {
                Self::Damaged {
                    what: "its index (moov) is missing, as of a file that was cut off".to_owned(),
                    found,
                }
            }
            DecoderError::Unsupported(what) if what.ends_with("missing segment element") => {
                Self::Cut { found }
            }
            DecoderError::Unsupported(what) => Self::Unsupported(what.to_owned()),
            DecoderError::ResetRequired => {
                Self::Unsupported("the stream changes its format midway".to_owned())
            }
            other => Self::Damaged {
                what: other.to_string(),
                found,
            },
        }
    }
}

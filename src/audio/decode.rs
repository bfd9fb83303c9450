//! Everything but uncompressed WAV, through symphonia.

use std::fs::File;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as DecoderError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_AIFF, FORMAT_ID_FLAC, FORMAT_ID_MP3, FORMAT_ID_WAVE,
};
use symphonia::core::formats::{
    FormatId, FormatOptions, FormatReader, SeekMode, SeekTo, Track, TrackType,
};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::{get_codecs, get_probe};

use super::{Ear, Fault, Info, Limits, MAX_CHANNELS};

/// Frames reserved on a header's word alone; more grows as it is decoded.
const MAX_RESERVE: u64 = 1 << 20;

/// A file whose container is open, at its first packet.
pub(super) struct Coded {
    format: Box<dyn FormatReader>,
    codec: AudioCodecParameters,
    track: u32,
    info: Info,
    /// Whether packets state their exact place and decode on their own.
    self_contained: bool,
    /// Whether the header's length is a guess, so that nothing may be cut by it.
    length_guessed: bool,
}

impl Coded {
    pub(super) fn open(file: File) -> Result<Self, Fault> {
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let format = get_probe()
            .probe(
                &Hint::new(),
                stream,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
            .map_err(|error| Fault::from_decoder(error, 0))?;
        let track = format
            .default_track(TrackType::Audio)
            .ok_or(Fault::NoTrack)?;
        let Some(CodecParameters::Audio(codec)) = &track.codec_params else {
            return Err(Fault::NoTrack);
        };
        let id = format.format_info().format;
        let info = Info {
            sample_rate: codec
                .sample_rate
                .filter(|&rate| rate > 0)
                .ok_or(Fault::NoSampleRate)?,
            channels: codec
                .channels
                .as_ref()
                .map_or(1, |channels| channels.count())
                .max(1),
            frames: exact_frames(id, track),
            uncompressed: false,
        };
        if info.channels > MAX_CHANNELS {
            return Err(Fault::Unsupported(format!("{} channels", info.channels)));
        }
        Ok(Self {
            codec: codec.clone(),
            track: track.id,
            info,
            self_contained: id == FORMAT_ID_FLAC || id == FORMAT_ID_AIFF,
            length_guessed: id == FORMAT_ID_ADTS || id == FORMAT_ID_MP3 && track.delay.is_none(),
            format,
        })
    }

    /// A decoder for the track; apart from [`Coded::open`] because that of
    /// Vorbis takes longer to set up than a short clip to decode.
    fn decoder(&self) -> Result<Box<dyn AudioDecoder>, Fault> {
        get_codecs()
            .make_audio_decoder(&self.codec, &AudioDecoderOptions::default())
            .map_err(|error| Fault::from_decoder(error, 0))
    }

    pub(super) fn info(&self) -> Info {
        self.info
    }

    pub(super) fn read_all(
        &mut self,
        limits: Limits,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let too_long = Fault::TooLong {
            max_seconds: limits.max_seconds,
        };
        let max_frames = limits.frames(self.info.sample_rate);
        let expected = self.info.frames;
        if expected.is_some_and(|frames| frames > max_frames) {
            return Err(too_long);
        }
        out.reserve(expected.unwrap_or(0).min(MAX_RESERVE) as usize);

        let mut decoder = self.decoder()?;
        let (mut planes, mut mean) = (Vec::new(), Vec::new());
        while self.next_block(&mut *decoder, out.len() as u64, &mut planes)? {
            let block = ear.planes(&planes, &mut mean)?;
            if (out.len() + block.len()) as u64 > max_frames {
                return Err(too_long);
            }
            out.extend_from_slice(block);
        }
        let found = out.len() as u64;
        match expected {
            Some(expected) if expected != found => Err(Fault::Truncated { expected, found }),
            _ if found == 0 => Err(Fault::NoSamples),
            _ => Ok(Info {
                frames: Some(found),
                ..self.info
            }),
        }
    }

    /// Whether [`Coded::seek_range`] may be tried.
    pub(super) fn seeks(&self) -> bool {
        self.self_contained && self.info.frames.is_some()
    }

    /// Reads a piece by a search for its first packet, which may fail although
    /// the file has the piece.
    pub(super) fn seek_range(
        &mut self,
        start: u64,
        frames: usize,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let position = self.seek(start)?;
        self.read_piece(position, start, frames, ear, out)
    }

    /// Reads a piece by decoding all that comes before it.
    pub(super) fn read_range(
        &mut self,
        start: u64,
        frames: usize,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        self.read_piece(0, start, frames, ear, out)
    }

    /// Reads a piece from a packet on that begins at frame `position`.
    fn read_piece(
        &mut self,
        mut position: u64,
        start: u64,
        frames: usize,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let end = start.saturating_add(frames as u64);
        let out_of_range = |found| Fault::OutOfRange { start, end, found };
        match self.info.frames {
            Some(known) if end > known => return Err(out_of_range(known)),
            Some(_) if frames == 0 => return Ok(self.info),
            _ => {}
        }
        let mut decoder = self.decoder()?;
        let (mut planes, mut mean) = (Vec::new(), Vec::new());
        while position < end {
            if !self.next_block(&mut *decoder, position, &mut planes)? {
                return Err(out_of_range(position));
            }
            let block = ear.planes(&planes, &mut mean)?;
            let from = start.saturating_sub(position).min(block.len() as u64) as usize;
            let to = (end - position).min(block.len() as u64) as usize;
            out.extend_from_slice(&block[from..to]);
            position += block.len() as u64;
        }
        Ok(self.info)
    }

    /// Goes to the packet that holds a frame, and says which frame it begins with.
    fn seek(&mut self, frame: u64) -> Result<u64, Fault> {
        let to = SeekTo::Timestamp {
            ts: Timestamp::new(i64::try_from(frame).unwrap_or(i64::MAX)),
            track_id: self.track,
        };
        let seeked = self
            .format
            .seek(SeekMode::Accurate, to)
            .map_err(|error| Fault::from_decoder(error, 0))?;
        u64::try_from(seeked.actual_ts.get())
            .ok()
            .filter(|&position| position <= frame)
            .ok_or_else(|| astray(frame))
    }

    /// Decodes the next packet into one vector a channel; `false` at the end.
    /// `found` frames came before it.
    fn next_block(
        &mut self,
        decoder: &mut dyn AudioDecoder,
        found: u64,
        planes: &mut Vec<Vec<f32>>,
    ) -> Result<bool, Fault> {
        let fault = |error| Fault::from_decoder(error, found);
        loop {
            let mut packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => return Ok(false),
                // The caller compares with the length that is known.
                Err(error) if is_end(&error) && self.info.frames.is_some() => return Ok(false),
                Err(error) => return Err(fault(error)),
            };
            if packet.track_id != self.track {
                continue;
            }
            if self.self_contained && u64::try_from(packet.pts.get()) != Ok(found) {
                // A damaged frame was skipped, or a false block size led a search astray.
                return Err(astray(found));
            }
            if self.length_guessed {
                untrim(&mut packet);
            }
            let buffer = decoder.decode(&packet).map_err(fault)?;
            let spec = buffer.spec();
            if found == 0 {
                // The codec has the last word: HE-AAC states twice its core's rate.
                self.info.sample_rate = spec.rate();
                self.info.channels = spec.channels().count();
            } else if spec.rate() != self.info.sample_rate {
                return Err(fault(DecoderError::ResetRequired));
            }
            if self.info.sample_rate == 0 {
                return Err(Fault::NoSampleRate);
            }
            buffer.copy_to_vecs_planar(planes);
            return Ok(true);
        }
    }
}

/// The length by the header, where that is a promise and not an estimate.
///
/// An MP3 has one where an encoder's tag counts the frames and their delay. An
/// Ogg's last position is relative to an unknown first one, and M4A counts in
/// units of its own.
fn exact_frames(id: FormatId, track: &Track) -> Option<u64> {
    let exact = id == FORMAT_ID_FLAC
        || id == FORMAT_ID_AIFF
        || id == FORMAT_ID_WAVE
        || id == FORMAT_ID_MP3 && track.delay.is_some();
    track.num_frames.filter(|_| exact)
}

fn astray(found: u64) -> Fault {
    Fault::Damaged {
        what: "its packets are not where their times say".to_owned(),
        found,
    }
}

fn is_end(error: &DecoderError) -> bool {
    matches!(error, DecoderError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
}

fn untrim(packet: &mut Packet) {
    packet.dur = packet.block_dur();
    packet.trim_start = Duration::ZERO;
    packet.trim_end = Duration::ZERO;
}

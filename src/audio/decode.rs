//! Coded audio: symphonia's containers and decoders, our own walk of MP3, and
//! what is heard of it all.

use std::fs::File;
use std::path::Path;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP3, CODEC_ID_OPUS};
use symphonia::core::errors::Error as DecoderError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_AIFF, FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_MP3,
    FORMAT_ID_WAVE,
};
use symphonia::core::formats::{FormatId, FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};
use symphonia::default::get_probe;

use super::extent::Rest;
use super::heard::Heard;
use super::mpeg::{Mpeg, Step};
use super::{Ear, Fault, Info, Limits, MAX_CHANNELS, mp4, opus, webm};

mod decoder;
mod piece;
mod stretch;

use decoder::Decoder;

/// Frames reserved on a header's word alone; more grows as it is decoded.
const MAX_RESERVE: u64 = 1 << 20;

/// One packet in so many may be damaged, and is silence then: what a player
/// skips without a word.
const DAMAGED_ONE_IN: u64 = 20;

/// A file whose container is open, at its first packet.
pub(super) struct Coded {
    packets: Packets,
    codec: AudioCodecParameters,
    track: u32,
    info: Info,
    /// Made for the first packet: Vorbis' takes longer to set up than a short
    /// clip to decode.
    decoder: Option<Decoder>,
    /// Whether packets state their exact place and decode on their own.
    self_contained: bool,
    /// Whether the header's length is a guess, so that nothing may be cut by it.
    length_guessed: bool,
    heard: Heard,
    /// Samples that an encoder has counted, delay and padding among them.
    counted: Option<u64>,
    /// Samples of the last packet that are padding, where packets do not say it.
    padding: u64,
    /// What lies where its container ends.
    rest: Rest,
    /// The next packet, where the last one must be known as such.
    ahead: Option<Packet>,
    packets_read: u64,
    packets_damaged: u64,
    /// Samples decoded so far.
    decoded: u64,
    /// Room for a packet's samples.
    planes: Vec<Vec<f32>>,
    mean: Vec<f32>,
    /// Whether what does not decode is told and not mended.
    strict: bool,
    /// How the packets' times are held against what they hold, where they are
    /// to be trusted.
    clock: Option<stretch::Clock>,
    /// A packet that a gap lies before.
    behind_gap: Option<Packet>,
}

/// Where packets come from.
enum Packets {
    Container(Box<dyn FormatReader>),
    Mpeg(Mpeg),
}

/// What the next packet is.
enum Next {
    Packet(Packet),
    /// Another stream follows in the same file.
    Reset,
    End,
}

impl Coded {
    pub(super) fn open(path: &Path, file: File) -> Result<Self, Fault> {
        let stream = MediaSourceStream::new(Box::new(file), MediaSourceStreamOptions::default());
        let format = get_probe()
            .probe(
                &Hint::new(),
                stream,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
            .map_err(|error| Fault::from_decoder(error, 0))?;
        let id = format.format_info().format;
        if id == FORMAT_ID_MP3 {
            let mpeg = Mpeg::open(File::open(path)?)?.ok_or(Fault::Unrecognised)?;
            return Ok(Self::mpeg(mpeg));
        }
        let (track, codec) = audio_track(&*format)?;
        let track_clock = track.time_base;
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
            mended: false,
        };
        if info.channels > MAX_CHANNELS {
            return Err(Fault::Unsupported(format!("{} channels", info.channels)));
        }
        let mut codec = codec.clone();
        let (heard, rest) = match id {
            FORMAT_ID_ISOMP4 => quicktime(path, track.id, &mut codec, info.sample_rate)?,
            _ => (Heard::all(), Rest::Nothing),
        };
        let (padding, rest) = match id {
            FORMAT_ID_MKV => webm::end(File::open(path)?, track.id)?,
            _ => (0, rest),
        };
        Ok(Self {
            codec,
            track: track.id,
            info,
            decoder: None,
            self_contained: id == FORMAT_ID_FLAC || id == FORMAT_ID_AIFF,
            length_guessed: id == FORMAT_ID_ADTS,
            heard,
            counted: None,
            packets: Packets::Container(format),
            padding: samples_of(padding, info.sample_rate),
            rest,
            ahead: None,
            packets_read: 0,
            packets_damaged: 0,
            decoded: 0,
            planes: Vec::new(),
            mean: Vec::new(),
            strict: false,
            clock: stretch::Clock::of(id, track_clock),
            behind_gap: None,
        })
    }

    fn mpeg(mpeg: Mpeg) -> Self {
        let kind = mpeg.kind();
        let mut codec = AudioCodecParameters::new();
        codec
            .for_codec(CODEC_ID_MP3)
            .with_sample_rate(kind.sample_rate);
        let heard = mpeg.heard();
        // Other tags count now with their own frame, now without.
        let counted = mpeg.counted().filter(|_| mpeg.is_trimmed());
        Self {
            codec,
            track: 0,
            info: Info {
                sample_rate: kind.sample_rate,
                channels: kind.channels,
                frames: counted
                    .filter(|_| mpeg.is_all_counted())
                    .map(|counted| heard.of(0..counted)),
                uncompressed: false,
                mended: false,
            },
            decoder: None,
            self_contained: false,
            length_guessed: false,
            counted,
            heard,
            packets: Packets::Mpeg(mpeg),
            padding: 0,
            rest: Rest::Nothing,
            ahead: None,
            packets_read: 0,
            packets_damaged: 0,
            decoded: 0,
            planes: Vec::new(),
            mean: Vec::new(),
            strict: false,
            clock: None,
            behind_gap: None,
        }
    }

    /// What is known of it so far.
    pub(super) fn info(&self) -> Info {
        let strays = match &self.packets {
            Packets::Mpeg(mpeg) => mpeg.strays(),
            Packets::Container(_) => 0,
        };
        Info {
            mended: self.packets_damaged + strays > 0,
            ..self.info
        }
    }

    pub(super) fn read_all(
        &mut self,
        limits: Limits,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let rate = self.info.sample_rate;
        let expected = self.info.frames.unwrap_or(0);
        limits.check(rate, expected)?;
        out.reserve(expected.min(MAX_RESERVE) as usize);
        while self.next(ear, out)? {
            limits.check(rate, out.len() as u64)?;
        }
        match out.len() as u64 {
            0 => Err(Fault::NoSamples),
            found => Ok(Info {
                frames: Some(found),
                ..self.info()
            }),
        }
    }

    /// Appends what is heard of the next packet; `false` at the end.
    pub(super) fn next(&mut self, ear: &mut Ear, out: &mut Vec<f32>) -> Result<bool, Fault> {
        let mut planes = std::mem::take(&mut self.planes);
        let is_more = self.next_block(&mut planes)?;
        if is_more {
            let block = ear.planes(&planes, &mut self.mean)?;
            for piece in self.heard.cut(self.decoded, block) {
                out.extend_from_slice(piece);
            }
            self.decoded += block.len() as u64;
        } else {
            self.check_end()?;
        }
        self.planes = planes;
        Ok(is_more)
    }

    /// Whether all is there that was counted, and little of it damaged.
    fn check_end(&self) -> Result<(), Fault> {
        let decoded = self.decoded;
        let found = self.heard.of(0..decoded);
        let counted = self.counted.filter(|counted| *counted > decoded);
        let counted = counted.map(|counted| self.heard.of(0..counted));
        let known = self.info.frames.filter(|known| *known != found);
        if let Some(expected) = counted.or(known) {
            return Err(Fault::Truncated { expected, found });
        }
        self.rest.check(found)?;
        if self.packets_damaged * DAMAGED_ONE_IN > self.packets_read {
            let (bad, all) = (self.packets_damaged, self.packets_read);
            let what = format!("{bad} of {all} packets do not decode");
            return Err(Fault::Damaged { what, found });
        }
        Ok(())
    }

    /// Decodes the next packet into one vector a channel; `false` at the end.
    fn next_block(&mut self, planes: &mut Vec<Vec<f32>>) -> Result<bool, Fault> {
        let found = self.decoded;
        loop {
            let packet = match self.next_packet(found)? {
                Next::Packet(packet) if self.padding > 0 && packet.track_id == self.track => {
                    match self.ahead.replace(packet) {
                        Some(packet) => packet,
                        None => continue,
                    }
                }
                Next::Packet(packet) => packet,
                Next::Reset => {
                    self.go_on()?;
                    continue;
                }
                Next::End => match self.ahead.take() {
                    Some(mut last) => {
                        last.trim_end = Duration::from(self.padding);
                        last
                    }
                    None => return Ok(false),
                },
            };
            if packet.track_id != self.track {
                continue;
            }
            if self.self_contained && u64::try_from(packet.pts.get()) != Ok(found) {
                // A damaged frame was skipped, or a false block size led a search astray.
                return Err(astray(found));
            }
            self.packets_read += 1;
            self.decode(packet, found, planes)?;
            return Ok(true);
        }
    }

    fn next_packet(&mut self, found: u64) -> Result<Next, Fault> {
        match &mut self.packets {
            Packets::Container(format) => match format.next_packet() {
                Ok(Some(packet)) => Ok(Next::Packet(packet)),
                Ok(None) => Ok(Next::End),
                // The caller compares with the length that is known.
                Err(error) if is_end(&error) && self.info.frames.is_some() => Ok(Next::End),
                Err(DecoderError::ResetRequired) => Ok(Next::Reset),
                Err(error) => Err(Fault::from_decoder(error, found)),
            },
            Packets::Mpeg(mpeg) => Ok(match mpeg.next()? {
                Step::Frame(data) => {
                    let (at, length) = (Timestamp::ZERO, Duration::ZERO);
                    Next::Packet(Packet::new(0, at, length, data))
                }
                Step::Changed => return Err(changed()),
                Step::End => Next::End,
            }),
        }
    }

    /// What its codec is called.
    pub(super) fn codec(&self) -> &'static str {
        decoder::name(&self.codec)
    }

    /// Takes up the stream that follows in the same file, as if it were one
    /// with what came before.
    fn go_on(&mut self) -> Result<(), Fault> {
        let Packets::Container(format) = &self.packets else {
            return Err(changed());
        };
        let (track, codec) = audio_track(&**format)?;
        if codec.sample_rate != Some(self.info.sample_rate) {
            return Err(changed());
        }
        (self.track, self.codec, self.decoder) = (track.id, codec.clone(), None);
        Ok(())
    }
}

/// The first audio track, and what its codec is told.
fn audio_track(format: &dyn FormatReader) -> Result<(&Track, &AudioCodecParameters), Fault> {
    let track = format.default_track(TrackType::Audio);
    let track = track.ok_or(Fault::NoTrack)?;
    match &track.codec_params {
        Some(CodecParameters::Audio(codec)) => Ok((track, codec)),
        _ => Err(Fault::NoTrack),
    }
}

/// What an MP4 file says is heard of a track, and what lies at its end; its codec
/// is told what symphonia reads otherwise.
fn quicktime(
    path: &Path,
    track: u32,
    codec: &mut AudioCodecParameters,
    sample_rate: u32,
) -> Result<(Heard, Rest), Fault> {
    let said = mp4::said(File::open(path)?, track, sample_rate)?;
    let heard = said
        .heard
        .map_err(|what| Fault::Unsupported(what.to_owned()))?;
    if said.is_big_endian {
        decoder::turn_bytes(codec);
    }
    if codec.codec == CODEC_ID_OPUS {
        let head = codec.extra_data.take().unwrap_or_default();
        codec.extra_data = Some(opus::head_of_mp4(head, heard == Heard::all()));
    }
    Ok((heard, said.rest))
}

/// A time in nanoseconds, in samples.
fn samples_of(time: u64, sample_rate: u32) -> u64 {
    let exact = u128::from(time) * u128::from(sample_rate);
    u64::try_from((exact + 500_000_000) / 1_000_000_000).unwrap_or(u64::MAX)
}

fn changed() -> Fault {
    Fault::Unsupported("the stream changes its format midway".to_owned())
}

/// The length by the header, where that is a promise and not an estimate.
///
/// An Ogg's last position is relative to an unknown first one, and M4A counts in
/// units of its own.
fn exact_frames(id: FormatId, track: &Track) -> Option<u64> {
    let exact = [FORMAT_ID_FLAC, FORMAT_ID_AIFF, FORMAT_ID_WAVE].contains(&id);
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

//! Coded audio: symphonia's containers and decoders, our own walk of MP3, and
//! what is heard of it all.

use std::collections::VecDeque;

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_MP3;
use symphonia::core::formats::FormatOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{
    FORMAT_ID_ADTS, FORMAT_ID_AIFF, FORMAT_ID_FLAC, FORMAT_ID_ISOMP4, FORMAT_ID_MKV, FORMAT_ID_MP3,
    FORMAT_ID_OGG,
};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;
use symphonia::default::get_probe;

use super::claimed::Claimed;
use super::extent::Rest;
use super::flac::Frames;
use super::heard::Heard;
use super::input::Input;
use super::mpeg::Mpeg;
use super::ogg::Pages;
use super::{Ear, Fault, FileRange, Info, Limits, MAX_CHANNELS, aac, webm};

mod decoder;
mod last;
mod packets;
mod pages;
mod piece;
mod quicktime;
mod stretch;
mod track;

use decoder::Decoder;
use packets::{Next, Packets};
use track::{audio_track, exact_frames, rate_of, unreadable};

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
    /// Whether parts of its container are damaged, which are passed over.
    has_gaps: bool,
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
    /// The pages that packets come in, where these are numbered.
    pages: Option<Pages>,
    /// Where the frames of a FLAC lie.
    frames: Option<Frames>,
    /// Whether the last frame of its own was taken.
    is_done: bool,
    /// Packets that were read ahead, and what comes behind them.
    waiting: VecDeque<Packet>,
    stopped: Option<Result<Next, Fault>>,
}

impl Coded {
    pub(super) fn open(from: &FileRange, file: Input) -> Result<Self, Fault> {
        let mut file = Box::new(Claimed::new(file)?);
        let webm = std::mem::take(&mut file.webm);
        let stream = MediaSourceStream::new(file, MediaSourceStreamOptions::default());
        let format = get_probe()
            .probe(
                &Hint::new(),
                stream,
                FormatOptions::default(),
                MetadataOptions::default(),
            )
            .map_err(|error| match unreadable(from) {
                Some(what) => Fault::Unsupported(what),
                None => Fault::from_decoder(error, 0),
            })?;
        let id = format.format_info().format;
        if id == FORMAT_ID_MP3 {
            let mpeg = Mpeg::open(from.open()?)?.ok_or(Fault::Unrecognised)?;
            return Ok(Self::mpeg(mpeg));
        }
        let found = audio_track(&*format).map_err(|fault| match id {
            FORMAT_ID_MKV => from
                .open()
                .map(|input| webm::codec(input).map_or(fault, Fault::Unsupported))
                .unwrap_or_else(|fault| fault),
            _ => fault,
        });
        let (track, codec) = found?;
        let track_clock = track.time_base;
        let info = Info {
            sample_rate: rate_of(codec).ok_or(Fault::NoSampleRate)?,
            channels: codec
                .channels
                .as_ref()
                .map_or(1, |channels| channels.count())
                .max(1),
            frames: exact_frames(id, track),
            uncompressed: false,
            mended: false,
        };
        if id == FORMAT_ID_ADTS && aac::is_bare_high_efficiency(from.open()?)? {
            return Err(aac::high_efficiency());
        }
        if info.channels > MAX_CHANNELS {
            return Err(Fault::Unsupported(format!("{} channels", info.channels)));
        }
        let mut codec = codec.clone();
        let (heard, rest) = match id {
            FORMAT_ID_ISOMP4 => quicktime::said(from, track.id, &mut codec, info.sample_rate)?,
            _ => (Heard::all(), Rest::Unknown),
        };
        let pages = match id {
            FORMAT_ID_OGG => Some(Pages::open(from.open()?, track.id)?),
            _ => None,
        };
        let (padding, rest) = match id {
            FORMAT_ID_MKV => (webm.padding(track.id, info.sample_rate), webm.rest),
            _ => (0, rest),
        };
        Ok(Self {
            self_contained: id == FORMAT_ID_FLAC || id == FORMAT_ID_AIFF,
            length_guessed: id == FORMAT_ID_ADTS,
            heard,
            padding,
            rest,
            has_gaps: !webm.gaps.is_empty(),
            clock: stretch::Clock::of(id, track_clock),
            pages,
            ..Self::begin(codec, track.id, info, Packets::Container(format))
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
        let info = Info {
            sample_rate: kind.sample_rate,
            channels: kind.channels,
            frames: counted
                .filter(|_| mpeg.is_all_counted())
                .map(|counted| heard.of(0..counted)),
            uncompressed: false,
            mended: false,
        };
        Self {
            counted,
            heard,
            ..Self::begin(codec, 0, info, Packets::Mpeg(Box::new(mpeg)))
        }
    }

    /// At the first packet, all of it heard.
    fn begin(codec: AudioCodecParameters, track: u32, info: Info, packets: Packets) -> Self {
        Self {
            packets,
            codec,
            track,
            info,
            decoder: None,
            self_contained: false,
            length_guessed: false,
            heard: Heard::all(),
            counted: None,
            padding: 0,
            rest: Rest::Unknown,
            has_gaps: false,
            ahead: None,
            packets_read: 0,
            packets_damaged: 0,
            decoded: 0,
            planes: Vec::new(),
            mean: Vec::new(),
            strict: false,
            clock: None,
            behind_gap: None,
            pages: None,
            frames: None,
            is_done: false,
            waiting: VecDeque::new(),
            stopped: None,
        }
    }

    /// What lies where its container ends.
    pub(super) fn rest(&self) -> Rest {
        self.rest
    }

    /// The same, with what lies behind its container, as far as that is known.
    pub(super) fn followed_by(self, rest: Rest) -> Self {
        match rest {
            Rest::Unknown => self,
            rest => Self { rest, ..self },
        }
    }

    /// That parts of it are damaged, if they are.
    pub(super) fn check_gaps(&self) -> Result<(), Fault> {
        match self.has_gaps {
            true => Err(Fault::Damaged {
                what: "a part of it makes no sense".to_owned(),
                found: 0,
            }),
            false => Ok(()),
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
            let packet = match self.pull()? {
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
            if let Some(end) = self.lost_page(&packet)? {
                match self.behind_pages(packet, end) {
                    Some(fault) => return Err(fault),
                    None => continue,
                }
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
        if rate_of(codec) != Some(self.info.sample_rate) {
            return Err(changed());
        }
        (self.track, self.codec, self.decoder) = (track.id, codec.clone(), None);
        self.follow_pages().map(drop)
    }
}

fn changed() -> Fault {
    Fault::Unsupported("the stream changes its format midway".to_owned())
}

fn astray(found: u64) -> Fault {
    Fault::Damaged {
        what: "its packets are not where their times say".to_owned(),
        found,
    }
}

//! MPEG audio, layer III: the frames of a file, and what its first one says of
//! them.
//!
//! symphonia decodes them; the walk is our own, since what is heard must be what
//! ffmpeg makes heard. The count of an encoder's tag says where its own part
//! ends, and not that there is nothing behind it: speech servers join files.
//! What does not look like a frame is passed over, up to one that does and is
//! followed by another.
//!
//! Headers after ISO/IEC 11172-3 and 13818-3.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::extent::Rest;
use super::heard::Heard;
use super::input::Input;
use super::tags;

mod tag;

use tag::Tag;

/// Bytes read at a time.
const BUFFER: usize = 1 << 16;
/// Samples that a decoder of layer III is late by.
const DECODER_DELAY: u64 = 528 + 1;
/// kbit/s by the index of a header: of MPEG-1, and of MPEG-2 and 2.5.
const BIT_RATES: [[u64; 15]; 2] = [
    [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Hz by the index of a header, in MPEG-1; half and a quarter of it in MPEG-2
/// and 2.5.
const SAMPLE_RATES: [u32; 3] = [44_100, 48_000, 32_000];

/// The frames of a file, in order.
pub(super) struct Mpeg {
    file: BufReader<Input>,
    /// Where that is: asking it asks the system.
    position: u64,
    /// Where the first frame begins, which may be a tag's.
    first: u64,
    /// Where the next frame is expected.
    at: u64,
    /// Where the last frame ends.
    last_end: u64,
    /// Where the audio ends.
    end: u64,
    /// Where the file ends.
    length: u64,
    /// What all frames are like.
    kind: Header,
    /// Whether the last frame ended where the next is expected.
    in_step: bool,
    /// Bytes between frames that are no part of any, nor a tag.
    strays: u64,
    tag: Option<Tag>,
}

/// What a frame's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// In Hz.
    pub sample_rate: u32,
    pub channels: usize,
    /// Samples of one channel in a frame.
    pub samples: u64,
    bytes: u64,
}

/// One step of the walk.
pub(super) enum Step {
    /// A frame.
    Frame(Box<[u8]>),
    /// Frames of another kind follow.
    Changed,
    /// There is no more.
    End,
}

impl Mpeg {
    /// Finds the first frame; `None` where there is none.
    pub fn open(mut file: Input) -> io::Result<Option<Self>> {
        let length = file.seek(SeekFrom::End(0))?;
        let end = tags::audio_end(&mut file, length)?;
        let mut mpeg = Self {
            file: BufReader::with_capacity(BUFFER, file),
            position: 0,
            first: 0,
            at: 0,
            last_end: 0,
            end,
            length,
            kind: Header {
                sample_rate: 0,
                channels: 0,
                samples: 0,
                bytes: 0,
            },
            in_step: false,
            strays: 0,
            tag: None,
        };
        mpeg.file.rewind()?;
        let Some(first) = mpeg.find()? else {
            return Ok(None);
        };
        // What comes before the first frame is not between two.
        (mpeg.kind, mpeg.first, mpeg.strays) = (first, mpeg.at, 0);
        let frame = mpeg.bytes(mpeg.at, first.bytes as usize)?;
        mpeg.tag = Tag::read(&frame, &first);
        if mpeg.tag.is_some() {
            mpeg.at += first.bytes;
        }
        mpeg.in_step = true;
        Ok(Some(mpeg))
    }

    /// What all frames are like.
    pub fn kind(&self) -> Header {
        self.kind
    }

    /// Bytes passed over so far between frames, of those before the last frame.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// Which of the decoded samples are heard, as ffmpeg has it: without the
    /// encoder's delay and, where the tag speaks for the whole file, padding;
    /// but with all that lies behind what the tag has counted.
    pub fn heard(&self) -> Heard {
        let Some(Tag {
            trim: Some((delay, padding)),
            ..
        }) = self.tag
        else {
            return Heard::all();
        };
        let start = delay + DECODER_DELAY;
        match self.counted() {
            Some(total) if !self.is_joined() => {
                let padding = padding.saturating_sub(DECODER_DELAY);
                Heard::new(vec![
                    start..total.saturating_sub(padding).max(start),
                    total..u64::MAX,
                ])
            }
            _ => Heard::from(start),
        }
    }

    /// Samples that the tag has counted.
    pub fn counted(&self) -> Option<u64> {
        Some(self.tag?.frames? * self.kind.samples)
    }

    /// Whether the tag tells delay and padding: then it is an encoder's own, and
    /// what it has counted must be there.
    pub fn is_trimmed(&self) -> bool {
        self.tag.is_some_and(|tag| tag.trim.is_some())
    }

    /// Whether the frames that the tag has counted are all of the file.
    pub fn is_all_counted(&self) -> bool {
        let counted = self.tag.and_then(|tag| tag.bytes);
        counted.is_some_and(|bytes| bytes == self.end - self.first)
    }

    /// Whether much more follows than the tag has counted, which is then not
    /// this file's: as ffmpeg tells it, by a sixteenth.
    fn is_joined(&self) -> bool {
        let counted = self.tag.and_then(|tag| tag.bytes);
        counted.is_some_and(|bytes| {
            let all = self.end - self.first;
            all > bytes && all - bytes > bytes / 16
        })
    }

    /// What lies behind the last frame: nothing, where that is a frame cut off.
    pub fn left(&mut self) -> io::Result<Rest> {
        let at = self.last_end;
        let is_short = at < self.end && self.end - at < 4;
        let next = self.header_at(at)?;
        let is_cut =
            next.is_some_and(|next| next.is_like(&self.kind) && at + next.bytes > self.end);
        match is_short || is_cut {
            true => Ok(Rest::Nothing),
            false => Rest::from(&mut self.file, at, self.length),
        }
    }

    /// Takes up the frames of another kind that follow.
    pub fn change(&mut self) -> io::Result<()> {
        if let Some(kind) = self.header_at(self.at)? {
            (self.kind, self.in_step, self.tag) = (kind, true, None);
        }
        Ok(())
    }

    /// The next frame.
    pub fn next(&mut self) -> io::Result<Step> {
        loop {
            match self.step()? {
                // The tag of another part in the same file.
                Step::Frame(frame) if Tag::read(&frame, &self.kind).is_some() => {}
                step => return Ok(step),
            }
        }
    }

    fn step(&mut self) -> io::Result<Step> {
        let kind = self.kind;
        let mut header = match self.in_step {
            true => self.header_at(self.at)?.filter(|next| next.is_like(&kind)),
            false => None,
        };
        if header.is_none() {
            header = self.find()?;
        }
        let Some(next) = header else {
            return Ok(Step::End);
        };
        if !next.is_like(&kind) {
            return Ok(Step::Changed);
        }
        if self.at + next.bytes > self.end {
            return Ok(Step::End);
        }
        let frame = self.bytes(self.at, next.bytes as usize)?;
        self.at += next.bytes;
        self.last_end = self.at;
        self.in_step = true;
        Ok(Step::Frame(frame.into()))
    }

    /// Goes to the next place where a frame is that another one, a tag or the
    /// end follows.
    fn find(&mut self) -> io::Result<Option<Header>> {
        let mut strays = 0;
        while self.at + 4 <= self.end {
            let left = (self.end - self.at).min(32) as usize;
            let head = self.bytes(self.at, left)?;
            let tag = tags::first(&head);
            if tag > 0 {
                self.at += tag;
                continue;
            }
            if let Some(header) = Header::parse(&head)
                && self.is_followed(self.at + header.bytes, &header)?
            {
                self.strays += strays;
                return Ok(Some(header));
            }
            // On to what may begin a header or a tag.
            let next = head
                .iter()
                .skip(1)
                .position(|byte| [0xFF, b'I', b'A'].contains(byte));
            let step = next.map_or(head.len(), |next| next + 1) as u64;
            self.at += step;
            strays += step;
        }
        Ok(None)
    }

    fn is_followed(&mut self, at: u64, header: &Header) -> io::Result<bool> {
        if at == self.end {
            return Ok(true);
        }
        if at > self.end {
            return Ok(false);
        }
        let left = (self.end - at).min(32) as usize;
        let head = self.bytes(at, left)?;
        Ok(tags::first(&head) > 0 || Header::parse(&head).is_some_and(|next| next.is_like(header)))
    }

    fn header_at(&mut self, at: u64) -> io::Result<Option<Header>> {
        if at + 4 > self.end {
            return Ok(None);
        }
        let mut head = [0; 4];
        self.fill(at, &mut head)?;
        Ok(Header::parse(&head))
    }

    fn bytes(&mut self, at: u64, count: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; count];
        self.fill(at, &mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let by = at as i64 - self.position as i64;
        self.file.seek_relative(by)?;
        self.file.read_exact(bytes)?;
        self.position = at + bytes.len() as u64;
        Ok(())
    }
}

impl Header {
    /// The header that bytes begin with; `None` for another layer, a free or
    /// forbidden bit rate.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, d, ..] = *bytes else {
            return None;
        };
        if a != 0xFF || b & 0xE0 != 0xE0 || b & 0x06 != 0x02 {
            return None;
        }
        // 3: MPEG-1; 2: MPEG-2; 0: MPEG-2.5.
        let version = b >> 3 & 3;
        let (halvings, is_first) = match version {
            3 => (0, true),
            2 => (1, false),
            0 => (2, false),
            _ => return None,
        };
        let kbits = *BIT_RATES[usize::from(!is_first)].get(usize::from(c >> 4))?;
        let sample_rate = SAMPLE_RATES.get(usize::from(c >> 2 & 3))? >> halvings;
        if kbits == 0 {
            return None;
        }
        let samples = if is_first { 1152 } else { 576 };
        let padding = u64::from(c >> 1 & 1);
        Some(Self {
            sample_rate,
            channels: if d >> 6 == 3 { 1 } else { 2 },
            samples,
            bytes: samples / 8 * kbits * 1000 / u64::from(sample_rate) + padding,
        })
    }

    /// Whether one decoder can go on from a frame of one kind to the other.
    fn is_like(&self, other: &Self) -> bool {
        (self.sample_rate, self.samples, self.channels)
            == (other.sample_rate, other.samples, other.channels)
    }

    /// Bytes of the side information of a frame.
    fn side_info(&self) -> usize {
        match (self.samples, self.channels) {
            (1152, 1) | (576, 2) => 17,
            (1152, _) => 32,
            _ => 9,
        }
    }
}

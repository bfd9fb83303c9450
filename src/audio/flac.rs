//! Where the frames of a FLAC file lie, and its last one where something follows.
//!
//! symphonia takes for a frame what lies up to the next one: of files joined end to
//! end it loses the last frame of the first, and gives the second's as if they were
//! the first's. So the place behind each frame is kept beside it, and the last one is
//! read here: it ends where its checksum is right and its decoder has enough.
//!
//! Layout after RFC 9639.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::extent::{self, Rest, search};
use super::input::Input;
use super::{aac, tags};

/// What every such file begins with.
pub(super) const MARK: &[u8] = b"fLaC";
/// Bytes of a frame by which it is known.
const KNOWN_BY: usize = 16;
/// Bytes of the shortest frame: its header, a sample, its checksum.
const SHORTEST: usize = 8;

/// The frames of a file, as far as they were read.
pub(super) struct Frames {
    reader: BufReader<Input>,
    length: u64,
    /// Where the first frame begins.
    first: u64,
    /// Where the next frame is expected.
    at: u64,
    /// Bytes that no frame exceeds.
    most: u64,
}

impl Frames {
    /// At the first frame; `None` where none can be found.
    pub fn open(file: Input) -> io::Result<Option<Self>> {
        let length = file.length();
        let mut reader = BufReader::new(file);
        let mut at = 0;
        loop {
            let head = extent::head(&mut reader, at, length)?;
            match tags::first(&head) {
                0 if head.starts_with(MARK) => break,
                0 => return Ok(None),
                tag => at += tag,
            }
        }
        at += MARK.len() as u64;
        let mut most = 0;
        loop {
            let head = extent::head(&mut reader, at, length)?;
            let Some(&[kind, a, b, c]) = head.first_chunk() else {
                return Ok(None);
            };
            if kind & 0x7F == 0 {
                most = greatest_frame(head.get(4..).unwrap_or_default());
            }
            at += 4 + (u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c));
            if kind & 0x80 != 0 {
                break;
            }
        }
        Ok(Some(Self {
            reader,
            length,
            first: at,
            at,
            most,
        }))
    }

    /// A frame was read that follows the last one.
    pub fn passed(&mut self, frame: &[u8]) {
        self.at += frame.len() as u64;
    }

    /// A frame was read that lies somewhere behind the last one.
    pub fn found(&mut self, frame: &[u8]) -> io::Result<()> {
        let head = &frame[..frame.len().min(KNOWN_BY)];
        if let Some(at) = search(&mut self.reader, self.at, self.length, head)? {
            self.at = at;
        }
        Ok(())
    }

    /// A search has gone to a frame; whether that is this file's, and not another's
    /// behind it.
    pub fn searched(&mut self, frame: &[u8]) -> io::Result<bool> {
        self.at = self.first;
        self.found(frame)?;
        Ok(self.next_file(self.first, self.at)?.is_none())
    }

    /// The frame that is expected, if it is there, and where it ends: the first place
    /// where its checksum is right and `decodes` says that it is whole.
    pub fn last(
        &mut self,
        mut decodes: impl FnMut(&[u8]) -> Option<u64>,
    ) -> io::Result<Option<Last>> {
        let mut bytes = Vec::new();
        self.reader.seek(SeekFrom::Start(self.at))?;
        self.reader
            .by_ref()
            .take(self.most)
            .read_to_end(&mut bytes)?;
        if !matches!(*bytes, [0xFF, 0xF8 | 0xF9, ..]) {
            return Ok(None);
        }
        let mut sum = 0;
        for end in 1..=bytes.len() {
            sum = (sum << 8) ^ TABLE[usize::from((sum >> 8) as u8 ^ bytes[end - 1])];
            if sum != 0 || end < SHORTEST {
                continue;
            }
            if let Some(samples) = decodes(&bytes[..end]) {
                let place = self.at + end as u64;
                let rest = Rest::from(&mut self.reader, place, self.length)?;
                bytes.truncate(end);
                return Ok(Some(Last {
                    bytes,
                    samples,
                    rest,
                }));
            }
        }
        Ok(None)
    }

    /// What lies behind the last frame that was read.
    pub fn rest(&mut self) -> io::Result<Rest> {
        let rest = Rest::from(&mut self.reader, self.at, self.length)?;
        let head = extent::head(&mut self.reader, self.at, self.length)?;
        // A frame that is damaged begins as one of AAC may.
        let is_own = matches!(*head, [0xFF, 0xF8 | 0xF9, ..])
            && !aac::begins(&mut self.reader, self.at, self.length)?;
        Ok(match rest {
            Rest::More { bytes, padding } if is_own => Rest::Other { bytes, padding },
            rest => rest,
        })
    }

    /// Bytes from the next file on that begins behind the last frame.
    pub fn next(&mut self) -> io::Result<Option<u64>> {
        let next = self.next_file(self.at, self.length)?;
        Ok(next.map(|next| self.length - next))
    }

    /// Where another file begins between two places.
    fn next_file(&mut self, mut from: u64, to: u64) -> io::Result<Option<u64>> {
        while let Some(at) = search(&mut self.reader, from, to, MARK)? {
            let head = extent::head(&mut self.reader, at, self.length)?;
            if matches!(*head, [_, _, _, _, 0 | 0x80, 0, 0, 34, ..]) {
                return Ok(Some(at));
            }
            from = at + 1;
        }
        Ok(None)
    }
}

/// The last frame of a file.
pub(super) struct Last {
    pub bytes: Vec<u8>,
    /// Samples of one channel.
    pub samples: u64,
    /// What lies behind it.
    pub rest: Rest,
}

/// Bytes that no frame exceeds, by the block that says what a stream is like.
fn greatest_frame(info: &[u8]) -> u64 {
    let byte = |at: usize| u64::from(info.get(at).copied().unwrap_or(0));
    let samples = byte(2) << 8 | byte(3);
    let channels = (byte(12) >> 1 & 7) + 1;
    let bits = (byte(12) & 1) << 4 | byte(13) >> 4;
    // A bit more where two channels are coded as a difference.
    samples * channels * (bits + 2) / 8 + 64 * (channels + 1)
}

const TABLE: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < table.len() {
        let mut sum = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            let carry = sum >> 15;
            sum = (sum << 1) ^ (carry * 0x8005);
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
};

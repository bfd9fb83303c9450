//! Where pages of an Ogg file are missing.
//!
//! symphonia passes over a page that is lost or damaged, and gives the packets
//! behind it the times of those that are gone, up to the end of their page. So
//! the pages are walked beside it: a gap in their numbers says which packet is
//! the first behind it.
//!
//! Pages after RFC 3533.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use super::extent::{Rest, search};
use super::input::Input;

/// Bytes read at a time.
const BUFFER: usize = 1 << 16;
/// Bytes of a page's header.
const HEADER: usize = 27;
/// Bytes that a page begins with.
pub(super) const MARK: &[u8; 4] = b"OggS";
/// The flag of a stream's first page.
const FIRST: u8 = 2;
/// The position of a page in which no packet ends.
const NOWHERE: i64 = -1;

/// What the first stream of a file is that nothing here decodes.
pub(super) fn unreadable(file: Input) -> Option<String> {
    let mut head = Vec::new();
    file.take(27 + 255 + 32).read_to_end(&mut head).ok()?;
    let body = 27 + usize::from(*head.get(26)?);
    let packet = head.get(body..).filter(|_| head.starts_with(MARK))?;
    match packet {
        [b'S', b'p', b'e', b'e', b'x', b' ', ..] => Some("Speex".to_owned()),
        opus if opus.starts_with(b"OpusHead") && *opus.get(18)? > 1 => {
            let (channels, family) = (opus[9], opus[18]);
            Some(format!(
                "Opus of {channels} channels without an order, mapping family {family}"
            ))
        }
        _ => None,
    }
}

/// Where the last page of a file ends; its length where it ends within one.
pub(super) fn end(file: &mut Input) -> io::Result<u64> {
    let length = file.length();
    if is_last_page(file, length)? {
        return Ok(length);
    }
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let (mut at, mut end) = (0, 0);
    while at < length {
        let by = at as i64 - reader.stream_position()? as i64;
        reader.seek_relative(by)?;
        match page_bytes(&mut reader)? {
            Some(bytes) if at + bytes <= length => {
                at += bytes;
                end = at;
            }
            Some(_) => return Ok(length),
            None if matches!(Rest::from(&mut reader, at, length)?, Rest::More { .. }) => break,
            None => at = search(&mut reader, at + 1, length, MARK)?.unwrap_or(length),
        }
    }
    Ok(end)
}

/// Bytes of the page that begins here, if one does.
fn page_bytes(reader: &mut impl Read) -> io::Result<Option<u64>> {
    let mut head = Vec::new();
    reader.take((HEADER + 255) as u64).read_to_end(&mut head)?;
    if !head.starts_with(MARK) {
        return Ok(None);
    }
    let parts = head.get(26).map_or(0, |parts| usize::from(*parts));
    let body = head.get(HEADER..HEADER + parts).unwrap_or_default();
    let body: u64 = body.iter().map(|part| u64::from(*part)).sum();
    Ok(Some((HEADER + parts) as u64 + body))
}

/// Whether a file ends with a page.
fn is_last_page(file: &mut Input, length: u64) -> io::Result<bool> {
    const LONGEST: u64 = HEADER as u64 + 255 + 255 * 255;
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST)))?;
    file.by_ref().take(LONGEST).read_to_end(&mut tail)?;
    let mut marks = tail.windows(MARK.len()).enumerate();
    marks.try_fold(false, |found, (at, four)| {
        let bytes = match four == MARK {
            true => page_bytes(&mut &tail[at..])?,
            false => None,
        };
        Ok(found || bytes == Some((tail.len() - at) as u64))
    })
}

/// The pages of one stream of a file, as far as they were walked.
pub(super) struct Pages {
    reader: BufReader<Input>,
    serial: u32,
    /// The number of the page that should come next.
    next: Option<u32>,
    /// Where the last page ends, in the stream's units.
    end: i64,
    /// Where the page before a gap ends.
    gap: Option<i64>,
    /// Bytes passed over that are no page, since they were last told.
    strays: u64,
    /// A page that was read and belongs to the next stream, or to what follows.
    ahead: Option<Page>,
}

/// What a page's header says.
#[derive(Clone, Copy)]
struct Page {
    serial: u32,
    number: u32,
    end: i64,
    is_first: bool,
}

impl Pages {
    /// The pages of a stream.
    pub fn open(file: Input, serial: u32) -> io::Result<Self> {
        let mut pages = Self {
            reader: BufReader::with_capacity(BUFFER, file),
            serial,
            next: None,
            end: i64::MIN,
            gap: None,
            strays: 0,
            ahead: None,
        };
        pages.follow(serial)?;
        // What lies before the first is not between two.
        pages.strays = 0;
        Ok(pages)
    }

    /// Goes on to the stream that begins next with that serial number.
    pub fn follow(&mut self, serial: u32) -> io::Result<()> {
        (self.serial, self.next, self.end, self.gap) = (serial, None, i64::MIN, None);
        while let Some(page) = self.page()? {
            if page.is_first && page.serial == serial {
                self.next = Some(page.number.wrapping_add(1));
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether a gap lies before the packet of that time, which is told once; and
    /// where the packet's page ends.
    pub fn gap_before(&mut self, time: i64) -> io::Result<Option<i64>> {
        while self.end <= time {
            let Some(page) = self.page()? else { break };
            if page.is_first {
                self.ahead = Some(page);
                break;
            }
            if page.serial != self.serial {
                continue;
            }
            let follows = self.next.is_none_or(|next| next == page.number);
            if !follows && self.end >= 0 {
                self.gap = Some(self.end);
            }
            self.next = Some(page.number.wrapping_add(1));
            if page.end != NOWHERE {
                self.end = page.end;
            }
        }
        let is_behind = self.gap.is_some_and(|gap| gap <= time);
        Ok(is_behind.then(|| {
            (self.gap, self.strays) = (None, 0);
            self.end
        }))
    }

    /// Bytes passed over that are no page, which is told once; a gap tells its own.
    pub fn take_strays(&mut self) -> u64 {
        match self.gap {
            Some(_) => 0,
            None => std::mem::take(&mut self.strays),
        }
    }

    /// The same, up to the end.
    pub fn strays_left(&mut self) -> io::Result<u64> {
        while self.page()?.is_some() {}
        Ok(self.take_strays())
    }

    /// The next page that is whole.
    fn page(&mut self) -> io::Result<Option<Page>> {
        if let Some(page) = self.ahead.take() {
            return Ok(Some(page));
        }
        loop {
            match self.whole() {
                Ok(Some(page)) => return Ok(Some(page)),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// Goes on to the next mark, and reads the page there, if its checksum is
    /// right.
    fn whole(&mut self) -> io::Result<Option<Page>> {
        let mut head = [0; HEADER];
        let mark = &mut head[..MARK.len()];
        self.reader.read_exact(mark)?;
        while mark != MARK {
            self.strays += 1;
            mark.rotate_left(1);
            self.reader.read_exact(&mut mark[MARK.len() - 1..])?;
        }
        let behind_mark = self.reader.stream_position()?;
        self.reader.read_exact(&mut head[MARK.len()..])?;
        let mut body = vec![0; usize::from(head[26])];
        self.reader.read_exact(&mut body)?;
        let length: usize = body.iter().map(|part| usize::from(*part)).sum();
        let parts = body.len();
        body.resize(parts + length, 0);
        self.reader.read_exact(&mut body[parts..])?;
        let word = |at: usize| [head[at], head[at + 1], head[at + 2], head[at + 3]].map(u32::from);
        let word = |at| word(at).iter().rev().fold(0, |sum, byte| sum << 8 | byte);
        let page = Page {
            serial: word(14),
            number: word(18),
            end: (u64::from(word(10)) << 32 | u64::from(word(6))).cast_signed(),
            is_first: head[5] & FIRST != 0,
        };
        let sum = word(22);
        head[22..26].fill(0);
        if checksum(checksum(0, &head), &body) == sum {
            return Ok(Some(page));
        }
        let by = behind_mark as i64 - self.reader.stream_position()? as i64;
        self.reader.seek_relative(by)?;
        Ok(None)
    }
}

/// The checksum of bytes, going on from that of those before.
fn checksum(before: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(before, |sum, byte| {
        (sum << 8) ^ TABLE[usize::from((sum >> 24) as u8 ^ byte)]
    })
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < table.len() {
        let mut sum = (index as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            let carry = sum >> 31;
            sum = (sum << 1) ^ (carry * 0x04C1_1DB7);
            bit += 1;
        }
        table[index] = sum;
        index += 1;
    }
    table
};

//! A file as long as its container says that it is.
//!
//! symphonia refuses a container whole whose end is missing; told that the end is
//! there, it gives what is, and then that the file ends. Nor does it go on behind
//! damage in a Matroska file: told that there is nothing of interest up to the next
//! cluster, it does.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use symphonia::core::io::MediaSource;

use super::input::Input;
use super::{mp4, webm};

/// A file of which more than all but one part in so many is missing is refused:
/// what it says of its length may be anything.
const MOST_MISSING: u64 = 16;

/// A file with the length that it should have.
pub(super) struct Claimed {
    file: Input,
    length: u64,
    /// Whether what lies behind may be looked for: symphonia goes to where a
    /// Matroska file says that its index is.
    is_seekable: bool,
    /// What a Matroska file says.
    pub webm: webm::Told,
    /// What is there instead of damage.
    patches: Vec<(u64, Vec<u8>)>,
}

impl Claimed {
    /// A file, rewound.
    pub fn new(mut file: Input) -> io::Result<Self> {
        let actual = file.seek(SeekFrom::End(0))?;
        let mut head = Vec::new();
        file.rewind()?;
        file.by_ref().take(8).read_to_end(&mut head)?;
        let claimed = match &*head {
            [_, _, _, _, b'f', b't', b'y', b'p'] => mp4::claimed_end(file.try_clone()?)?,
            head if head.starts_with(webm::MARK) => webm::claimed_end(file.try_clone()?)?,
            _ => actual,
        };
        let webm = match head.starts_with(webm::MARK) {
            true => webm::walk(file.try_clone()?)?,
            false => webm::Told::default(),
        };
        file.rewind()?;
        let is_cut = claimed > actual && claimed / MOST_MISSING <= actual;
        Ok(Self {
            file,
            length: if is_cut { claimed } else { actual },
            is_seekable: !(is_cut && head.starts_with(webm::MARK)),
            patches: webm.gaps.iter().map(void).collect(),
            webm,
        })
    }
}

/// The head of an element without a meaning that fills a gap, and where it is.
fn void(gap: &Range<u64>) -> (u64, Vec<u8>) {
    let bytes = gap.end - gap.start;
    let head = match bytes.checked_sub(9) {
        Some(body) => [&[0xEC, 0x01][..], &body.to_be_bytes()[1..]].concat(),
        None => vec![0xEC, 0x80 | bytes.saturating_sub(2) as u8],
    };
    (gap.start, head)
}

impl Read for Claimed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at = self.file.position();
        let read = self.file.read(buffer)?;
        for (start, head) in &self.patches {
            for (place, byte) in (*start..).zip(head) {
                let place = place.checked_sub(at).filter(|place| *place < read as u64);
                if let Some(place) = place {
                    buffer[place as usize] = *byte;
                }
            }
        }
        Ok(read)
    }
}

impl Seek for Claimed {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::End(by) => {
                let at = self.length.checked_add_signed(by);
                let at = at.ok_or(io::ErrorKind::InvalidInput)?;
                self.file.seek(SeekFrom::Start(at))
            }
            to => self.file.seek(to),
        }
    }
}

impl MediaSource for Claimed {
    fn is_seekable(&self) -> bool {
        self.is_seekable
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.length)
    }
}

//! A file as long as its container says that it is.
//!
//! symphonia refuses a container whole whose end is missing; told that the end is
//! there, it gives what is, and then that the file ends.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use symphonia::core::io::MediaSource;

use super::{mp4, webm};

/// A file of which more than all but one part in so many is missing is refused:
/// what it says of its length may be anything.
const MOST_MISSING: u64 = 16;

/// A file with the length that it should have.
pub(super) struct Claimed {
    file: File,
    length: u64,
    /// Whether what lies behind may be looked for: symphonia goes to where a
    /// Matroska file says that its index is.
    is_seekable: bool,
}

impl Claimed {
    /// A file, rewound.
    pub fn new(mut file: File) -> io::Result<Self> {
        let actual = file.seek(SeekFrom::End(0))?;
        let mut head = Vec::new();
        file.rewind()?;
        (&file).take(8).read_to_end(&mut head)?;
        let claimed = match &*head {
            [_, _, _, _, b'f', b't', b'y', b'p'] => mp4::claimed_end(file.try_clone()?)?,
            head if head.starts_with(webm::MARK) => webm::claimed_end(file.try_clone()?)?,
            _ => actual,
        };
        file.rewind()?;
        let is_cut = claimed > actual && claimed / MOST_MISSING <= actual;
        Ok(Self {
            file,
            length: if is_cut { claimed } else { actual },
            is_seekable: !(is_cut && head.starts_with(webm::MARK)),
        })
    }
}

impl Read for Claimed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
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

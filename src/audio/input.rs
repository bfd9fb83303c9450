//! What is read: a file, or a range of one that is read as if it were a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use super::Fault;

/// A file, or a range of its bytes, as a tar has its members.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FileRange {
    /// The file.
    pub path: Arc<Path>,
    /// Its first byte that counts.
    pub start: u64,
    /// The byte behind the last; [`u64::MAX`] is the file's end, wherever that is.
    pub end: u64,
}

impl FileRange {
    /// All of a file.
    pub fn whole(path: impl Into<Arc<Path>>) -> Self {
        Self {
            path: path.into(),
            start: 0,
            end: u64::MAX,
        }
    }

    /// Whether it is all of a file.
    pub fn is_whole(&self) -> bool {
        (self.start, self.end) == (0, u64::MAX)
    }

    /// Opens it; nothing but a regular file that has all of the range, and bytes in it.
    pub(super) fn open(&self) -> Result<Input, Fault> {
        // Before opening: opening a FIFO waits for a writer.
        let metadata = std::fs::metadata(&self.path)?;
        if !metadata.is_file() {
            return Err(Fault::NotAFile);
        }
        let end = match self.end {
            u64::MAX => metadata.len(),
            end if end > metadata.len() => return Err(Fault::Cut { found: 0 }),
            end => end,
        };
        if end <= self.start {
            return Err(Fault::Empty);
        }
        let mut file = File::open(&self.path)?;
        if self.start > 0 {
            file.seek(SeekFrom::Start(self.start))?;
        }
        Ok(Input {
            file,
            start: self.start,
            end: self.end,
            at: self.start,
            length: end - self.start,
        })
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for FileRange {
    fn from(path: &P) -> Self {
        Self::whole(path.as_ref())
    }
}

impl From<&FileRange> for FileRange {
    fn from(range: &FileRange) -> Self {
        range.clone()
    }
}

/// A range of a file that is open: its first byte is at 0, and it ends where the
/// range does.
pub(super) struct Input {
    file: File,
    start: u64,
    end: u64,
    /// Where it is in the file.
    at: u64,
    length: u64,
}

impl Input {
    /// Its bytes, when it was opened.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Where it is.
    pub fn position(&self) -> u64 {
        self.at - self.start
    }

    /// Another one on the same file. Both move together: each has to be told where
    /// it is before it is read on.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            file: self.file.try_clone()?,
            ..*self
        })
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read(&mut buffer[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Input {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => self.start.checked_add(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => match self.end {
                u64::MAX => self.file.seek(SeekFrom::End(0))?,
                end => end,
            }
            .checked_add_signed(by),
        };
        let at = at.filter(|at| *at >= self.start);
        let at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = self.file.seek(SeekFrom::Start(at))?;
        Ok(self.at - self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(input: &mut Input) -> String {
        let mut text = String::new();
        input.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_range_is_read_as_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all");
        std::fs::write(&path, "0123456789").unwrap();
        let part = |start, end| FileRange {
            start,
            end,
            ..FileRange::from(&path)
        };
        let mut range = part(3, 7).open().unwrap();
        assert_eq!((range.length(), text(&mut range)), (4, "3456".into()));
        for (to, at, rest) in [
            (SeekFrom::Start(1), 1, "456"),
            (SeekFrom::Current(-2), 2, "56"),
            (SeekFrom::End(-4), 0, "3456"),
            (SeekFrom::Start(9), 9, ""),
        ] {
            assert_eq!(range.seek(to).unwrap(), at, "{to:?}");
            assert_eq!(text(&mut range), rest, "{to:?}");
        }
        assert!(range.seek(SeekFrom::End(-5)).is_err());
        let mut whole = FileRange::from(&path).open().unwrap();
        assert_eq!(
            (whole.length(), text(&mut whole)),
            (10, "0123456789".into())
        );
        assert!(matches!(part(3, 11).open(), Err(Fault::Cut { .. })));
        assert!(matches!(part(3, 3).open(), Err(Fault::Empty)));
    }
}

//! The one place that maps files into memory.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ops::Range;

use memmap2::Mmap;

/// Maps a whole file for reading.
///
/// A map is only as good as its file: if another process truncates the file
/// while it is mapped, touching the lost part raises SIGBUS and ends the
/// program; if another process writes to it, the bytes change underneath.
/// Callers keep to files that nobody writes to any more: feature files get
/// their final name only when whole, and are never opened for writing again.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the map is private to this process and read-only. What remains,
    // changes to the file by others, is excluded by the rule above; all values
    // taken from the map are plain numbers, valid for any bytes.
    unsafe { Mmap::map(file) }
}

/// Gives the memory of some bytes back to the operating system, which reads
/// them from the file again if they are looked at again.
pub(super) fn release(map: &Mmap, bytes: Range<usize>) {
    #[cfg(unix)]
    {
        use memmap2::UncheckedAdvice::DontNeed;
        // SAFETY: the pages of a read-only map hold what the file holds, before
        // and after. A refusal only costs memory.
        let _ = unsafe { map.unchecked_advise_range(DontNeed, bytes.start, bytes.len()) };
    }
    #[cfg(not(unix))]
    let _ = (map, bytes);
}

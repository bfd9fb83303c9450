//! Where a CAF file ends: its reader refuses one whole that anything follows.
//!
//! Chunks after Apple's Core Audio Format specification.

use std::io;

use super::extent;
use super::input::Input;

/// What every such file begins with.
pub(super) const MARK: &[u8] = b"caff";
/// Bytes before the first chunk.
const HEAD: u64 = 8;
/// A size that stands for 'to the end'.
const OPEN: u64 = u64::MAX;

/// Where the chunks end.
pub(super) fn end(file: &mut Input) -> io::Result<u64> {
    let length = file.length();
    let mut at = HEAD;
    while at + 12 <= length {
        let head = extent::head(file, at, length)?;
        let Some((name, rest)) = head.split_first_chunk::<4>() else {
            break;
        };
        let size = rest.first_chunk().copied().map_or(0, u64::from_be_bytes);
        if size == OPEN {
            return Ok(length);
        }
        let is_text = name.iter().all(|byte| (b' '..=b'~').contains(byte));
        let next = at.saturating_add(12).saturating_add(size);
        if name == b"data" && next > length {
            // Cut off, which its reader tells.
            return Ok(length);
        }
        if !is_text || next > length {
            break;
        }
        at = next;
    }
    Ok(at.min(length))
}

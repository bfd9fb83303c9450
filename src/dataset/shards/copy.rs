//! Files of a shard, copied while their hashes are taken.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::error::ShardsError;
use crate::dataset::error::DatasetError;
use crate::dataset::partial::{PartialFile, hex};

/// Bytes read at once.
pub(super) const BLOCK: usize = 1 << 20;

/// Bytes of a row of an index: the line of a recording, and a step in it.
const INDEX_ROW: usize = 2 * size_of::<i32>();

/// Reads a file to its end, and hands on what follows its first `skip` bytes: its
/// length and hash. One that is not there has neither.
pub(super) fn copy(
    path: &Path,
    skip: usize,
    block: &mut [u8],
    to: &mut dyn FnMut(&[u8]) -> Result<(), ShardsError>,
) -> Result<(u64, String), ShardsError> {
    let Ok(mut file) = File::open(path) else {
        return Ok((0, String::new()));
    };
    let mut hash = Sha256::new();
    let (mut skip, mut length) = (skip, 0);
    loop {
        let read = match file.read(block) {
            Ok(0) => return Ok((length, hex(&hash.finalize()))),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(DatasetError::io("read", path)(error).into()),
        };
        let bytes = &block[..read];
        hash.update(bytes);
        length += read as u64;
        let header = skip.min(read);
        skip -= header;
        to(&bytes[header..])?;
    }
}

/// Copies the rows of an index, with so many lines of recordings before its own; as
/// [`copy`].
pub(super) fn copy_index(
    path: &Path,
    skip: usize,
    before: u64,
    block: &mut [u8],
    to: &mut PartialFile,
) -> Result<(u64, String), ShardsError> {
    let before = i32::try_from(before).unwrap_or(i32::MAX);
    let mut rows = Vec::with_capacity(block.len() + INDEX_ROW);
    copy(path, skip, block, &mut |bytes| {
        rows.extend_from_slice(bytes);
        let whole = rows.len() - rows.len() % INDEX_ROW;
        for row in rows[..whole].chunks_exact_mut(INDEX_ROW) {
            let (line, _) = row.split_at_mut(size_of::<i32>());
            let own = i32::from_le_bytes([line[0], line[1], line[2], line[3]]);
            line.copy_from_slice(&own.saturating_add(before).to_le_bytes());
        }
        to.append(&rows[..whole])?;
        rows.drain(..whole);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_on_whatever_the_blocks() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a"), folder.path().join("b"));
        let ints = |ints: &[i32]| {
            ints.iter()
                .flat_map(|x| x.to_le_bytes())
                .collect::<Vec<_>>()
        };
        let text = [&b"head"[..], &ints(&[0, 7, 300, -1, i32::MAX, 5])].concat();
        std::fs::write(&from, &text).unwrap();
        for block in [1, 3, 8, 13, 100] {
            let mut file = PartialFile::create(&to, &[]).unwrap();
            let found = copy_index(&from, 4, 1000, &mut vec![0; block], &mut file).unwrap();
            assert_eq!(found, (28, hex(&Sha256::digest(&text))));
            file.finish(&[]).unwrap();
            let copied = std::fs::read(&to).unwrap();
            assert_eq!(copied, ints(&[1000, 7, 1300, -1, i32::MAX, 5]), "{block}");
        }
    }
}

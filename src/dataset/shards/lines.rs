//! `rows.jsonl` of a shard, with its rows counted on.

use std::io::{self, BufRead};

use sha2::{Digest, Sha256};

use crate::dataset::partial::{PartialFile, WriteError, hex};

/// Bytes collected before they are handed on.
const BLOCK: usize = 1 << 18;

/// How far one split has come.
pub(super) struct Counted {
    /// How its lines begin, up to the number of the row.
    head: Vec<u8>,
    /// Its rows in the shards before.
    pub(super) before: u64,
}

impl Counted {
    pub(super) fn new(split: &str) -> Self {
        let name = serde_json::Value::from(split);
        Self {
            head: format!("{{\"split\":{name},\"row\":").into_bytes(),
            before: 0,
        }
    }
}

/// Why lines were not copied.
pub(super) enum LinesError {
    /// They cannot be read.
    Read(io::Error),
    /// They cannot be written.
    Write(WriteError),
}

/// What was copied.
pub(super) struct Copied {
    /// SHA-256 of what was read.
    pub(super) sha256: String,
    /// Whether every line was one of a row, in order.
    pub(super) in_order: bool,
}

/// Copies the lines of a shard, each with its row counted from where its split has
/// come to. A float would not survive being read and written: only the number of
/// the row is touched.
pub(super) fn copy(
    mut from: impl BufRead,
    splits: &[Counted],
    to: &mut PartialFile,
) -> Result<Copied, LinesError> {
    let mut hash = Sha256::new();
    let (mut line, mut block) = (Vec::new(), Vec::with_capacity(BLOCK));
    let (mut split, mut row, mut in_order) = (0, 0, true);
    loop {
        line.clear();
        if from
            .read_until(b'\n', &mut line)
            .map_err(LinesError::Read)?
            == 0
        {
            break;
        }
        hash.update(&line);
        while split < splits.len() && !line.starts_with(&splits[split].head) {
            (split, row) = (split + 1, 0);
        }
        let counted = splits.get(split);
        match counted.and_then(|counted| Some((counted, rest(&line, &counted.head, row)?))) {
            Some((counted, rest)) => {
                block.extend_from_slice(&counted.head);
                block.extend_from_slice((counted.before + row).to_string().as_bytes());
                block.extend_from_slice(rest);
                row += 1;
            }
            None => in_order = false,
        }
        if block.len() >= BLOCK {
            to.append(&block).map_err(LinesError::Write)?;
            block.clear();
        }
    }
    to.append(&block).map_err(LinesError::Write)?;
    Ok(Copied {
        sha256: hex(&hash.finalize()),
        in_order,
    })
}

/// What follows the number of the row, if it is that one.
fn rest<'a>(line: &'a [u8], head: &[u8], row: u64) -> Option<&'a [u8]> {
    let rest = line.strip_prefix(head)?;
    let rest = rest.strip_prefix(row.to_string().as_bytes())?;
    rest.starts_with(b",").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str) -> (String, bool) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        let mut splits = ["a", "ü\"", "b"].map(Counted::new);
        splits[0].before = 99;
        splits[2].before = 7;
        let mut to = PartialFile::create(&path, &[]).unwrap();
        let Ok(copied) = copy(text.as_bytes(), &splits, &mut to) else {
            panic!()
        };
        to.finish(&[]).unwrap();
        (std::fs::read_to_string(path).unwrap(), copied.in_order)
    }

    #[test]
    fn rows_are_counted_on_and_nothing_else_is_touched() {
        let text = "{\"split\":\"a\",\"row\":0,\"x\":0.1000}\n{\"split\":\"a\",\"row\":1,\"row\":1}\n{\"split\":\"b\",\"row\":0,}\n";
        let expected = "{\"split\":\"a\",\"row\":99,\"x\":0.1000}\n{\"split\":\"a\",\"row\":100,\"row\":1}\n{\"split\":\"b\",\"row\":7,}\n";
        assert_eq!(copied(text), (expected.to_owned(), true));
        assert_eq!(copied(""), (String::new(), true));
        for wrong in [
            "{\"split\":\"a\",\"row\":1,}\n",
            "{\"split\":\"a\",\"row\":0}\n",
            "{\"split\":\"c\",\"row\":0,}\n",
            "{\"split\":\"b\",\"row\":0,}\n{\"split\":\"a\",\"row\":0,}\n",
        ] {
            assert!(!copied(wrong).1, "{wrong}");
        }
    }
}

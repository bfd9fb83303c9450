//! The order of the bytes of a QuickTime file's samples.
//!
//! After Apple's QuickTime File Format Specification: of samples of 24, 32 and 64
//! bits it is big-endian, but where an `enda` box in the description says
//! otherwise.

use std::io::{self, BufReader, Read};
use std::ops::Range;

use super::{boxes, u32_of, within};
use crate::audio::input::Input;

/// Names of samples whose order another box tells.
const EITHER: [&[u8; 4]; 4] = [b"in24", b"in32", b"fl32", b"fl64"];

/// Whether the samples that a description of them names so are big-endian.
pub(super) fn are_big_endian(
    reader: &mut BufReader<Input>,
    description: Range<u64>,
) -> io::Result<bool> {
    let mut is_big = false;
    // Behind its version, its flags, and how many follow.
    let entries = description.start.saturating_add(8)..description.end;
    boxes(reader, entries, &mut |reader, name, body| {
        if EITHER.contains(&&name) {
            is_big = !is_little(reader, body)?;
        }
        Ok(())
    })?;
    Ok(is_big)
}

fn is_little(reader: &mut BufReader<Input>, entry: Range<u64>) -> io::Result<bool> {
    reader.seek_relative(8)?;
    let mut version = [0; 2];
    reader.read_exact(&mut version)?;
    let fields = match u16::from_be_bytes(version) {
        0 => 28,
        1 => 44,
        _ => 64,
    };
    let mut little = false;
    let more = entry.start.saturating_add(fields)..entry.end;
    within(reader, more, b"wave", &mut |reader, body| {
        within(reader, body, b"enda", &mut |reader, body| {
            let size = body.end.saturating_sub(body.start);
            // Two bytes; some writers give it a version and flags before them.
            little = match size {
                0..4 => {
                    let mut value = [0; 2];
                    reader.read_exact(&mut value)?;
                    value != [0, 0]
                }
                _ => u32_of(reader)? != 0,
            };
            Ok(())
        })
    })?;
    Ok(little)
}

//! iTunes' note of an encoder's delay, padding and length.
//!
//! A box `----` in the list of tags, named `iTunSMPB`: hexadecimal numbers with
//! spaces between, of which the second is the delay in samples. The third is the
//! padding and the fourth how many are to be heard; these are not heeded, as by
//! ffmpeg: tools that lengthen a file may leave its tags as they were, and a count
//! must not cut what is there.

use std::io::{self, BufReader, Read};
use std::ops::Range;

use super::{boxes, within};
use crate::audio::input::Input;

/// Bytes of a tag that are read.
const MOST: u64 = 256;

/// How many samples the tags in a movie's user data say an encoder is late by.
pub(super) fn delay(
    reader: &mut BufReader<Input>,
    user_data: Range<u64>,
) -> io::Result<Option<u64>> {
    let mut found = None;
    within(reader, user_data, b"meta", &mut |reader, meta| {
        // Behind its version and flags.
        let body = meta.start.saturating_add(4)..meta.end;
        within(reader, body, b"ilst", &mut |reader, list| {
            within(reader, list, b"----", &mut |reader, body| {
                found = tag(reader, body)?.or(found.take());
                Ok(())
            })
        })
    })?;
    Ok(found)
}

fn tag(reader: &mut BufReader<Input>, body: Range<u64>) -> io::Result<Option<u64>> {
    let (mut is_it, mut found) = (false, None);
    boxes(reader, body, &mut |reader, name, body| {
        let mut text = Vec::new();
        let length = body.end.saturating_sub(body.start).min(MOST);
        reader.by_ref().take(length).read_to_end(&mut text)?;
        match &name {
            b"name" => is_it = text.get(4..) == Some(b"iTunSMPB"),
            b"data" if is_it => {
                found = text
                    .get(8..)
                    .map(String::from_utf8_lossy)
                    .and_then(|text| second(&text));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(found)
}

fn second(text: &str) -> Option<u64> {
    let word = text.split_whitespace().nth(1)?;
    u64::from_str_radix(word, 16).ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_delay_is_the_second_number() {
        let text = " 00000000 00000840 000001C0 0000000000003E80 00000000 00000000";
        assert_eq!(super::second(text), Some(2112));
        for none in ["", " 0", " 0 x 0 10"] {
            assert_eq!(super::second(none), None, "{none:?}");
        }
    }
}

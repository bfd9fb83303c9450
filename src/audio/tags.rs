//! Tags around MPEG audio: none of their bytes is audio, however much like a
//! frame some of a cover's look.
//!
//! After ID3v2.4.0 (id3.org), the APEv2 specification (wiki.hydrogenaud.io) and
//! Lyrics3 v2.00 (id3.org).

use std::io::{self, Read, Seek, SeekFrom};

/// Tags that are looked for behind the audio; there are never so many.
const MOST: usize = 16;
/// Bytes of an ID3v1 tag.
pub(super) const ID3V1: u64 = 128;

/// Where the audio ends: before the tags at a file's end.
pub(super) fn audio_end(file: &mut (impl Read + Seek), length: u64) -> io::Result<u64> {
    let mut end = length;
    for _ in 0..MOST {
        match last(file, end)? {
            0 => break,
            bytes => end = end.saturating_sub(bytes),
        }
    }
    Ok(end)
}

/// The bytes of the tag that ends at `end`; 0 where there is none.
fn last(file: &mut (impl Read + Seek), end: u64) -> io::Result<u64> {
    const SIZE: usize = ID3V1 as usize;
    let mut tail = [0; SIZE];
    let known = (end as usize).min(SIZE);
    file.seek(SeekFrom::Start(end - known as u64))?;
    file.read_exact(&mut tail[SIZE - known..])?;
    if tail.starts_with(b"TAG") {
        return Ok(ID3V1);
    }
    let footer = &tail[SIZE - 32..];
    if footer.starts_with(b"APETAGEX") {
        return Ok(ape_bytes(footer));
    }
    let lyrics = &tail[SIZE - 15..];
    if lyrics.ends_with(b"LYRICS200") {
        let size = std::str::from_utf8(&lyrics[..6]).ok();
        return Ok(size
            .and_then(|size| size.parse::<u64>().ok())
            .map_or(0, |size| size + 15));
    }
    Ok(0)
}

/// The bytes of a tag that begins with these; 0 where none does.
pub(super) fn first(head: &[u8]) -> u64 {
    match *head {
        [b'I', b'D', b'3', 0..0x10, _, flags, a, b, c, d, ..] if (a | b | c | d) < 0x80 => {
            let size = [a, b, c, d]
                .iter()
                .fold(0, |size, part| size << 7 | u64::from(*part));
            let footer = if flags & 0x10 != 0 { 10 } else { 0 };
            10 + size + footer
        }
        _ if head.starts_with(b"APETAGEX") && head.len() >= 32 => ape_bytes(head),
        _ => 0,
    }
}

/// The size of an APEv2 tag by its header or footer: its items and footer, and
/// its header where the flags say that it has one.
fn ape_bytes(edge: &[u8]) -> u64 {
    let word = |at: usize| u32::from_le_bytes([edge[at], edge[at + 1], edge[at + 2], edge[at + 3]]);
    let header = if word(20) & 0x8000_0000 != 0 { 32 } else { 0 };
    u64::from(word(12)) + header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn ape(items: usize) -> Vec<u8> {
        let edge = |flags: u32| {
            let size = items as u32 + 32;
            let mut edge = b"APETAGEX".to_vec();
            for word in [2000, size, 1, flags, 0, 0] {
                edge.extend(u32::to_le_bytes(word));
            }
            edge
        };
        [edge(0xA000_0000), vec![0xFF; items], edge(0x8000_0000)].concat()
    }

    #[test]
    fn the_tags_behind_the_audio_are_none_of_it() {
        let mut id3v1 = b"TAG".to_vec();
        id3v1.resize(128, b' ');
        let lyrics = b"LYRICSBEGININD0000200000021LYRICS200".to_vec();
        let lyrics_size = 27;
        assert_eq!(lyrics.len() - 15, lyrics_size - 6);
        for tails in [
            vec![],
            vec![id3v1.clone()],
            vec![ape(500)],
            vec![ape(40), id3v1.clone()],
            vec![id3v1.clone(), ape(0)],
        ] {
            let audio = vec![0x55; 300];
            let file = [audio.clone(), tails.concat()].concat();
            let length = file.len() as u64;
            assert_eq!(audio_end(&mut Cursor::new(file), length).unwrap(), 300);
        }
        assert_eq!(audio_end(&mut Cursor::new(b"TAG".to_vec()), 3).unwrap(), 3);
    }

    #[test]
    fn the_tags_before_it_are_measured() {
        assert_eq!(first(b"ID3\x03\0\0\0\0\x02\x01...."), 10 + 257);
        assert_eq!(first(b"ID3\x04\0\x10\0\0\0\x05...."), 10 + 5 + 10);
        assert_eq!(first(&ape(500)), 500 + 64);
        assert_eq!(first(b"\xFF\xFB\x90\0"), 0);
    }
}

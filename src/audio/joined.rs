//! Files joined end to end: what lies behind the first, and where.

use super::extent::{Rest, head};
use super::{Fault, FileRange, aac, caf, is_audio, ogg, tags};

/// What lies behind a file in the same one.
#[derive(Default)]
pub(super) enum Behind {
    /// Nothing that matters.
    #[default]
    Nothing,
    /// Another one, behind so many bytes that are no audio.
    File { file: FileRange, strays: u64 },
    /// So many bytes that are no audio.
    Bytes(u64),
}

impl Behind {
    /// Whether it is another file.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

/// What lies behind a file whose reader would refuse it whole for that, or take it
/// for its own; [`Rest::Unknown`] for others.
pub(super) fn rest(file: &FileRange) -> Result<(Rest, Option<u64>), Fault> {
    let mut input = file.open()?;
    let length = input.length();
    let mut at = 0;
    let first = loop {
        let first = head(&mut input, at, length)?;
        match tags::first(&first) {
            0 => break first,
            tag => at += tag,
        }
    };
    let end = match *first {
        _ if first.starts_with(ogg::MARK) => ogg::end(&mut input)?,
        _ if first.starts_with(caf::MARK) => caf::end(&mut input)?,
        [0xFF, second, ..] if second & 0xF6 == 0xF0 => aac::end(&mut input)?,
        _ => return Ok((Rest::Unknown, None)),
    };
    let rest = Rest::from(&mut input, end, length)?;
    let next = match (rest, first.first()) {
        (Rest::Other { .. }, Some(0xFF)) => aac::next(&mut input, &first, end)?,
        _ => None,
    };
    Ok((rest, next.map(|next| length - next)))
}

/// A file apart from what lies behind it; `next` is the bytes of a file behind bytes
/// that are none. `None` where nothing is known to be there.
pub(super) fn split(
    file: &FileRange,
    rest: Rest,
    next: Option<u64>,
) -> Result<Option<(FileRange, Behind)>, Fault> {
    let Some(bytes) = rest.bytes() else {
        return Ok(None);
    };
    let end = file.start + file.open()?.length();
    let middle = end.saturating_sub(bytes);
    if middle <= file.start {
        return Ok(None);
    }
    let from = |start: u64| FileRange {
        start,
        ..file.clone()
    };
    let behind = match (next, rest) {
        (Some(next), Rest::Other { bytes, .. }) if next < bytes => Behind::File {
            file: from(end - next),
            strays: bytes - next,
        },
        (_, Rest::More { bytes, .. }) if is_audio(from(end - bytes)) => Behind::File {
            file: from(end - bytes),
            strays: 0,
        },
        (_, Rest::More { bytes, .. } | Rest::Other { bytes, .. }) => Behind::Bytes(bytes),
        _ => Behind::Nothing,
    };
    let first = FileRange {
        end: middle,
        ..file.clone()
    };
    Ok(Some((first, behind)))
}

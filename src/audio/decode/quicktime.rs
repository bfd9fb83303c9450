//! What MP4 and QuickTime files say that symphonia does not heed.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;

use super::decoder;
use crate::audio::extent::Rest;
use crate::audio::heard::Heard;
use crate::audio::{Fault, FileRange, mp4, opus};

/// What an MP4 file says is heard of a track, and what lies at its end; its codec
/// is told what symphonia reads otherwise.
pub(super) fn said(
    from: &FileRange,
    track: u32,
    codec: &mut AudioCodecParameters,
    sample_rate: u32,
) -> Result<(Heard, Rest), Fault> {
    let said = mp4::said(from.open()?, track, sample_rate)?;
    if said.is_big_endian {
        decoder::turn_bytes(codec);
    }
    if codec.codec == CODEC_ID_OPUS {
        let head = codec.extra_data.take().unwrap_or_default();
        codec.extra_data = Some(opus::head_of_mp4(head, said.heard == Heard::all()));
    }
    Ok((said.heard, said.rest))
}

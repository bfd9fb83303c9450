//! Which track of a file is read, and what is known of it before.

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::formats::well_known::{FORMAT_ID_AIFF, FORMAT_ID_FLAC, FORMAT_ID_WAVE};
use symphonia::core::formats::{FormatId, FormatReader, Track, TrackType};

use crate::audio::{Fault, FileRange, ogg, opus};

/// What a file is that no container here opens.
pub(super) fn unreadable(from: &FileRange) -> Option<String> {
    let input = from.open().ok()?;
    ogg::unreadable(input)
}

/// The first audio track, and what its codec is told.
pub(super) fn audio_track(
    format: &dyn FormatReader,
) -> Result<(&Track, &AudioCodecParameters), Fault> {
    let track = format.default_track(TrackType::Audio);
    let track = track.ok_or(Fault::NoTrack)?;
    match &track.codec_params {
        Some(CodecParameters::Audio(codec)) => Ok((track, codec)),
        _ => Err(Fault::NoTrack),
    }
}

/// The rate that a codec decodes at, in Hz: of Opus, containers may name the one
/// that its encoder was given.
pub(super) fn rate_of(codec: &AudioCodecParameters) -> Option<u32> {
    match codec.codec == CODEC_ID_OPUS {
        true => Some(opus::SAMPLE_RATE),
        false => codec.sample_rate.filter(|&rate| rate > 0),
    }
}

/// The length by the header, where that is a promise and not an estimate.
///
/// An Ogg's last position is relative to an unknown first one, and M4A counts in
/// units of its own.
pub(super) fn exact_frames(id: FormatId, track: &Track) -> Option<u64> {
    let exact = [FORMAT_ID_FLAC, FORMAT_ID_AIFF, FORMAT_ID_WAVE].contains(&id);
    track.num_frames.filter(|_| exact)
}

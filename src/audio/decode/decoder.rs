//! Packets to samples.

use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP3, CODEC_ID_OPUS, CODEC_ID_PCM_F32BE,
    CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64BE, CODEC_ID_PCM_F64LE, CODEC_ID_PCM_S24BE,
    CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32BE, CODEC_ID_PCM_S32LE, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as DecoderError;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;
use symphonia::default::get_codecs;

use super::{Coded, Packets, changed};
use crate::audio::opus::Opus;
use crate::audio::{Fault, aac};

/// What makes samples of packets.
pub(super) enum Decoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Opus),
}

impl Coded {
    /// Decodes a packet; one of MPEG audio that does not decode is silence.
    pub(super) fn decode(
        &mut self,
        mut packet: Packet,
        found: u64,
        planes: &mut Vec<Vec<f32>>,
    ) -> Result<(), Fault> {
        let fault = |error| Fault::from_decoder(error, found);
        if self.length_guessed {
            untrim(&mut packet);
        }
        let fresh = self.decoder.is_none();
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(Decoder::new(&self.codec)?),
        };
        let decoder = match decoder {
            Decoder::Symphonia(decoder) => decoder,
            Decoder::Opus(opus) => {
                opus.decode(&packet.data, planes)
                    .map_err(|error| Fault::Damaged {
                        what: error.to_string(),
                        found,
                    })?;
                self.info.channels = planes.len();
                for plane in planes {
                    let end = plane.len().saturating_sub(packet.trim_end.get() as usize);
                    plane.truncate(end);
                }
                return Ok(());
            }
        };
        let buffer = match (decoder.decode(&packet), &self.packets) {
            (Ok(buffer), _) => buffer,
            (Err(DecoderError::DecodeError(_)), Packets::Mpeg(mpeg)) if !self.strict => {
                self.packets_damaged += 1;
                planes.clear();
                planes.push(vec![0.0; mpeg.kind().samples as usize]);
                return Ok(());
            }
            (Err(error), _) => return Err(fault(error)),
        };
        let spec = buffer.spec();
        if found == 0 || (self.strict && fresh) {
            // The codec has the last word. Of HE-AAC that does not say so, the
            // container states twice the core's rate.
            if self.codec.codec == CODEC_ID_AAC && self.info.sample_rate == 2 * spec.rate() {
                return Err(aac::high_efficiency());
            }
            self.info.sample_rate = spec.rate();
            self.info.channels = spec.channels().count();
        } else if spec.rate() != self.info.sample_rate {
            return Err(changed());
        }
        if self.info.sample_rate == 0 {
            return Err(Fault::NoSampleRate);
        }
        buffer.copy_to_vecs_planar(planes);
        Ok(())
    }
}

impl Decoder {
    pub(super) fn new(codec: &AudioCodecParameters) -> Result<Self, Fault> {
        if codec.codec == CODEC_ID_OPUS {
            let head = codec.extra_data.as_deref().unwrap_or_default();
            let opus = Opus::new(head);
            return opus.map(Self::Opus).ok_or_else(|| Fault::Damaged {
                what: "its Opus header makes no sense".to_owned(),
                found: 0,
            });
        }
        let config = codec.extra_data.as_deref().unwrap_or_default();
        if codec.codec == CODEC_ID_AAC && aac::is_high_efficiency(config) {
            return Err(aac::high_efficiency());
        }
        let options = AudioDecoderOptions::default();
        let decoder = get_codecs().make_audio_decoder(codec, &options);
        let decoder = decoder.map_err(|error| Fault::from_decoder(error, 0))?;
        Ok(Self::Symphonia(decoder))
    }
}

/// Takes samples for big-endian that symphonia took for little-endian.
pub(super) fn turn_bytes(codec: &mut AudioCodecParameters) {
    codec.codec = match codec.codec {
        CODEC_ID_PCM_S24LE => CODEC_ID_PCM_S24BE,
        CODEC_ID_PCM_S32LE => CODEC_ID_PCM_S32BE,
        CODEC_ID_PCM_F32LE => CODEC_ID_PCM_F32BE,
        CODEC_ID_PCM_F64LE => CODEC_ID_PCM_F64BE,
        other => other,
    };
}

/// What a codec is called.
pub(super) fn name(codec: &AudioCodecParameters) -> &'static str {
    match codec.codec {
        CODEC_ID_AAC => "aac",
        CODEC_ID_ALAC => "alac",
        CODEC_ID_FLAC => "flac",
        CODEC_ID_MP3 => "mp3",
        CODEC_ID_OPUS => "opus",
        CODEC_ID_VORBIS => "vorbis",
        _ => "other",
    }
}

fn untrim(packet: &mut Packet) {
    packet.dur = packet.block_dur();
    packet.trim_start = Duration::ZERO;
    packet.trim_end = Duration::ZERO;
}

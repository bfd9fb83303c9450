//! Opus packets to samples, which symphonia does not do.
//!
//! The identification header after RFC 7845, 5.1.

use opus_pure::{MAX_PACKET_SAMPLES, OpusDecoder, OpusMSDecoder};

/// The rate that Opus is decoded at, in Hz, whatever the encoder was given.
pub(super) const SAMPLE_RATE: u32 = 48_000;

/// Decodes the packets of one stream.
pub(super) struct Opus {
    streams: Streams,
    channels: usize,
    /// Samples still to be skipped: what the encoder is late by.
    skip: usize,
    /// Factor of all samples, by the header.
    gain: f32,
    interleaved: Vec<f32>,
}

enum Streams {
    /// Of one stream, mono or stereo.
    One(Box<OpusDecoder>),
    /// Of several, for surround.
    Many(Box<OpusMSDecoder>),
}

/// The header that MP4 has, as an identification header: its numbers are
/// big-endian (Encapsulation of Opus in ISO Base Media File Format, 4.3.2), and
/// what is to be skipped, an edit list says where there is one.
pub(super) fn head_of_mp4(mut head: Box<[u8]>, skips: bool) -> Box<[u8]> {
    if let [_, _, _, _, _, _, _, _, version, _, skip @ .., _] = &mut *head {
        *version = 1;
        if let [skip_high, skip_low, a, b, c, d, gain_high, gain_low, ..] = skip {
            std::mem::swap(skip_high, skip_low);
            if !skips {
                (*skip_high, *skip_low) = (0, 0);
            }
            (*a, *b, *c, *d) = (*d, *c, *b, *a);
            std::mem::swap(gain_high, gain_low);
        }
    }
    head
}

impl Opus {
    /// A decoder by the identification header; `None` where that makes no sense.
    pub fn new(head: &[u8]) -> Option<Self> {
        let channels = usize::from(*head.get(9)?);
        let skip = u16::from_le_bytes([*head.get(10)?, *head.get(11)?]);
        let gain = i16::from_le_bytes([*head.get(16)?, *head.get(17)?]);
        let streams = match *head.get(18)? {
            0 => Streams::One(Box::new(
                OpusDecoder::new(SAMPLE_RATE as i32, channels).ok()?,
            )),
            family => Streams::Many(Box::new(
                OpusMSDecoder::new(SAMPLE_RATE as i32, channels, family).ok()?,
            )),
        };
        Some(Self {
            streams,
            channels,
            skip: usize::from(skip),
            // Decibels in 256ths.
            gain: libm::powf(10.0, f32::from(gain) / (20.0 * 256.0)),
            interleaved: vec![0.0; MAX_PACKET_SAMPLES * channels],
        })
    }

    /// Decodes a packet into one vector a channel.
    pub fn decode(
        &mut self,
        packet: &[u8],
        planes: &mut Vec<Vec<f32>>,
    ) -> Result<(), opus_pure::Error> {
        let out = &mut self.interleaved;
        let samples = match &mut self.streams {
            Streams::One(decoder) => decoder.decode(packet, MAX_PACKET_SAMPLES, out)?,
            Streams::Many(decoder) => decoder.decode(packet, MAX_PACKET_SAMPLES, out)?,
        };
        planes.resize_with(self.channels, Vec::new);
        let skipped = self.skip.min(samples);
        self.skip -= skipped;
        let frames = &out[skipped * self.channels..samples * self.channels];
        for (channel, plane) in planes.iter_mut().enumerate() {
            plane.clear();
            let samples = frames.iter().skip(channel).step_by(self.channels);
            plane.extend(samples.map(|sample| sample * self.gain));
        }
        Ok(())
    }
}

//! Opus packets to samples, which symphonia does not do.
//!
//! The identification header after RFC 7845, 5.1.

use opus_pure::{MAX_PACKET_SAMPLES, OpusDecoder, OpusMSDecoder};

/// The rate that Opus is decoded at, in Hz, whatever the encoder was given.
const SAMPLE_RATE: i32 = 48_000;

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

impl Opus {
    /// A decoder by the identification header; `None` where that makes no sense.
    pub fn new(head: &[u8]) -> Option<Self> {
        let channels = usize::from(*head.get(9)?);
        let skip = u16::from_le_bytes([*head.get(10)?, *head.get(11)?]);
        let gain = i16::from_le_bytes([*head.get(16)?, *head.get(17)?]);
        let streams = match *head.get(18)? {
            0 => Streams::One(Box::new(OpusDecoder::new(SAMPLE_RATE, channels).ok()?)),
            family => Streams::Many(Box::new(
                OpusMSDecoder::new(SAMPLE_RATE, channels, family).ok()?,
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

//! The last frame of a FLAC that something follows, and what is left of a file that
//! was read to its end.

use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::decoder::Decoder;
use super::{Coded, Packets};
use crate::audio::Fault;
use crate::audio::extent::Rest;
use crate::audio::flac::Last;

impl Coded {
    /// The last frame of its own, where another file's packet has come instead, or
    /// none.
    pub(super) fn last_frame(&mut self, instead: Option<&Packet>) -> Result<Option<Packet>, Fault> {
        let (found, codec) = (self.decoded, &self.codec);
        let Some(frames) = self.frames.as_mut().filter(|_| !self.is_done) else {
            return Ok(None);
        };
        let last = frames.last(|bytes| {
            let packet = packet(found, 0, bytes.to_vec());
            match Decoder::new(codec).ok()? {
                Decoder::Symphonia(mut decoder) => {
                    let decoded = decoder.decode(&packet).ok()?;
                    Some(decoded.frames() as u64)
                }
                Decoder::Opus(_) => None,
            }
        })?;
        // Only of another file a frame has a number that was before.
        let is_another = instead.is_some_and(|packet| (packet.pts.get() as u64) < found);
        let last = last.filter(|Last { samples, rest, .. }| {
            let is_all = self.info.frames == Some(found + samples);
            instead.is_none() || is_another || is_all || matches!(rest, Rest::More { .. })
        });
        self.is_done = is_another || last.is_some();
        Ok(last.map(|last| packet(found, last.samples, last.bytes)))
    }

    /// What was left of the file, where only reading it tells; and the bytes of
    /// another file that follows behind bytes that are none.
    pub(in crate::audio) fn left(&mut self) -> Result<(Rest, Option<u64>), Fault> {
        if let Some(frames) = &mut self.frames {
            let rest = frames.rest()?;
            let next = match rest {
                Rest::Other { .. } => frames.next()?,
                _ => None,
            };
            return Ok((rest, next));
        }
        if let Some(pages) = &mut self.pages {
            let rest = match pages.strays_left()? {
                0 => Rest::Nothing,
                bytes => Rest::Other { bytes, padding: 0 },
            };
            return Ok((rest, None));
        }
        Ok(match &mut self.packets {
            Packets::Mpeg(mpeg) => (mpeg.left()?, None),
            Packets::Container(_) => (Rest::Unknown, None),
        })
    }

    /// Keeps account of where the frames lie.
    pub(super) fn keep_place(&mut self, packet: &Packet, follows: bool) -> Result<(), Fault> {
        if let Some(frames) = &mut self.frames {
            if !follows {
                frames.found(&packet.data)?;
            }
            frames.passed(&packet.data);
        }
        Ok(())
    }

    /// Whether a packet that was searched for is of the file's own.
    pub(super) fn is_own(&mut self, packet: &Packet) -> Result<bool, Fault> {
        Ok(match &mut self.frames {
            Some(frames) => frames.searched(&packet.data)?,
            None => true,
        })
    }
}

fn packet(at: u64, samples: u64, bytes: Vec<u8>) -> Packet {
    let at = Timestamp::new(i64::try_from(at).unwrap_or(i64::MAX));
    Packet::new(0, at, Duration::from(samples), bytes)
}

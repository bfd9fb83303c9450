//! Coded audio, read on whatever breaks in it.

use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::formats::FormatId;
use symphonia::core::formats::well_known::{FORMAT_ID_MKV, FORMAT_ID_OGG};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, TimeBase, Timestamp};

use super::{Coded, Next as NextPacket, Packets, audio_track, changed, rate_of};
use crate::audio::flac::Frames;
use crate::audio::heard::Heard;
use crate::audio::recording::Next;
use crate::audio::{Ear, Fault, FileRange};

/// Packets' times against what they hold.
pub(in crate::audio) struct Clock {
    base: TimeBase,
    /// How far they may be apart, in seconds.
    tolerance: f64,
    /// A packet's time, and the samples decoded before it.
    anchor: Option<(f64, u64)>,
}

impl Clock {
    /// Where times are written with the packets: then a gap shows in them.
    pub fn of(id: FormatId, base: Option<TimeBase>) -> Option<Self> {
        let tolerance = match id {
            // To the sample.
            FORMAT_ID_OGG => 0.004,
            // To the millisecond, of the block.
            FORMAT_ID_MKV => 0.045,
            _ => return None,
        };
        Some(Self {
            base: base?,
            tolerance,
            anchor: None,
        })
    }

    pub(super) fn seconds(&self, time: Timestamp) -> f64 {
        let (numer, denom) = (self.base.numer.get(), self.base.denom.get());
        time.get() as f64 * f64::from(numer) / f64::from(denom)
    }

    /// Seconds missing before a packet of that time, where `decoded` samples have
    /// come.
    fn missing(&mut self, time: Timestamp, decoded: u64, rate: u32) -> Option<f64> {
        let now = self.seconds(time);
        let (then, before) = *self.anchor.get_or_insert((now, decoded));
        let elapsed = decoded.saturating_sub(before) as f64 / f64::from(rate.max(1));
        let missing = now - then - elapsed;
        (missing > self.tolerance).then_some(missing)
    }
}

impl Coded {
    /// The same, of that file, for a reader that tells what breaks.
    pub(in crate::audio) fn strict(mut self, file: &FileRange) -> Result<Self, Fault> {
        self.strict = true;
        if self.self_contained && self.codec.codec == CODEC_ID_FLAC {
            self.frames = Frames::open(file.open()?)?;
        }
        Ok(self)
    }

    /// Samples decoded so far, with those that were lost.
    pub(in crate::audio) fn decoded(&self) -> u64 {
        self.decoded
    }

    /// Forgets what the decoder remembers: what comes next stands alone.
    pub(in crate::audio) fn forget(&mut self) {
        self.decoder = None;
        if let Some(clock) = &mut self.clock {
            clock.anchor = None;
        }
    }

    /// Appends what is heard of the next packet.
    pub(in crate::audio) fn advance(
        &mut self,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Next, Fault> {
        let packet = match self.take_packet()? {
            Taken::Packet(packet) => packet,
            Taken::Break(fault) => return Ok(Next::Break(fault)),
            Taken::End => {
                let fault = self.strict_end().err();
                return Ok(Next::End(fault));
            }
        };
        let (found, length) = (self.decoded, self.length_of(&packet));
        let mut planes = std::mem::take(&mut self.planes);
        let decoded = self.decode(packet, found, &mut planes);
        let heard = match decoded {
            Ok(()) => {
                let block = ear.planes(&planes, &mut self.mean)?;
                for piece in self.heard.cut(found, block) {
                    out.extend_from_slice(piece);
                }
                self.decoded += block.len() as u64;
                Ok(Next::Samples)
            }
            // Nothing of the kind can be decoded.
            Err(fault) if self.decoder.is_none() => Err(fault),
            Err(fault) => {
                self.decoded += length;
                self.forget();
                Ok(Next::Break(fault))
            }
        };
        self.planes = planes;
        heard
    }

    fn take_packet(&mut self) -> Result<Taken, Fault> {
        loop {
            if let Some(packet) = self.behind_gap.take() {
                return Ok(Taken::Packet(packet));
            }
            if self.is_done {
                return Ok(Taken::End);
            }
            let strays = self.strays();
            let packet = match self.pull() {
                Ok(NextPacket::Packet(packet)) if packet.track_id != self.track => continue,
                Ok(NextPacket::Packet(packet)) => packet,
                Ok(NextPacket::Reset) => return self.other_stream().map(Taken::Break),
                Ok(NextPacket::End) => match self.ahead.take() {
                    Some(mut last) => {
                        last.trim_end = Duration::from(self.padding);
                        self.padding = 0;
                        return Ok(Taken::Packet(last));
                    }
                    None => match self.last_frame(None)? {
                        Some(last) => {
                            self.keep_place(&last, true)?;
                            return Ok(Taken::Packet(last));
                        }
                        None => return Ok(Taken::End),
                    },
                },
                Err(fault @ Fault::Unsupported(_)) if self.take_change()? => {
                    return Ok(Taken::Break(fault));
                }
                Err(fault @ Fault::Damaged { .. }) => {
                    self.forget();
                    return Ok(Taken::Break(fault));
                }
                Err(fault) => return Err(fault),
            };
            // The padding is the last packet's: which that is, the next one tells.
            let packet = match self.padding > 0 {
                true => match self.ahead.replace(packet) {
                    Some(packet) => packet,
                    None => continue,
                },
                false => packet,
            };
            if let Some(end) = self.lost_page(&packet)? {
                match self.behind_pages(packet, end) {
                    Some(fault) => {
                        self.forget();
                        return Ok(Taken::Break(fault));
                    }
                    None => continue,
                }
            }
            if let Some(fault) = self.between_pages() {
                self.forget();
                self.behind_gap = Some(packet);
                return Ok(Taken::Break(fault));
            }
            let is_next = u64::try_from(packet.pts.get()) == Ok(self.decoded);
            if self.self_contained && !is_next {
                let last = self.last_frame(Some(&packet))?;
                if let Some(last) = last {
                    self.keep_place(&last, true)?;
                    return Ok(Taken::Packet(last));
                }
                if self.is_done {
                    return Ok(Taken::End);
                }
            }
            self.keep_place(&packet, is_next)?;
            return Ok(match self.gap_before(&packet, strays) {
                Some(fault) => {
                    self.forget();
                    self.behind_gap = Some(packet);
                    Taken::Break(fault)
                }
                None => Taken::Packet(packet),
            });
        }
    }

    /// What is missing before a packet, if anything; what was decoded counts on
    /// to it.
    fn gap_before(&mut self, packet: &Packet, strays: u64) -> Option<Fault> {
        let found = self.decoded;
        let damaged = |what: String| Fault::Damaged { what, found };
        if self.self_contained {
            let at = u64::try_from(packet.pts.get()).unwrap_or(found);
            self.decoded = at;
            return (at != found).then(|| {
                damaged(format!(
                    "frame {at} follows: a part is missing or does not decode"
                ))
            });
        }
        let between = self.strays() - strays;
        if between > 0 && found > 0 {
            // What the tag has counted is not there, which is told by this.
            (self.counted, self.info.frames) = (None, None);
            return Some(damaged(format!("{between} bytes that are no audio")));
        }
        // What a decoder skips at its beginning is not missing.
        self.decoder.as_ref()?;
        let rate = self.info.sample_rate;
        let missing = self.clock.as_mut()?.missing(packet.pts, found, rate)?;
        self.decoded += (missing * f64::from(rate)).round() as u64;
        Some(damaged(format!("{missing:.3} s are missing")))
    }

    /// Takes up the stream that follows in the same file.
    fn other_stream(&mut self) -> Result<Fault, Fault> {
        let Packets::Container(format) = &self.packets else {
            return Err(changed());
        };
        let (track, codec) = audio_track(&**format)?;
        (self.track, self.codec) = (track.id, codec.clone());
        if let (Some(clock), Some(base)) = (&mut self.clock, track.time_base) {
            clock.base = base;
        }
        if let Some(rate) = rate_of(&self.codec) {
            self.info.sample_rate = rate;
        }
        self.heard = Heard::all();
        self.forget();
        let behind = match self.follow_pages()? {
            0 => String::new(),
            strays => format!(", behind {strays} bytes that are no audio"),
        };
        Ok(Fault::Unsupported(format!(
            "a second stream follows the first{behind}"
        )))
    }

    /// Takes up MPEG frames of another kind, if that is what follows.
    fn take_change(&mut self) -> Result<bool, Fault> {
        let Packets::Mpeg(mpeg) = &mut self.packets else {
            return Ok(false);
        };
        mpeg.change()?;
        let kind = mpeg.kind();
        self.codec.sample_rate = Some(kind.sample_rate);
        (self.info.sample_rate, self.info.channels) = (kind.sample_rate, kind.channels);
        (self.heard, self.counted, self.info.frames) = (Heard::all(), None, None);
        self.forget();
        Ok(true)
    }

    fn strays(&self) -> u64 {
        match &self.packets {
            Packets::Mpeg(mpeg) => mpeg.strays(),
            Packets::Container(_) => 0,
        }
    }

    /// Samples that a packet should give.
    fn length_of(&self, packet: &Packet) -> u64 {
        match &self.packets {
            Packets::Mpeg(mpeg) => mpeg.kind().samples,
            Packets::Container(_) => match &self.clock {
                Some(clock) => {
                    let length = Timestamp::new(packet.dur.get() as i64);
                    (clock.seconds(length) * f64::from(self.info.sample_rate)).round() as u64
                }
                None => packet.dur.get(),
            },
        }
    }

    /// Whether all is there that was counted.
    fn strict_end(&self) -> Result<(), Fault> {
        match self.decoded {
            0 => Err(Fault::NoSamples),
            _ => self.check_end(),
        }
    }
}

/// What [`Coded::take_packet`] has found.
enum Taken {
    Packet(Packet),
    Break(Fault),
    End,
}

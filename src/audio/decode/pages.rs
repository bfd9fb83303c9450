//! Packets behind pages of an Ogg that are lost.

use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::{Coded, Next};
use crate::audio::Fault;

/// Seconds by which times may be wrong.
const TOLERANCE: f64 = 0.004;

impl Coded {
    /// The next packet, which may have been read ahead.
    pub(super) fn pull(&mut self) -> Result<Next, Fault> {
        if let Some(packet) = self.waiting.pop_front() {
            return Ok(Next::Packet(packet));
        }
        match self.stopped.take() {
            Some(next) => next,
            None => self.next_packet(self.decoded),
        }
    }

    /// Where the page of a packet ends, if pages are lost before that packet.
    pub(super) fn lost_page(&mut self, packet: &Packet) -> Result<Option<i64>, Fault> {
        let Some(pages) = &mut self.pages else {
            return Ok(None);
        };
        Ok(pages.gap_before(packet.pts.get())?)
    }

    /// What lies between the pages before a packet that is none.
    pub(super) fn between_pages(&mut self) -> Option<Fault> {
        let strays = self.pages.as_mut()?.take_strays();
        (strays > 0).then(|| Fault::Damaged {
            what: format!("{strays} bytes that are no audio"),
            found: self.decoded,
        })
    }

    /// What is missing before the packets of a page that ends there; they are
    /// given their own times, and wait. Nothing, where pages are only numbered
    /// strangely.
    pub(super) fn behind_pages(&mut self, first: Packet, end: i64) -> Option<Fault> {
        let length = |packet: &Packet| {
            let trimmed = packet.trim_start.get() + packet.trim_end.get();
            (packet.dur.get() + trimmed) as i64
        };
        let mut behind = first.pts.get() + length(&first);
        let mut page = vec![first];
        loop {
            match self.pull() {
                Ok(Next::Packet(packet)) if packet.track_id != self.track => {}
                Ok(Next::Packet(packet)) if packet.pts.get() < end => {
                    behind += length(&packet);
                    page.push(packet);
                }
                Ok(Next::Packet(packet)) => {
                    self.waiting.push_front(packet);
                    break;
                }
                stopped => {
                    self.stopped = Some(stopped);
                    break;
                }
            }
        }
        let missing = Duration::from(end.saturating_sub(behind).max(0) as u64);
        for mut packet in page.into_iter().rev() {
            packet.pts = packet.pts.saturating_add(missing);
            self.waiting.push_front(packet);
        }
        let time = Timestamp::ZERO.saturating_add(missing);
        let seconds = self.clock.as_ref().map_or(0.0, |clock| clock.seconds(time));
        if seconds <= TOLERANCE {
            return None;
        }
        let found = self.decoded;
        self.decoded += (seconds * f64::from(self.info.sample_rate)).round() as u64;
        Some(Fault::Damaged {
            what: format!("{seconds:.3} s are missing"),
            found,
        })
    }

    /// Goes on to the pages of the stream that was taken up, and gives the number of
    /// bytes before it that are no page.
    pub(super) fn follow_pages(&mut self) -> Result<u64, Fault> {
        let Some(pages) = &mut self.pages else {
            return Ok(0);
        };
        pages.follow(self.track)?;
        Ok(pages.take_strays())
    }
}

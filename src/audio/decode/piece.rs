//! A piece of coded audio.

use symphonia::core::formats::{SeekMode, SeekTo};
use symphonia::core::units::Timestamp;

use super::{Coded, Next, Packets, astray};
use crate::audio::{Ear, Fault, Info};

impl Coded {
    /// Whether [`Coded::seek_range`] may be tried.
    pub(in crate::audio) fn seeks(&self) -> bool {
        self.self_contained && self.info.frames.is_some()
    }

    /// Reads a piece by a search for its first packet, which may fail although
    /// the file has the piece.
    pub(in crate::audio) fn seek_range(
        &mut self,
        start: u64,
        frames: usize,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let position = self.seek(start)?;
        self.read_piece(position, start, frames, ear, out)
    }

    /// Reads a piece by decoding all that comes before it.
    pub(in crate::audio) fn read_range(
        &mut self,
        start: u64,
        frames: usize,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        self.read_piece(0, start, frames, ear, out)
    }

    /// Reads a piece from a packet on that begins at sample `decoded`; where one
    /// can go to another than the first, all samples are heard.
    fn read_piece(
        &mut self,
        decoded: u64,
        start: u64,
        frames: usize,
        ear: &mut Ear,
        out: &mut Vec<f32>,
    ) -> Result<Info, Fault> {
        let end = start.saturating_add(frames as u64);
        let out_of_range = |found| Fault::OutOfRange { start, end, found };
        match self.info.frames {
            Some(known) if end > known => return Err(out_of_range(known)),
            Some(_) if frames == 0 => return Ok(self.info),
            _ => {}
        }
        self.decoded = decoded;
        let mut heard = self.heard.of(0..decoded);
        let mut block = Vec::new();
        while heard < end {
            block.clear();
            if !self.next(ear, &mut block)? {
                return Err(out_of_range(heard));
            }
            let within = |at: u64| at.saturating_sub(heard).min(block.len() as u64) as usize;
            out.extend_from_slice(&block[within(start)..within(end)]);
            heard += block.len() as u64;
        }
        Ok(self.info)
    }

    /// Goes to the packet that holds a frame, which what follows is read from on,
    /// and says which frame it begins with.
    pub(in crate::audio) fn go_to(&mut self, frame: u64) -> Result<u64, Fault> {
        self.decoded = self.seek(frame)?;
        // A file may lie about where its packets are.
        match self.next_packet(self.decoded)? {
            Next::Packet(packet)
                if u64::try_from(packet.pts.get()) == Ok(self.decoded)
                    && self.is_own(&packet)? =>
            {
                self.waiting.push_front(packet);
                Ok(self.decoded)
            }
            _ => Err(astray(self.decoded)),
        }
    }

    /// Goes to the packet that holds a frame, and says which frame it begins with.
    fn seek(&mut self, frame: u64) -> Result<u64, Fault> {
        let to = SeekTo::Timestamp {
            ts: Timestamp::new(i64::try_from(frame).unwrap_or(i64::MAX)),
            track_id: self.track,
        };
        let Packets::Container(format) = &mut self.packets else {
            return Err(astray(frame));
        };
        let seeked = format
            .seek(SeekMode::Accurate, to)
            .map_err(|error| Fault::from_decoder(error, 0))?;
        u64::try_from(seeked.actual_ts.get())
            .ok()
            .filter(|&position| position <= frame)
            .ok_or_else(|| astray(frame))
    }
}

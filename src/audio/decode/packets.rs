//! Where a file's packets come from.

use symphonia::core::errors::Error as DecoderError;
use symphonia::core::formats::FormatReader;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use super::{Coded, changed};
use crate::audio::Fault;
use crate::audio::mpeg::{Mpeg, Step};

/// Where packets come from.
pub(super) enum Packets {
    Container(Box<dyn FormatReader>),
    Mpeg(Box<Mpeg>),
}

/// What the next packet is.
pub(super) enum Next {
    Packet(Packet),
    /// Another stream follows in the same file.
    Reset,
    End,
}

impl Coded {
    /// The next packet of any track, after `found` frames.
    pub(super) fn next_packet(&mut self, found: u64) -> Result<Next, Fault> {
        match &mut self.packets {
            Packets::Container(format) => match format.next_packet() {
                Ok(Some(packet)) => Ok(Next::Packet(packet)),
                Ok(None) => Ok(Next::End),
                // The caller compares with the length that is known.
                Err(error) if is_end(&error) && self.info.frames.is_some() => Ok(Next::End),
                // Nor is anything missing of a file whose writer could not go back.
                Err(error) if is_end(&error) && self.rest.is_nothing() => Ok(Next::End),
                Err(DecoderError::ResetRequired) => Ok(Next::Reset),
                Err(error) => {
                    // What follows a file is not its own.
                    self.rest.check(found)?;
                    Err(Fault::from_decoder(error, found))
                }
            },
            Packets::Mpeg(mpeg) => Ok(match mpeg.next()? {
                Step::Frame(data) => {
                    let (at, length) = (Timestamp::ZERO, Duration::ZERO);
                    Next::Packet(Packet::new(0, at, length, data))
                }
                Step::Changed => return Err(changed()),
                Step::End => Next::End,
            }),
        }
    }
}

fn is_end(error: &DecoderError) -> bool {
    matches!(error, DecoderError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof)
}

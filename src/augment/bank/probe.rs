//! A few seconds of a sound.

use std::sync::Arc;

use super::{Slot, SoundError, SoundFile};
use crate::audio::{self, Ear, retry};
use crate::augment::converted::{self, ConvertError};

/// Seconds of a piece of a background.
const PIECE: f64 = 0.25;

/// The first samples of a file, at a rate: so many at most, or what is `enough`.
pub(super) fn start(
    file: &SoundFile,
    rate: u32,
    most: usize,
    enough: &mut dyn FnMut(&[f32]) -> bool,
) -> Result<Vec<f32>, SoundError> {
    let mut samples = Vec::new();
    let ear = Ear::or_mono(file.channel);
    let read = converted::blocks(&file.file, ear, rate, &mut |block| {
        let room = most - samples.len();
        samples.extend_from_slice(&block[..block.len().min(room)]);
        Ok(samples.len() < most && !enough(&samples))
    });
    let name = || Arc::clone(&file.name);
    match read {
        Ok(()) => Ok(samples),
        Err(ConvertError::Read(error)) => Err(SoundError::Read(name(), error.fault)),
        Err(ConvertError::Resample(error)) => Err(SoundError::Resample(name(), error)),
        Err(ConvertError::Write(error)) => {
            Err(SoundError::Convert(name(), error, Default::default()))
        }
    }
}

/// Pieces from the start, the middle and the end of a background of so many
/// samples.
pub(super) fn pieces<T: ?Sized>(
    slot: &Slot<T>,
    frames: u64,
    rate: u32,
) -> Result<Vec<f32>, SoundError> {
    let length = (PIECE * f64::from(rate)) as u64;
    let (mut samples, mut piece) = (Vec::new(), Vec::new());
    for start in [0, (frames - length) / 2, frames - length] {
        let mut ear = Ear::or_mono(slot.file.channel);
        retry(|| {
            audio::read_range_with(
                &slot.file.file,
                start,
                length as usize,
                &mut ear,
                &mut piece,
            )
        })
        .map_err(|error| SoundError::Read(Arc::clone(&slot.file.name), error.fault))?;
        samples.extend_from_slice(&piece);
    }
    Ok(samples)
}

//! Sample rate conversion.
//!
//! Band-limited, by Fourier transforms of whole blocks (rubato's synchronous
//! resampler). What precedes and follows a clip counts as silence.

use rubato::audioadapter_buffers::SizeError;
use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, ResamplerConstructionError};

/// Sample rates that can be converted from and to, in Hz.
pub const RATES: std::ops::RangeInclusive<u32> = 1_000..=768_000;

/// Samples in a block, at the lower of the two rates, at least. The filter is
/// as long as a block: this one passes 98 % of the band.
const BLOCK: u32 = 1024;

/// Converters kept for the next clip of the same rate.
const KEPT: usize = 4;

/// Why a clip could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ResampleError {
    /// A rate out of bounds.
    #[error("sample rate of {0} Hz is outside {min} to {max} Hz", min = RATES.start(), max = RATES.end())]
    Rate(u32),
    /// The resampler could not be made.
    #[error("cannot resample: {0}")]
    Construction(#[from] ResamplerConstructionError),
    /// A buffer of the wrong size.
    #[error("cannot resample: {0}")]
    Buffer(#[from] SizeError),
    /// The resampler failed.
    #[error("cannot resample: {0}")]
    Process(#[from] rubato::ResampleError),
}

/// Converts mono clips of any rate to one rate; one for each worker.
///
/// Keeps converters for the rates seen last; a result never depends on earlier
/// clips.
pub struct Resampler {
    rate: u32,
    /// By rate of their input, the latest last.
    converters: Vec<(u32, Fft<f32>)>,
}

impl Resampler {
    /// A resampler to `rate` Hz.
    ///
    /// # Errors
    ///
    /// Where the rate is outside [`RATES`].
    pub fn new(rate: u32) -> Result<Self, ResampleError> {
        check(rate)?;
        Ok(Self {
            rate,
            converters: Vec::with_capacity(KEPT),
        })
    }

    /// Converts a clip of `rate` Hz, replacing what `converted` holds.
    ///
    /// The result is in time with the clip, has the clip's length in seconds
    /// to the nearest sample, and is the clip itself where the rates agree.
    ///
    /// # Errors
    ///
    /// Where the rate is outside [`RATES`].
    pub fn process_into(
        &mut self,
        rate: u32,
        clip: &[f32],
        converted: &mut Vec<f32>,
    ) -> Result<(), ResampleError> {
        check(rate)?;
        converted.clear();
        if rate == self.rate {
            converted.extend_from_slice(clip);
            return Ok(());
        }
        let len = converted_len(clip.len(), rate, self.rate);
        let converter = self.converter(rate)?;
        converter.reset();
        let room = converter.process_all_needed_output_len(clip.len());
        converted.resize(room, 0.0);
        let input = InterleavedSlice::new(clip, 1, clip.len())?;
        let mut output = InterleavedSlice::new_mut(converted, 1, room)?;
        converter.process_all_into_buffer(&input, &mut output, clip.len(), None)?;
        converted.truncate(len);
        Ok(())
    }

    /// The converter from `rate`, made where it is not kept.
    fn converter(&mut self, rate: u32) -> Result<&mut Fft<f32>, ResampleError> {
        let entry = match self.converters.iter().position(|(from, _)| *from == rate) {
            Some(index) => self.converters.remove(index),
            None => {
                let converter = converter(rate, self.rate)?;
                if self.converters.len() == KEPT {
                    self.converters.remove(0);
                }
                (rate, converter)
            }
        };
        let last = self.converters.len();
        self.converters.push(entry);
        Ok(&mut self.converters[last].1)
    }
}

fn check(rate: u32) -> Result<(), ResampleError> {
    RATES
        .contains(&rate)
        .then_some(())
        .ok_or(ResampleError::Rate(rate))
}

/// round(len * to / from), halves up.
fn converted_len(len: usize, from: u32, to: u32) -> usize {
    let (len, from, to) = (len as u128, u128::from(from), u128::from(to));
    ((2 * len * to + from) / (2 * from)) as usize
}

fn converter(from: u32, to: u32) -> Result<Fft<f32>, ResamplerConstructionError> {
    let divisor = gcd(from, to);
    // A multiple of 2 of the smallest block that is whole at both rates, so
    // that the filter's delay of half a block is whole too.
    let smallest = from.min(to) / divisor;
    let multiple = BLOCK.div_ceil(smallest).next_multiple_of(2);
    let block = (from / divisor * multiple) as usize;
    Fft::new_custom(
        from as usize,
        to as usize,
        block,
        1,
        1,
        rubato::WindowFunction::BlackmanHarris2,
        FixedSync::Both,
    )
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests;

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

/// Converts one sound block by block: together the samples that
/// [`Resampler::process_into`] gives of the whole, to the bit.
pub struct Conversion {
    from: u32,
    to: u32,
    /// Nothing where the rates agree.
    converter: Option<Fft<f32>>,
    /// What does not fill a block yet.
    pending: Vec<f32>,
    /// Room for a block.
    block: Vec<f32>,
    /// Samples of the filter's delay still to be skipped.
    skip: usize,
    taken: usize,
    given: usize,
}

impl Conversion {
    /// From a rate to another, in Hz.
    ///
    /// # Errors
    /// Where a rate is outside [`RATES`].
    pub fn new(from: u32, to: u32) -> Result<Self, ResampleError> {
        check(from)?;
        check(to)?;
        let converter = match from == to {
            true => None,
            false => Some(converter(from, to)?),
        };
        Ok(Self {
            from,
            to,
            skip: converter.as_ref().map_or(0, |c| c.output_delay()),
            converter,
            pending: Vec::new(),
            block: Vec::new(),
            taken: 0,
            given: 0,
        })
    }

    /// Before anything is taken: goes on at a sample of the result. Gives the
    /// sample to take next, and the one that is given first, which is at most
    /// `first`; from there on the result is the whole's, to the bit.
    pub fn seek(&mut self, first: usize) -> (usize, usize) {
        let Some(converter) = &self.converter else {
            (self.taken, self.given) = (first, first);
            return (first, first);
        };
        let (taken, given) = (
            converter.input_frames_next(),
            converter.output_frames_next(),
        );
        // What a block gives depends on it and the one before.
        let block = (first + self.skip) / given;
        if block < 2 {
            return (0, 0);
        }
        self.taken = (block - 1) * taken;
        self.given = block * given - self.skip;
        self.skip = given;
        (self.taken, self.given)
    }

    /// Takes samples, and appends those that are ready.
    ///
    /// # Errors
    /// A resampler that fails.
    pub fn push(&mut self, samples: &[f32], out: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.taken += samples.len();
        let Some(converter) = &self.converter else {
            out.extend_from_slice(samples);
            return Ok(());
        };
        let size = converter.input_frames_next();
        self.pending.extend_from_slice(samples);
        let whole = self.pending.len() / size * size;
        let pending = std::mem::take(&mut self.pending);
        for block in pending[..whole].chunks_exact(size) {
            self.convert(block, out)?;
        }
        self.pending.extend_from_slice(&pending[whole..]);
        Ok(())
    }

    /// Appends the rest: what follows counts as silence.
    ///
    /// # Errors
    /// A resampler that fails.
    pub fn finish(mut self, out: &mut Vec<f32>) -> Result<(), ResampleError> {
        self.flush(out)
    }

    /// As [`finish`](Self::finish), where the conversion is kept; nothing can be
    /// taken after it.
    ///
    /// # Errors
    /// A resampler that fails.
    pub fn flush(&mut self, out: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(converter) = &self.converter else {
            return Ok(());
        };
        let size = converter.input_frames_next();
        let length = converted_len(self.taken, self.from, self.to);
        let start = out.len();
        let before = self.given;
        while self.given < length {
            let mut block = std::mem::take(&mut self.pending);
            block.resize(size, 0.0);
            self.convert(&block, out)?;
        }
        out.truncate(start + length.saturating_sub(before));
        Ok(())
    }

    fn convert(&mut self, block: &[f32], out: &mut Vec<f32>) -> Result<(), ResampleError> {
        let Some(converter) = &mut self.converter else {
            return Ok(());
        };
        let room = converter.output_frames_next();
        self.block.resize(room, 0.0);
        let input = InterleavedSlice::new(block, 1, block.len())?;
        let mut output = InterleavedSlice::new_mut(&mut self.block, 1, room)?;
        converter.process_into_buffer(&input, &mut output, None)?;
        let skipped = self.skip.min(room);
        self.skip -= skipped;
        out.extend_from_slice(&self.block[skipped..]);
        self.given += room - skipped;
        Ok(())
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

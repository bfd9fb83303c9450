//! Long backgrounds, converted once: to a file of the pipeline's rate, of which
//! pieces are then read. So neither the conversion nor a piece takes memory that
//! follows the sound's length.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::audio::{AudioError, Ear, FileRange, Limits, Reader};
use crate::dsp::resample::{Conversion, ResampleError};

/// A sound at the pipeline's rate, in a file without a name: it is gone when the
/// build is, however that ends.
#[derive(Debug)]
pub(super) struct Converted {
    file: Mutex<File>,
    samples: u64,
}

/// Why a sound could not be converted.
#[derive(Debug)]
pub(super) enum ConvertError {
    Read(AudioError),
    Resample(ResampleError),
    Write(io::Error),
}

impl From<io::Error> for ConvertError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

impl From<ResampleError> for ConvertError {
    fn from(error: ResampleError) -> Self {
        Self::Resample(error)
    }
}

impl Converted {
    /// Converts a sound, with its samples in a new file in `folder`.
    pub fn new(
        sound: &FileRange,
        ear: Ear,
        rate: u32,
        folder: &Path,
    ) -> Result<Self, ConvertError> {
        std::fs::create_dir_all(folder)?;
        let mut file = BufWriter::new(tempfile::tempfile_in(folder)?);
        let mut samples = 0;
        blocks(sound, ear, rate, &mut |block| {
            samples += block.len() as u64;
            for sample in block {
                file.write_all(&sample.to_le_bytes())?;
            }
            Ok(true)
        })?;
        Ok(Self {
            file: Mutex::new(file.into_inner().map_err(io::IntoInnerError::into_error)?),
            samples,
        })
    }

    /// Its length in samples.
    pub fn len(&self) -> u64 {
        self.samples
    }

    /// Reads a piece that lies within it into `out`, replacing what was there.
    pub fn read(&self, span: Range<u64>, out: &mut Vec<f32>) -> io::Result<()> {
        let mut bytes = vec![0; (span.end - span.start) as usize * size_of::<f32>()];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(span.start * size_of::<f32>() as u64))?;
            file.read_exact(&mut bytes)?;
        }
        out.clear();
        let (samples, _) = bytes.as_chunks();
        out.extend(samples.iter().map(|sample| f32::from_le_bytes(*sample)));
        Ok(())
    }
}

/// Reads a sound at a rate, block by block, until `take` says that it is enough.
pub(super) fn blocks(
    sound: &FileRange,
    ear: Ear,
    rate: u32,
    take: &mut dyn FnMut(&[f32]) -> Result<bool, ConvertError>,
) -> Result<(), ConvertError> {
    let mut reader = Reader::open(sound, Limits::NONE, ear).map_err(ConvertError::Read)?;
    let (mut raw, mut out, mut conversion) = (Vec::new(), Vec::new(), None);
    while reader.next(&mut raw).map_err(ConvertError::Read)? {
        let conversion = match &mut conversion {
            Some(conversion) => conversion,
            // Only the first packet tells the rate for certain.
            none => none.insert(Conversion::new(reader.info().sample_rate, rate)?),
        };
        out.clear();
        conversion.push(&raw, &mut out)?;
        if !take(&out)? {
            return Ok(());
        }
    }
    out.clear();
    if let Some(conversion) = conversion {
        conversion.finish(&mut out)?;
    }
    take(&out).map(|_| ())
}

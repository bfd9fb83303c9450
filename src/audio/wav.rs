//! WAV files out: mono, 16-bit PCM or 32-bit float.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavSpec, WavWriter};

/// A WAV that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {error}", path.display())]
pub struct WavError {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

/// Writes samples as 16-bit PCM, beside the final name and renamed when whole;
/// a file of that name is replaced.
///
/// # Errors
/// [`WavError`]; nothing is then left behind.
pub fn write(path: &Path, sample_rate: u32, samples: &[i16]) -> Result<(), WavError> {
    replace(path, |file| write_to(file, sample_rate, samples))
}

/// Writes samples as 32-bit float, exactly as they are; otherwise like
/// [`write()`].
///
/// # Errors
/// [`WavError`]; nothing is then left behind.
pub fn write_float(path: &Path, sample_rate: u32, samples: &[f32]) -> Result<(), WavError> {
    write_blocks(path, sample_rate, |take| take(samples))
}

/// Writes samples as [`write_float`], block by block as `fill` gives them.
///
/// # Errors
/// [`WavError`], also for what `fill` fails with; nothing is then left behind.
pub fn write_blocks(
    path: &Path,
    sample_rate: u32,
    fill: impl FnOnce(&mut dyn FnMut(&[f32]) -> io::Result<()>) -> io::Result<()>,
) -> Result<(), WavError> {
    replace(path, |file| {
        let mut writer = WavWriter::new(file, spec(sample_rate, 32, SampleFormat::Float))?;
        let mut take = |samples: &[f32]| {
            let mut each = samples.iter();
            each.try_for_each(|&sample| writer.write_sample(sample))
                .map_err(io_error)
        };
        fill(&mut take)?;
        writer.finalize()
    })
}

/// The bytes of a WAV of those samples, as 16-bit PCM.
///
/// # Errors
/// More samples than a WAV can hold.
pub fn encode(sample_rate: u32, samples: &[i16]) -> io::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    write_to(&mut bytes, sample_rate, samples).map_err(io_error)?;
    Ok(bytes.into_inner())
}

fn replace(
    path: &Path,
    write: impl FnOnce(BufWriter<File>) -> Result<(), hound::Error>,
) -> Result<(), WavError> {
    let partial = partial_path(path);
    let written = File::create(&partial)
        .map_err(hound::Error::IoError)
        .and_then(|file| write(BufWriter::new(file)))
        .and_then(|()| std::fs::rename(&partial, path).map_err(hound::Error::IoError));
    written.map_err(|error| {
        // The first error matters, not whether its remains could be removed.
        let _ = std::fs::remove_file(&partial);
        WavError {
            path: path.to_path_buf(),
            error: io_error(error),
        }
    })
}

/// Where a file is while it is being written.
fn partial_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

fn io_error(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

fn write_to(
    output: impl Write + Seek,
    sample_rate: u32,
    samples: &[i16],
) -> Result<(), hound::Error> {
    let count = u32::try_from(samples.len())
        .map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "too long for a WAV"))?;
    let mut writer = WavWriter::new(output, spec(sample_rate, 16, SampleFormat::Int))?;
    let mut block = writer.get_i16_writer(count);
    for &sample in samples {
        block.write_sample(sample);
    }
    block.flush()?;
    writer.finalize()
}

fn spec(sample_rate: u32, bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
    WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample,
        sample_format,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Limits, read};

    #[test]
    fn what_was_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip_000000_r0.wav");
        let samples: Vec<i16> = vec![0, 1, -1, i16::MAX, i16::MIN, 12_345];
        write(&path, 16_000, &samples).unwrap();

        let mut out = Vec::new();
        let info = read(&path, Limits { max_seconds: 1.0 }, &mut out).unwrap();
        assert_eq!((info.sample_rate, info.channels), (16_000, 1));
        let expected: Vec<f32> = samples.iter().map(|&x| f32::from(x) / 32_768.0).collect();
        assert_eq!(out, expected);
        assert!(!partial_path(&path).exists());
    }

    #[test]
    fn floats_are_read_back_to_the_bit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decoded.wav");
        let samples = [0.0, 1.0 / 3.0, -1.5, 1e-30, f32::MIN_POSITIVE, 3.0e4];
        write_float(&path, 44_100, &samples).unwrap();

        let mut out = Vec::new();
        let info = read(&path, Limits { max_seconds: 1.0 }, &mut out).unwrap();
        assert_eq!((info.sample_rate, info.channels), (44_100, 1));
        assert_eq!(out, samples);
        assert!(!partial_path(&path).exists());
    }

    #[test]
    fn the_header_is_the_canonical_one_of_44_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        write(&path, 16_000, &[258]).unwrap();
        let mut expected = b"RIFF\x26\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        expected.extend(b"\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\x02\0\0\0\x02\x01");
        assert_eq!(std::fs::read(&path).unwrap(), expected);
        assert_eq!(encode(16_000, &[258]).unwrap(), expected);
    }

    #[test]
    fn a_failure_leaves_nothing_and_names_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken.wav");
        std::fs::create_dir(&taken).unwrap();
        let error = write(&taken, 16_000, &[1]).unwrap_err();
        assert!(error.to_string().contains("taken.wav"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

//! WAV files out: 16-bit PCM, mono.

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Seek, Write};
use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

use super::partial::{WriteError, partial_path};

/// Writes samples as mono 16-bit PCM, beside the final name and renamed when
/// whole; a file of that name is replaced.
///
/// # Errors
/// [`WriteError`]; nothing is then left behind.
pub fn write(path: &Path, sample_rate: u32, samples: &[i16]) -> Result<(), WriteError> {
    let partial = partial_path(path);
    let written = write_whole(&partial, sample_rate, samples)
        .and_then(|()| std::fs::rename(&partial, path).map_err(hound::Error::IoError));
    written.map_err(|error| {
        // The first error matters, not whether its remains could be removed.
        let _ = std::fs::remove_file(&partial);
        match error {
            hound::Error::IoError(error) => WriteError::io("write", path)(error),
            other => WriteError::Value {
                path: path.to_path_buf(),
                reason: other.to_string(),
            },
        }
    })
}

/// The bytes of a WAV of those samples.
///
/// # Errors
/// More samples than a WAV can hold.
pub fn encode(sample_rate: u32, samples: &[i16]) -> io::Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    write_to(&mut bytes, sample_rate, samples).map_err(|error| match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other.to_string()),
    })?;
    Ok(bytes.into_inner())
}

fn write_whole(path: &Path, sample_rate: u32, samples: &[i16]) -> Result<(), hound::Error> {
    write_to(BufWriter::new(File::create(path)?), sample_rate, samples)
}

fn write_to(
    output: impl Write + Seek,
    sample_rate: u32,
    samples: &[i16],
) -> Result<(), hound::Error> {
    let spec = WavSpec {
        channels: 1,
        sample_rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let count = u32::try_from(samples.len())
        .map_err(|_| io::Error::new(io::ErrorKind::FileTooLarge, "too long for a WAV"))?;
    let mut writer = WavWriter::new(output, spec)?;
    let mut block = writer.get_i16_writer(count);
    for &sample in samples {
        block.write_sample(sample);
    }
    block.flush()?;
    writer.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::audio::{Limits, read};

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

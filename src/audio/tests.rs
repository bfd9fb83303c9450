//! Tests of reading audio.

mod bytes;
mod golden;
mod joined;
mod lies;
mod mended;
mod ranges;
mod system;

use std::path::{Path, PathBuf};

use super::{AudioError, Info, Limits, read};

const NO_LIMIT: Limits = Limits {
    max_seconds: f64::INFINITY,
};

fn from_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read_whole(path: &Path) -> Result<(Info, Vec<f32>), AudioError> {
    let mut out = vec![9.0; 3];
    let result = read(path, NO_LIMIT, &mut out);
    if result.is_err() {
        assert!(out.is_empty(), "samples left behind by an error");
    }
    result.map(|info| (info, out))
}

/// A file of these bytes in a folder of its own.
fn file_of(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.wav");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

/// A mono 16-bit WAV of four frames at 16 kHz, whose parts tests falsify.
#[derive(Clone)]
struct Parts {
    riff_size: u32,
    tag: u16,
    channels: u16,
    sample_rate: u32,
    block_align: u16,
    bits: u16,
    data_size: u32,
    data: Vec<u8>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            riff_size: 44,
            tag: 1,
            channels: 1,
            sample_rate: 16_000,
            block_align: 2,
            bits: 16,
            data_size: 8,
            data: vec![0, 0, 0, 64, 0, 192, 0, 128],
        }
    }
}

impl Parts {
    const SAMPLES: [f32; 4] = [0.0, 0.5, -0.5, -1.0];

    fn bytes(&self) -> Vec<u8> {
        let byte_rate = self.sample_rate.wrapping_mul(u32::from(self.block_align));
        let mut bytes = b"RIFF".to_vec();
        bytes.extend(self.riff_size.to_le_bytes());
        bytes.extend(b"WAVEfmt \x10\0\0\0");
        bytes.extend(self.tag.to_le_bytes());
        bytes.extend(self.channels.to_le_bytes());
        bytes.extend(self.sample_rate.to_le_bytes());
        bytes.extend(byte_rate.to_le_bytes());
        bytes.extend(self.block_align.to_le_bytes());
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend(self.data_size.to_le_bytes());
        bytes.extend(&self.data);
        bytes
    }

    fn read(&self) -> Result<(Info, Vec<f32>), AudioError> {
        let (_folder, path) = file_of(&self.bytes());
        read_whole(&path)
    }
}

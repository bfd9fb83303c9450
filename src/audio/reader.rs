//! A file read a block at a time, in constant memory.

use std::path::{Path, PathBuf};

use super::{AudioError, Ear, Fault, Info, Source, guard, open, plausible};

/// Samples of a block of uncompressed audio.
const BLOCK: u64 = 1 << 14;

/// A file that is read on from where it was left.
pub struct Reader {
    path: PathBuf,
    source: Source,
    ear: Ear,
    /// Samples read.
    at: u64,
}

impl Reader {
    /// Opens a file, of which `ear` takes one channel.
    ///
    /// # Errors
    /// [`AudioError`], as far as the header shows it.
    pub fn open(path: &Path, ear: Ear) -> Result<Self, AudioError> {
        let source = guard(|| open(path)).map_err(|fault| AudioError::new(path, fault))?;
        Ok(Self {
            path: path.to_path_buf(),
            source,
            ear,
            at: 0,
        })
    }

    /// What the file's header says.
    pub fn info(&self) -> Info {
        match &self.source {
            Source::Plain(pcm) => pcm.info(),
            Source::Coded(coded) => coded.info(),
        }
    }

    /// Reads the next block into `out`, replacing what was there: nothing where
    /// none of it is heard. `false` at the end; all blocks together are what
    /// [`read`](super::read) gives.
    ///
    /// # Errors
    /// [`AudioError`] as [`read`](super::read); reading on is then useless.
    pub fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, AudioError> {
        out.clear();
        guard(|| self.block(out)).map_err(|fault| AudioError::new(&self.path, fault))
    }

    fn block(&mut self, out: &mut Vec<f32>) -> Result<bool, Fault> {
        let is_more = match &mut self.source {
            Source::Plain(pcm) => {
                let left = pcm.frames.saturating_sub(self.at).min(BLOCK);
                pcm.read_range(self.at, left as usize, &mut self.ear, out)?;
                left > 0
            }
            Source::Coded(coded) => coded.next(&mut self.ear, out)?,
        };
        plausible(out)?;
        self.at += out.len() as u64;
        match is_more || self.at > 0 {
            true => Ok(is_more),
            false => Err(Fault::NoSamples),
        }
    }
}

//! A file read a block at a time, in constant memory.

use super::{AudioError, Ear, Fault, FileRange, Info, Limits, Source, guard, open, plausible};

/// Samples of a block of uncompressed audio.
const BLOCK: u64 = 1 << 14;

/// A file that is read on from where it was left.
pub struct Reader {
    file: FileRange,
    source: Source,
    ear: Ear,
    limits: Limits,
    /// Samples read.
    at: u64,
}

impl Reader {
    /// Opens a file, of which `ear` takes one channel.
    ///
    /// # Errors
    /// [`AudioError`], as far as the header shows it; [`Fault::TooLong`] too.
    pub fn open(
        file: impl Into<FileRange>,
        limits: Limits,
        mut ear: Ear,
    ) -> Result<Self, AudioError> {
        let file = file.into();
        ear.reset();
        let opened = guard(|| {
            let source = open(&file)?;
            let info = source.info();
            limits.check(info.sample_rate, info.frames.unwrap_or(0))?;
            Ok(source)
        });
        Ok(Self {
            source: opened.map_err(|fault| AudioError::new(&file, fault))?,
            file,
            ear,
            limits,
            at: 0,
        })
    }

    /// What the file's header says.
    pub fn info(&self) -> Info {
        self.source.info()
    }

    /// What takes the channel, and has heard the others.
    pub fn ear(&self) -> &Ear {
        &self.ear
    }

    /// Reads the next block into `out`, replacing what was there: nothing where
    /// none of it is heard. `false` at the end; all blocks together are what
    /// [`read`](super::read) gives.
    ///
    /// # Errors
    /// [`AudioError`] as [`read`](super::read); reading on is then useless.
    pub fn next(&mut self, out: &mut Vec<f32>) -> Result<bool, AudioError> {
        out.clear();
        guard(|| self.block(out)).map_err(|fault| AudioError::new(&self.file, fault))
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
        plausible(self.at, out)?;
        self.at += out.len() as u64;
        self.limits.check(self.info().sample_rate, self.at)?;
        match is_more || self.at > 0 {
            true => Ok(is_more),
            false => Err(Fault::NoSamples),
        }
    }
}

//! One thread's access to the sounds.

use std::cell::Cell;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use super::{LONG, SAMPLE_BYTES, Slot, SoundError, SoundFile, Sounds};
use crate::audio::{self, Ear, retry};
use crate::augment::converted::{self, ConvertError, Converted};
use crate::dsp::convolution::{Convolver, Impulse};
use crate::dsp::effect::{EffectError, SoundBank, SoundKind};
use crate::dsp::level::{Level, SILENCE};
use crate::records::{Finding, Findings};

/// One thread's access, with its scratch memory.
pub struct Listener {
    sounds: Arc<Sounds>,
    piece: Vec<f32>,
    /// The last background that was taken whole, and its name.
    last: Option<(Arc<str>, Arc<[f32]>)>,
    /// The last impulse response that was taken, and its name: it is drawn, and
    /// then applied.
    room: Option<(Arc<str>, Arc<Impulse>)>,
    /// What was found out about the sounds since somebody asked.
    found: Findings,
}

/// What a background's samples come from.
enum Content {
    Whole(Arc<[f32]>),
    /// On disk, at the pipeline's rate, with this many samples.
    Streamed(u64),
    /// In a file of ours.
    Converted(Arc<Converted>),
}

impl SoundBank for Listener {
    fn count(&self, kind: SoundKind) -> usize {
        match kind {
            SoundKind::Background => self.sounds.backgrounds.listed.len(),
            SoundKind::Impulse => self.sounds.impulses.listed.len(),
        }
    }

    fn name(&self, kind: SoundKind, index: usize) -> Arc<str> {
        let file = match kind {
            SoundKind::Background => self.sounds.backgrounds.drawn(index),
            SoundKind::Impulse => self.sounds.impulses.drawn(index),
        };
        Arc::clone(&file.name)
    }

    fn background_len(&mut self, name: &str) -> Result<u64, EffectError> {
        Ok(match self.content(name)? {
            Content::Whole(samples) => samples.len() as u64,
            Content::Streamed(len) => len,
            Content::Converted(converted) => converted.len(),
        })
    }

    fn background(&mut self, name: &str, span: Range<u64>) -> Result<&[f32], EffectError> {
        let piece = match self.content(name)? {
            Content::Whole(_) => {
                let samples = self.last.as_ref().map_or(&[][..], |(_, samples)| samples);
                &samples[span.start as usize..span.end as usize]
            }
            Content::Streamed(_) => {
                self.read_piece(name, span)?;
                &self.piece
            }
            Content::Converted(converted) => {
                let read = converted.read(span, &mut self.piece);
                read.map_err(|error| EffectError(format!("{name}: {error}")))?;
                &self.piece
            }
        };
        if Level::of(piece).peak < SILENCE {
            self.found.add(Finding::Quiet);
        }
        Ok(piece)
    }

    fn impulse(&mut self, name: &str, by: &mut Convolver) -> Result<Arc<Impulse>, EffectError> {
        let impulse = self.prepared(name, by)?;
        if impulse.peak() < SILENCE {
            self.found.add(Finding::Dead);
        }
        Ok(impulse)
    }
}

impl Listener {
    pub(super) fn new(sounds: &Arc<Sounds>) -> Self {
        Self {
            sounds: Arc::clone(sounds),
            piece: Vec::new(),
            last: None,
            room: None,
            found: Findings::default(),
        }
    }

    /// What was found out about the sounds since this was asked last.
    pub(in crate::augment) fn take_found(&mut self) -> Findings {
        std::mem::take(&mut self.found)
    }

    /// Gives back the memory that a long piece has left.
    pub(in crate::augment) fn let_go(&mut self) {
        self.piece = Vec::new();
    }

    fn prepared(&mut self, name: &str, by: &mut Convolver) -> Result<Arc<Impulse>, SoundError> {
        if let Some((last, impulse)) = &self.room
            && **last == *name
        {
            return Ok(Arc::clone(impulse));
        }
        // Before the next is prepared: two long ones need not be held at once.
        self.room = None;
        let sounds = Arc::clone(&self.sounds);
        let slot = sounds.impulses.find(name)?;
        let make = || {
            let most = sounds.settings.response_samples.unwrap_or(usize::MAX);
            if !self.read_up_to(LONG, &slot.file)? && self.piece.len() < most {
                let rate = sounds.settings.sample_rate;
                return Err(SoundError::Long(Arc::clone(&slot.file.name), rate));
            }
            if self.piece.iter().all(|sample| *sample == 0.0) {
                return Err(SoundError::Silent(Arc::clone(&slot.file.name)));
            }
            by.prepare_first(&self.piece, most)
                .map(Arc::new)
                .map_err(|error| SoundError::Impulse(Arc::clone(&slot.file.name), error))
        };
        let affordable = |impulse: &Impulse| sounds.afford(impulse.memory_bytes() as u64);
        let impulse = slot.get(&sounds, make, affordable)?;
        self.room = Some((Arc::clone(&slot.file.name), Arc::clone(&impulse)));
        Ok(impulse)
    }

    /// The last background read is kept until another is, so that its length and
    /// its samples are of one reading where it is not cached.
    fn content(&mut self, name: &str) -> Result<Content, SoundError> {
        let sounds = Arc::clone(&self.sounds);
        let slot = sounds.backgrounds.find(name)?;
        let rate = sounds.settings.sample_rate;
        let streamable = slot.streamable(rate);
        let is_long = slot.is_long(rate);
        if let Some(len) = streamable
            && (slot.info.uncompressed
                || is_long
                || !slot.is_kept() && !sounds.has_room(len * SAMPLE_BYTES))
        {
            return Ok(Content::Streamed(len));
        }
        if is_long {
            return self.converted(slot).map(Content::Converted);
        }
        if let Some((last, samples)) = &self.last
            && **last == *name
        {
            return Ok(Content::Whole(Arc::clone(samples)));
        }
        // Before the next is decoded: two long ones need not be held at once.
        self.last = None;
        let is_short = Cell::new(true);
        let make = || {
            is_short.set(self.read_up_to(LONG, &slot.file)?);
            Ok(Arc::from(self.piece.as_slice()))
        };
        let affordable =
            |samples: &[f32]| is_short.get() && sounds.afford(size_of_val(samples) as u64);
        let samples = slot.get(&sounds, make, affordable)?;
        if !is_short.get() {
            return self.converted(slot).map(Content::Converted);
        }
        self.last = Some((Arc::clone(&slot.file.name), Arc::clone(&samples)));
        Ok(Content::Whole(samples))
    }

    /// A long sound, converted by the first thread that wants it.
    fn converted(&self, slot: &Slot<[f32]>) -> Result<Arc<Converted>, SoundError> {
        let converted = slot.converted.lock();
        let mut converted = converted.unwrap_or_else(PoisonError::into_inner);
        if let Some(converted) = &*converted {
            return Ok(Arc::clone(converted));
        }
        let settings = &self.sounds.settings;
        let ear = Ear::or_mono(slot.file.channel);
        let (rate, folder) = (settings.sample_rate, &settings.scratch);
        let made = Converted::new(&slot.file.file, ear, rate, folder);
        let made = Arc::new(made.map_err(|error| self.error(&slot.file, error))?);
        *converted = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Reads a file at the pipeline's rate into `self.piece`, unless it turns out
    /// to have more than `most` samples; says whether it did.
    fn read_up_to(&mut self, most: u64, file: &SoundFile) -> Result<bool, SoundError> {
        let settings = &self.sounds.settings;
        let piece = &mut self.piece;
        let (mut read_all, mut failed) = (true, None);
        let read = retry(|| {
            piece.clear();
            let ear = Ear::or_mono(file.channel);
            let read = converted::blocks(&file.file, ear, settings.sample_rate, &mut |block| {
                read_all = (piece.len() + block.len()) as u64 <= most;
                if read_all {
                    piece.extend_from_slice(block);
                }
                Ok(read_all)
            });
            match read {
                Err(ConvertError::Read(error)) => Err(error),
                read => {
                    failed = read.err();
                    Ok(())
                }
            }
        });
        match read.err().map(ConvertError::Read).or(failed) {
            Some(error) => Err(self.error(file, error)),
            None => Ok(read_all),
        }
    }

    fn error(&self, file: &SoundFile, error: ConvertError) -> SoundError {
        let name = Arc::clone(&file.name);
        match error {
            ConvertError::Read(error) => SoundError::Read(name, error.fault),
            ConvertError::Resample(error) => SoundError::Resample(name, error),
            ConvertError::Write(error) => {
                SoundError::Convert(name, error, self.sounds.settings.scratch.clone())
            }
        }
    }

    fn read_piece(&mut self, name: &str, span: Range<u64>) -> Result<(), SoundError> {
        let slot = self.sounds.backgrounds.find(name)?;
        let frames = (span.end - span.start) as usize;
        let piece = &mut self.piece;
        let mut ear = Ear::or_mono(slot.file.channel);
        let file = &slot.file.file;
        retry(|| audio::read_range_with(file, span.start, frames, &mut ear, piece))
            .map_err(|error| SoundError::Read(Arc::clone(&slot.file.name), error.fault))?;
        Ok(())
    }
}

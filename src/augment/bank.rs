//! Backgrounds and impulse responses, decoded once within a memory budget.
//!
//! A sound is decoded when it is first drawn, and kept if it fits what is left
//! of the budget. What does not fit is read again each time: of a background at
//! the pipeline's rate only the piece needed. Of one that is uncompressed too,
//! that is all that is ever read, as it costs a few microseconds. Whether a
//! sound is kept never changes a sample of it.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::audio::retry;
use crate::audio::{self, AudioError, Info, Limits};
use crate::dsp::resample::{ResampleError, Resampler};
use crate::dsp::reverb::{Convolver, Impulse, ReverbError};

/// Samples that a thread's scratch keeps room for: one long sound must not leave
/// every thread with its length.
const SCRATCH: usize = 1 << 20;
const SAMPLE_BYTES: u64 = size_of::<f32>() as u64;

/// All backgrounds and impulse responses of a build.
#[derive(Debug)]
pub struct Sounds {
    settings: SoundSettings,
    backgrounds: Vec<Slot<[f32]>>,
    impulses: Vec<Slot<Impulse>>,
    budget: AtomicU64,
}

/// How sounds are read.
#[derive(Clone, Copy, Debug)]
pub struct SoundSettings {
    /// The pipeline's sample rate in Hz.
    pub sample_rate: u32,
    /// Memory for what is kept, in bytes.
    pub cache_bytes: u64,
}

/// Why a sound could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// It could not be read.
    #[error(transparent)]
    Read(#[from] AudioError),
    /// Its rate could not be converted.
    #[error("{0}: {1}")]
    Resample(Arc<str>, #[source] ResampleError),
    /// It cannot serve as an impulse response.
    #[error("{0}: {1}")]
    Impulse(Arc<str>, #[source] ReverbError),
    /// It has nothing to hear.
    #[error("{0}: the impulse response is silent; remove the file")]
    Silent(Arc<str>),
}

/// One thread's access, with its scratch memory.
pub struct Listener {
    sounds: Arc<Sounds>,
    resampler: Resampler,
    raw: Vec<f32>,
    piece: Vec<f32>,
}

/// One background, ready for a piece to be taken.
pub struct Sound {
    name: Arc<str>,
    path: Arc<PathBuf>,
    content: Content,
}

enum Content {
    Whole(Arc<[f32]>),
    /// On disk, at the pipeline's rate, with this many samples.
    Streamed(u64),
}

#[derive(Debug)]
struct Slot<T: ?Sized> {
    name: Arc<str>,
    path: Arc<PathBuf>,
    info: Info,
    kept: Mutex<Option<Arc<T>>>,
}

impl Sounds {
    /// Looks at the headers of all files; `unusable` is told of each that
    /// cannot be read, and decides whether to go on without it.
    pub fn open<E>(
        settings: SoundSettings,
        backgrounds: &[PathBuf],
        impulses: &[PathBuf],
        mut unusable: impl FnMut(AudioError) -> Result<(), E>,
    ) -> Result<Self, E> {
        Ok(Self {
            settings,
            backgrounds: slots(backgrounds, &mut unusable)?,
            impulses: slots(impulses, &mut unusable)?,
            budget: AtomicU64::new(settings.cache_bytes),
        })
    }

    /// What all backgrounds take that must be decoded whole, in bytes, as far
    /// as their lengths are known.
    pub fn whole_bytes(&self) -> u64 {
        let rate = self.settings.sample_rate;
        let whole = |slot: &&Slot<[f32]>| slot.streamable(rate).is_none();
        let slots = self.backgrounds.iter().filter(whole);
        slots.map(|slot| slot.decoded_bytes(rate)).sum()
    }

    /// How many backgrounds there are.
    pub fn backgrounds(&self) -> usize {
        self.backgrounds.len()
    }

    /// How many impulse responses there are.
    pub fn impulses(&self) -> usize {
        self.impulses.len()
    }

    /// The files of the backgrounds, by index.
    pub fn background_paths(&self) -> impl Iterator<Item = &Path> {
        self.backgrounds.iter().map(|slot| slot.path.as_path())
    }

    /// The files of the impulse responses, by index.
    pub fn impulse_paths(&self) -> impl Iterator<Item = &Path> {
        self.impulses.iter().map(|slot| slot.path.as_path())
    }

    /// Access for one thread.
    pub fn listener(self: &Arc<Self>) -> Result<Listener, ResampleError> {
        Ok(Listener {
            sounds: Arc::clone(self),
            resampler: Resampler::new(self.settings.sample_rate)?,
            raw: Vec::new(),
            piece: Vec::new(),
        })
    }

    /// Whether there is that much left in the budget.
    fn has_room(&self, bytes: u64) -> bool {
        self.budget.load(Ordering::Relaxed) >= bytes
    }

    /// Takes from the budget if there is enough.
    fn afford(&self, bytes: u64) -> bool {
        self.budget
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            })
            .is_ok()
    }
}

fn slots<T: ?Sized, E>(
    paths: &[PathBuf],
    unusable: &mut impl FnMut(AudioError) -> Result<(), E>,
) -> Result<Vec<Slot<T>>, E> {
    let mut slots = Vec::with_capacity(paths.len());
    for path in paths {
        match retry(|| audio::probe(path)) {
            Ok(info) => slots.push(Slot {
                name: path.to_string_lossy().into(),
                path: Arc::new(path.clone()),
                info,
                kept: Mutex::new(None),
            }),
            Err(error) => unusable(error)?,
        }
    }
    Ok(slots)
}

impl<T: ?Sized> Slot<T> {
    /// What is kept, or what `make` makes, kept if it is `affordable`. A second
    /// thread that wants it meanwhile waits, unless there is no room for it.
    fn get(
        &self,
        sounds: &Sounds,
        make: impl FnOnce() -> Result<Arc<T>, SoundError>,
        affordable: impl FnOnce(&T) -> bool,
    ) -> Result<Arc<T>, SoundError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sound) = &*kept {
            return Ok(Arc::clone(sound));
        }
        if !sounds.has_room(self.decoded_bytes(sounds.settings.sample_rate)) {
            drop(kept);
            return make();
        }
        let sound = make()?;
        if affordable(&sound) {
            *kept = Some(Arc::clone(&sound));
        }
        Ok(sound)
    }

    /// The length in samples, if any piece can be read alone: elsewhere there
    /// are none, their number is unknown, or a piece converted alone differs
    /// at its ends.
    fn streamable(&self, sample_rate: u32) -> Option<u64> {
        self.info
            .frames
            .filter(|&frames| frames > 0 && self.info.sample_rate == sample_rate)
    }

    /// What it takes decoded, in bytes; 0 where its length is unknown.
    fn decoded_bytes(&self, sample_rate: u32) -> u64 {
        let seconds = self.info.frames.unwrap_or(0) as f64 / f64::from(self.info.sample_rate);
        (seconds * f64::from(sample_rate)) as u64 * SAMPLE_BYTES
    }

    fn is_kept(&self) -> bool {
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }
}

impl Sound {
    /// Its path.
    pub fn name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }

    /// Its length in samples at the pipeline's rate.
    pub fn len(&self) -> u64 {
        match &self.content {
            Content::Whole(samples) => samples.len() as u64,
            Content::Streamed(len) => *len,
        }
    }
}

impl Listener {
    /// An impulse response, with its name.
    pub fn impulse(
        &mut self,
        index: usize,
        convolver: &mut Convolver,
    ) -> Result<(Arc<str>, Arc<Impulse>), SoundError> {
        let sounds = Arc::clone(&self.sounds);
        let slot = &sounds.impulses[index];
        let make = || {
            self.read_whole(&slot.name, &slot.path)?;
            if self.piece.iter().all(|sample| *sample == 0.0) {
                return Err(SoundError::Silent(Arc::clone(&slot.name)));
            }
            convolver
                .prepare(&self.piece)
                .map(Arc::new)
                .map_err(|error| SoundError::Impulse(Arc::clone(&slot.name), error))
        };
        let affordable = |impulse: &Impulse| sounds.afford(impulse.memory_bytes() as u64);
        let impulse = slot.get(&sounds, make, affordable)?;
        Ok((Arc::clone(&slot.name), impulse))
    }

    /// A background.
    pub fn background(&mut self, index: usize) -> Result<Sound, SoundError> {
        let sounds = Arc::clone(&self.sounds);
        let slot = &sounds.backgrounds[index];
        let content = match slot.streamable(sounds.settings.sample_rate) {
            Some(len)
                if slot.info.uncompressed
                    || !slot.is_kept() && !sounds.has_room(len * SAMPLE_BYTES) =>
            {
                Content::Streamed(len)
            }
            _ => {
                let make = || {
                    self.read_whole(&slot.name, &slot.path)?;
                    Ok(Arc::from(self.piece.as_slice()))
                };
                let affordable = |samples: &[f32]| sounds.afford(size_of_val(samples) as u64);
                let samples = slot.get(&sounds, make, affordable)?;
                self.raw.shrink_to(SCRATCH);
                self.piece.shrink_to(SCRATCH);
                Content::Whole(samples)
            }
        };
        Ok(Sound {
            name: Arc::clone(&slot.name),
            path: Arc::clone(&slot.path),
            content,
        })
    }

    /// The samples of a background that lie in `span`.
    pub fn piece<'a>(
        &'a mut self,
        sound: &'a Sound,
        span: Range<u64>,
    ) -> Result<&'a [f32], SoundError> {
        match &sound.content {
            Content::Whole(samples) => Ok(&samples[span.start as usize..span.end as usize]),
            Content::Streamed(_) => {
                let frames = (span.end - span.start) as usize;
                let piece = &mut self.piece;
                retry(|| audio::read_range(&sound.path, span.start, frames, piece))?;
                Ok(&self.piece)
            }
        }
    }

    /// Reads a whole file at the pipeline's rate into `self.piece`.
    fn read_whole(&mut self, name: &Arc<str>, path: &Path) -> Result<(), SoundError> {
        let limits = Limits {
            max_seconds: f64::INFINITY,
        };
        let info = retry(|| audio::read(path, limits, &mut self.raw))?;
        self.resampler
            .process_into(info.sample_rate, &self.raw, &mut self.piece)
            .map_err(|error| SoundError::Resample(Arc::clone(name), error))
    }
}

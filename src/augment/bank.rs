//! Backgrounds and impulse responses, decoded once within a memory budget.
//!
//! A sound is decoded when it is first drawn, and kept if it fits what is left
//! of the budget. What does not fit is read again each time: of a background at
//! the pipeline's rate only the piece needed. Of one that is uncompressed too,
//! that is all that is ever read, as it costs a few microseconds. A long one at
//! another rate is converted once, into a file. Whether a sound is kept never
//! changes a sample of it.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::audio::retry;
use crate::audio::{self, AudioError, Channel, Fault, FileRange, Info};
use crate::dsp::convolution::{ConvolveError, Impulse};
use crate::dsp::effect::{EffectError, SoundKind};
use crate::dsp::resample::ResampleError;

use super::converted::Converted;

mod listener;
mod probe;

pub use listener::Listener;

/// Samples that a thread's scratch keeps room for: one long sound must not leave
/// every thread with its length.
const SCRATCH: usize = 1 << 20;
/// Samples from which on a background is long, at the pipeline's rate: a minute. An
/// impulse response that is longer is none.
const LONG: u64 = SCRATCH as u64;
const SAMPLE_BYTES: u64 = size_of::<f32>() as u64;

/// A sound that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SoundFile {
    /// Its name in `rows.jsonl`: the path as configured and below.
    pub name: Arc<str>,
    /// Where to read it.
    pub file: FileRange,
    /// How often it is listed, to be drawn from.
    pub listed: u32,
    /// Which channel of it is taken; a single one always serves.
    pub channel: Channel,
}

/// All backgrounds and impulse responses of a build.
#[derive(Debug)]
pub struct Sounds {
    settings: SoundSettings,
    backgrounds: Shelf<[f32]>,
    impulses: Shelf<Impulse>,
    budget: AtomicU64,
}

/// The sounds of one kind, with what is kept of them.
#[derive(Debug)]
struct Shelf<T: ?Sized> {
    slots: Vec<Slot<T>>,
    /// The slots to draw from, each as often as its file is listed.
    listed: Vec<usize>,
    by_name: HashMap<Arc<str>, usize>,
}

/// How sounds are read.
#[derive(Clone, Debug)]
pub struct SoundSettings {
    /// The pipeline's sample rate in Hz.
    pub sample_rate: u32,
    /// How much of an impulse response is used, from its start on, in samples:
    /// all of it where there is no such limit.
    pub response_samples: Option<usize>,
    /// Memory for what is kept, in bytes.
    pub cache_bytes: u64,
    /// Where long backgrounds are converted to; made where there is none.
    pub scratch: PathBuf,
}

/// Why a sound could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// It could not be read.
    #[error("{0}: {1}")]
    Read(Arc<str>, #[source] Fault),
    /// Its rate could not be converted.
    #[error("{0}: {1}")]
    Resample(Arc<str>, #[source] ResampleError),
    /// It could not be converted into a file.
    #[error("{0}: cannot convert it into a file in {folder}: {1}", folder = .2.display())]
    Convert(Arc<str>, #[source] io::Error, PathBuf),
    /// It cannot serve as an impulse response.
    #[error("{0}: {1}")]
    Impulse(Arc<str>, #[source] ConvolveError),
    /// There is none of that name.
    #[error("{0}: no such background or impulse response")]
    Unknown(Arc<str>),
    /// It has nothing to hear.
    #[error("{0}: the impulse response is silent; remove the file")]
    Silent(Arc<str>),
    /// It is longer than any room rings.
    #[error(
        "{0}: the impulse response has more than {seconds} s, which is no room's: remove the file, \
         or cut it",
        seconds = LONG / u64::from(*.1)
    )]
    Long(Arc<str>, u32),
}

#[derive(Debug)]
struct Slot<T: ?Sized> {
    file: SoundFile,
    info: Info,
    kept: Mutex<Option<Arc<T>>>,
    converted: Mutex<Option<Arc<Converted>>>,
}

impl Sounds {
    /// Looks at the headers of all files; `unusable` is told of each that
    /// cannot be read, and decides whether to go on without it.
    pub fn open<E>(
        settings: SoundSettings,
        backgrounds: &[SoundFile],
        impulses: &[SoundFile],
        mut unusable: impl FnMut(AudioError) -> Result<(), E>,
    ) -> Result<Self, E> {
        Ok(Self {
            backgrounds: Shelf::open(backgrounds, &mut unusable)?,
            impulses: Shelf::open(impulses, &mut unusable)?,
            budget: AtomicU64::new(settings.cache_bytes),
            settings,
        })
    }

    /// What all backgrounds take that must be decoded whole, in bytes, as far
    /// as their lengths are known.
    pub fn whole_bytes(&self) -> u64 {
        let rate = self.settings.sample_rate;
        let whole = |slot: &&Slot<[f32]>| slot.streamable(rate).is_none() && !slot.is_long(rate);
        let slots = self.backgrounds.slots.iter().filter(whole);
        slots.map(|slot| slot.decoded_bytes(rate)).sum()
    }

    /// What all backgrounds take on the disk that are converted, in bytes, as far
    /// as they are known to be long: four bytes a sample.
    pub fn converted_bytes(&self) -> u64 {
        let rate = self.settings.sample_rate;
        let converted = |slot: &&Slot<[f32]>| slot.streamable(rate).is_none() && slot.is_long(rate);
        let slots = self.backgrounds.slots.iter().filter(converted);
        slots.map(|slot| slot.decoded_bytes(rate)).sum()
    }

    /// Where they are converted to.
    pub fn scratch(&self) -> &Path {
        &self.settings.scratch
    }

    /// The sounds of a kind, by index.
    pub fn files(&self, kind: SoundKind) -> Vec<&SoundFile> {
        match kind {
            SoundKind::Background => self.backgrounds.files(),
            SoundKind::Impulse => self.impulses.files(),
        }
    }

    /// Some seconds of a sound, to judge it by: of a background that is cheap to
    /// seek in from its start, its middle and its end, else from its start, until
    /// that is `enough`.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn probe(
        &self,
        kind: SoundKind,
        name: &str,
        seconds: f64,
        enough: &mut dyn FnMut(&[f32]) -> bool,
    ) -> Result<Vec<f32>, SoundError> {
        let rate = self.settings.sample_rate;
        let most = (seconds * f64::from(rate)) as usize;
        match kind {
            SoundKind::Background => {
                let slot = self.backgrounds.find(name)?;
                let frames = slot.streamable(rate).filter(|_| slot.info.uncompressed);
                match frames.filter(|frames| *frames > most as u64) {
                    Some(frames) => probe::pieces(slot, frames, rate),
                    None => probe::start(&slot.file, rate, most, enough),
                }
            }
            SoundKind::Impulse => probe::start(&self.impulses.find(name)?.file, rate, most, enough),
        }
    }

    /// Access for one thread.
    pub fn listener(self: &Arc<Self>) -> Listener {
        Listener::new(self)
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

impl<T: ?Sized> Shelf<T> {
    fn open<E>(
        files: &[SoundFile],
        unusable: &mut impl FnMut(AudioError) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut slots = Vec::with_capacity(files.len());
        for file in files {
            match retry(|| audio::probe(&file.file)) {
                Ok(info) => slots.push(Slot {
                    file: file.clone(),
                    info,
                    kept: Mutex::new(None),
                    converted: Mutex::new(None),
                }),
                // A tar says not which member.
                Err(error) if !file.file.is_whole() => unusable(AudioError {
                    path: PathBuf::from(&*file.name),
                    ..error
                })?,
                Err(error) => unusable(error)?,
            }
        }
        let names = slots.iter().map(|slot| Arc::clone(&slot.file.name));
        let by_name = names.zip(0..).collect();
        let listed = slots.iter().enumerate();
        let listed = listed
            .flat_map(|(index, slot)| std::iter::repeat_n(index, slot.file.listed as usize))
            .collect();
        Ok(Self {
            slots,
            listed,
            by_name,
        })
    }

    fn files(&self) -> Vec<&SoundFile> {
        self.slots.iter().map(|slot| &slot.file).collect()
    }

    /// The file at a place of the list to draw from.
    fn drawn(&self, index: usize) -> &SoundFile {
        &self.slots[self.listed[index]].file
    }

    fn find(&self, name: &str) -> Result<&Slot<T>, SoundError> {
        let index = self.by_name.get(name);
        let slot = index.and_then(|&index| self.slots.get(index));
        slot.ok_or_else(|| SoundError::Unknown(name.into()))
    }
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

    /// Whether it is known to be long.
    fn is_long(&self, sample_rate: u32) -> bool {
        let converted = self.converted.lock();
        self.decoded_bytes(sample_rate) > LONG * SAMPLE_BYTES
            || converted.unwrap_or_else(PoisonError::into_inner).is_some()
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

impl From<SoundError> for EffectError {
    fn from(error: SoundError) -> Self {
        Self(error.to_string())
    }
}

//! Files to mono samples at the pipeline's rate.
//!
//! A clip that is long is left to the next stage, which decodes it right before
//! it needs it: one at a time, and of a budget.

use std::sync::Arc;

use crate::audio::{self, AudioError, Channel, Ear, Fault, Limits, Reader, retry};
use crate::audit::{ClipAuditor, Heard};
use crate::dsp::level::{Level, SILENCE};
use crate::dsp::resample::{Conversion, ResampleError, Resampler};
use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::records::{
    AuditRules, Batch, ClipFacts, ClipId, Finding, Findings, Piece, Rejection, Samples, Trouble,
};

use super::recordings::{Entering, Scratch};
use super::{Buffers, Refusal, each_span};

/// The stage.
pub const NAME: &str = "decode";

/// A clip of which more than this share of samples is at full scale is clipped.
const CLIPPED: f64 = 0.01;

/// Samples that are taken room for at a time, where a clip's length is unknown.
const STEP: u64 = 1 << 18;

/// Reads clips.
#[derive(Clone, Debug)]
pub struct Decode {
    /// Sample rate of what it gives, in Hz.
    pub sample_rate: u32,
    /// What one clip may cost.
    pub limits: Limits,
    /// A clip of more seconds is long.
    pub long_seconds: f64,
    /// Which channel of a clip is taken.
    pub channel: Channel,
    /// What is looked for in clips; nothing without.
    pub audit: Option<Audit>,
    /// Where buffers come from.
    pub buffers: Buffers,
}

/// What is looked for in clips.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What is a finding.
    pub rules: Arc<AuditRules>,
    /// Which splits hold wake words.
    pub positive: Arc<[bool]>,
}

/// What the stage makes of a clip.
#[derive(Debug)]
pub enum Decoded {
    /// Its samples.
    Samples(Samples),
    /// Nothing yet: it is long.
    Long,
    /// A piece of a recording.
    Piece {
        /// The samples of its rows.
        piece: Piece<Samples>,
        /// Whether its rows are augmented, each alone.
        augment: bool,
    },
}

/// Reads clips on one thread.
pub struct Decoder {
    settings: Decode,
    ear: Ear,
    resampler: Resampler,
    auditor: Option<ClipAuditor>,
    raw: Vec<f32>,
    scratch: Scratch,
}

impl Stage for Decode {
    type In = Entering;
    type Out = Batch<Decoded>;
    type Worker = Decoder;

    fn name(&self) -> &'static str {
        NAME
    }

    fn worker(&self) -> Result<Decoder, BoxError> {
        Ok(self.decoder()?)
    }
}

impl Decode {
    /// One thread's decoder.
    ///
    /// # Errors
    /// A sample rate that cannot be converted to.
    pub fn decoder(&self) -> Result<Decoder, ResampleError> {
        let audit = self.audit.as_ref();
        Ok(Decoder {
            auditor: audit.and_then(|audit| ClipAuditor::new(&audit.rules, self.sample_rate)),
            settings: self.clone(),
            ear: Ear::new(self.channel),
            resampler: Resampler::new(self.sample_rate)?,
            raw: Vec::new(),
            scratch: Scratch::default(),
        })
    }
}

impl Worker for Decoder {
    type In = Entering;
    type Out = Batch<Decoded>;

    fn process(&mut self, entering: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        let batch = match entering.visit(&mut self.scratch, focus)? {
            Ok(visited) => return Ok(visited),
            Err(clips) => clips,
        };
        let split = batch.split;
        each_span(batch, focus, |clip, rounds, (), findings| {
            let samples = self.short(split, clip, findings);
            tell_once(rounds.start, findings);
            Ok(samples?.map_or(Decoded::Long, Decoded::Samples))
        })
    }
}

impl Decoder {
    /// Sample rate of what it gives, in Hz.
    pub fn sample_rate(&self) -> u32 {
        self.settings.sample_rate
    }

    /// The samples of one clip, or why there are none; and what was found out
    /// about it.
    ///
    /// # Errors
    /// Why there are none.
    pub fn decode(&mut self, clip: &ClipId, findings: &mut Findings) -> Result<Samples, Refusal> {
        match self.short(0, clip, findings)? {
            Some(samples) => Ok(samples),
            None => self.long(0, clip, findings, &mut |_| Ok(())),
        }
    }

    /// The first samples of a clip, up to so many, to be heard: no more of it is read.
    ///
    /// # Errors
    /// Why there are none.
    pub fn beginning(&mut self, clip: &ClipId, most: usize) -> Result<Samples, Refusal> {
        let refused = |error| Refusal::Clip(rejected(error));
        let (limits, raw) = (self.settings.limits, &mut self.raw);
        let mut reader = Reader::open(&clip.file, limits, self.ear).map_err(refused)?;
        let (mut samples, mut conversion) = (Samples::new(), None);
        while samples.len() < most && reader.next(raw).map_err(refused)? {
            let rates = (reader.info().sample_rate, self.settings.sample_rate);
            let converted = match &mut conversion {
                Some(conversion) => Ok(conversion),
                none => Conversion::new(rates.0, rates.1).map(|new| none.insert(new)),
            };
            let converted = converted.and_then(|of| of.push(raw, &mut samples));
            converted.map_err(unconverted)?;
        }
        if let Some(conversion) = conversion.filter(|_| samples.len() < most) {
            conversion.finish(&mut samples).map_err(unconverted)?;
        }
        samples.truncate(most);
        Ok(samples)
    }

    /// The samples of a clip that is not long; `None` for one that is.
    fn short(
        &mut self,
        split: usize,
        clip: &ClipId,
        findings: &mut Findings,
    ) -> Result<Option<Samples>, Rejection> {
        let Decode {
            limits,
            long_seconds,
            ..
        } = self.settings;
        let short = Limits {
            max_seconds: limits.max_seconds.min(long_seconds),
        };
        let (ear, raw) = (&mut self.ear, &mut self.raw);
        let info = match retry(|| audio::read_with(&clip.file, short, ear, raw)) {
            Ok(info) => info,
            Err(error) if is_long(&error) && short != limits => return Ok(None),
            Err(error) => return Err(rejected(error)),
        };
        let level = Level::of(raw);
        judge(level, raw.len() as u64, self.ear.others(), findings);
        if info.mended {
            findings.add(Finding::Mended);
        }
        let mut samples = self.settings.buffers.samples.take();
        self.resampler
            .process_into(info.sample_rate, raw, &mut samples)
            .map_err(unconverted)?;
        if let Some(auditor) = &mut self.auditor {
            let heard = Heard {
                raw: &self.raw,
                ms: info.sample_rate as usize / 1000,
                level,
                others: self.ear.others(),
                mended: info.mended,
                samples: &samples,
                positive: is_positive(&self.settings, split),
            };
            auditor.judge(heard, findings)?;
        }
        Ok(Some(samples))
    }

    /// The samples of a long clip, decoded in pieces; `room` is asked for so many
    /// samples before they are there.
    ///
    /// # Errors
    /// Why there are none; those of `room`.
    pub fn long(
        &mut self,
        split: usize,
        clip: &ClipId,
        findings: &mut Findings,
        room: &mut dyn FnMut(u64) -> Result<(), BoxError>,
    ) -> Result<Samples, Refusal> {
        let mut roomy = 0;
        let mut room = |samples: u64| {
            if samples > roomy {
                let more = (samples - roomy).next_multiple_of(STEP);
                room(more).map_err(Refusal::Build)?;
                roomy += more;
            }
            Ok(roomy)
        };
        let read = retry(|| match self.pieces(split, clip, findings, &mut room) {
            Err(NotRead::Audio(error)) => Err(error),
            Err(NotRead::Else(refusal)) => Ok(Err(refusal)),
            Ok(samples) => Ok(Ok(samples)),
        });
        read.unwrap_or_else(|error| Err(rejected(error).into()))
    }

    /// Reads a long clip once; `room` makes room for so many samples, and says
    /// for how many there is.
    fn pieces(
        &mut self,
        split: usize,
        clip: &ClipId,
        findings: &mut Findings,
        room: &mut dyn FnMut(u64) -> Result<u64, Refusal>,
    ) -> Result<Samples, NotRead> {
        let Decode {
            limits,
            sample_rate,
            ..
        } = self.settings;
        let mut reader = Reader::open(&clip.file, limits, self.ear)?;
        let raw = &mut self.raw;
        let (mut samples, mut conversion) = (Samples::new(), None);
        let (mut level, mut read) = (Level::default(), 0);
        while reader.next(raw)? {
            let info = reader.info();
            let conversion = match &mut conversion {
                Some(conversion) => conversion,
                none => none.insert(Conversion::new(info.sample_rate, sample_rate)?),
            };
            level = level.with(Level::of(raw));
            read += raw.len() as u64;
            let known = info.frames.unwrap_or(0).max(read);
            let wanted = known * u64::from(sample_rate) / u64::from(info.sample_rate) + 1;
            samples.reserve_exact(room(wanted)? as usize - samples.len());
            conversion.push(raw, &mut samples)?;
        }
        if let Some(conversion) = conversion {
            conversion.finish(&mut samples)?;
        }
        let (others, mended) = (reader.ear().others(), reader.info().mended);
        judge(level, read, others, findings);
        if mended {
            findings.add(Finding::Mended);
        }
        if let Some(auditor) = &mut self.auditor {
            // It was read in pieces, which are gone: their level is known.
            let heard = Heard {
                raw: &samples,
                ms: sample_rate as usize / 1000,
                level: Level::of(&samples),
                others,
                mended,
                samples: &samples,
                positive: is_positive(&self.settings, split),
            };
            auditor.judge(heard, findings).map_err(Refusal::Clip)?;
        }
        Ok(samples)
    }
}

/// Why a long clip was not read.
enum NotRead {
    Audio(AudioError),
    Else(Refusal),
}

impl From<AudioError> for NotRead {
    fn from(error: AudioError) -> Self {
        Self::Audio(error)
    }
}

impl From<Refusal> for NotRead {
    fn from(refusal: Refusal) -> Self {
        Self::Else(refusal)
    }
}

impl From<ResampleError> for NotRead {
    fn from(error: ResampleError) -> Self {
        Self::Else(unconverted(error).into())
    }
}

/// What is odd about a clip is told once, with its first round.
pub(super) fn tell_once(round: u32, findings: &mut Findings) {
    if round == 0 {
        return;
    }
    let mut audit = findings.audit.take();
    if let Some(audit) = &mut audit {
        audit.noted.clear();
        audit.facts = ClipFacts::default();
    }
    *findings = Findings::default();
    findings.audit = audit;
}

/// Whether a split holds wake words.
fn is_positive(settings: &Decode, split: usize) -> bool {
    let positive = settings.audit.as_ref().map(|audit| &audit.positive);
    positive.is_some_and(|of| of.get(split).copied().unwrap_or(false))
}

/// What samples just read are like, and the other channels.
pub(super) fn judge(level: Level, read: u64, others: f32, findings: &mut Findings) {
    if level.peak < SILENCE {
        findings.add(match others < SILENCE {
            true => Finding::Silent,
            false => Finding::Elsewhere,
        });
    }
    if level.full as f64 > CLIPPED * read as f64 {
        findings.add(Finding::Clipped);
    }
}

fn is_long(error: &AudioError) -> bool {
    matches!(error.fault, Fault::TooLong { .. })
}

fn rejected(error: AudioError) -> Rejection {
    // Without the path, which differs from host to host: the clip is named anyhow.
    Rejection::new(NAME, trouble(&error.fault), error.fault)
}

fn unconverted(error: ResampleError) -> Rejection {
    Rejection::new(NAME, Trouble::Damaged, error)
}

/// What kind of trouble a fault is.
pub(super) fn trouble(fault: &Fault) -> Trouble {
    match fault {
        Fault::NoChannel { .. } => Trouble::Unsupported,
        Fault::Io(_) | Fault::NotAFile => Trouble::Unreadable,
        Fault::Unrecognised | Fault::Unsupported(_) | Fault::NoTrack => Trouble::Unsupported,
        Fault::Empty | Fault::NoSamples | Fault::Truncated { .. } | Fault::Cut { .. } => {
            Trouble::Truncated
        }
        Fault::OutOfRange { .. } => Trouble::Truncated,
        Fault::Beyond { .. } | Fault::Follows { .. } => Trouble::Damaged,
        Fault::NoSampleRate | Fault::NoChannels | Fault::Damaged { .. } => Trouble::Damaged,
        Fault::NotFinite { .. } | Fault::TooLoud { .. } => Trouble::Damaged,
        Fault::Panicked(_) => Trouble::Damaged,
        Fault::TooLong { .. } => Trouble::TooLong,
    }
}

//! Files to mono samples at the pipeline's rate.

use crate::audio::{self, Channel, Ear, Fault, Limits, retry};
use crate::dsp::level::{Level, SILENCE};
use crate::dsp::resample::{ResampleError, Resampler};
use crate::flow::{BoxError, Focus, Stage, Worker};
use crate::records::{Batch, ClipId, Finding, Findings, Rejection, Samples, Trouble};

use super::{Buffers, each_span};

/// The stage.
pub const NAME: &str = "decode";

/// A clip of which more than this share of samples is at full scale is clipped.
const CLIPPED: f64 = 0.01;

/// Reads clips.
#[derive(Clone, Debug)]
pub struct Decode {
    /// Sample rate of what it gives, in Hz.
    pub sample_rate: u32,
    /// What one clip may cost.
    pub limits: Limits,
    /// Which channel of a clip is taken.
    pub channel: Channel,
    /// Where buffers come from.
    pub buffers: Buffers,
}

/// Reads clips on one thread.
pub struct Decoder {
    limits: Limits,
    ear: Ear,
    buffers: Buffers,
    resampler: Resampler,
    raw: Vec<f32>,
}

impl Stage for Decode {
    type In = Batch<()>;
    type Out = Batch<Samples>;
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
        Ok(Decoder {
            limits: self.limits,
            ear: Ear::new(self.channel),
            buffers: self.buffers.clone(),
            resampler: Resampler::new(self.sample_rate)?,
            raw: Vec::new(),
        })
    }
}

impl Worker for Decoder {
    type In = Batch<()>;
    type Out = Batch<Samples>;

    fn process(&mut self, batch: Self::In, focus: &mut Focus) -> Result<Self::Out, BoxError> {
        each_span(batch, focus, |clip, rounds, (), findings| {
            let samples = self.decode(clip, findings)?;
            // What is odd about a clip is told once.
            if rounds.start > 0 {
                *findings = Findings::default();
            }
            Ok(samples)
        })
    }
}

impl Decoder {
    /// The samples of one clip, or why there are none; and what was found out
    /// about it.
    ///
    /// # Errors
    /// Why there are none.
    pub fn decode(&mut self, clip: &ClipId, findings: &mut Findings) -> Result<Samples, Rejection> {
        let (limits, ear, raw) = (self.limits, &mut self.ear, &mut self.raw);
        let info = retry(|| audio::read_with(&clip.path, limits, ear, raw))
            .map_err(|error| Rejection::new(NAME, trouble(&error.fault), error))?;
        self.judge(findings);
        let mut samples = self.buffers.samples.take();
        self.resampler
            .process_into(info.sample_rate, &self.raw, &mut samples)
            .map_err(|error| Rejection::new(NAME, Trouble::Damaged, error))?;
        Ok(samples)
    }

    /// What the samples just read are like.
    fn judge(&self, findings: &mut Findings) {
        let level = Level::of(&self.raw);
        if level.peak < SILENCE {
            findings.add(match self.ear.others() < SILENCE {
                true => Finding::Silent,
                false => Finding::Elsewhere,
            });
        }
        if level.full as f64 > CLIPPED * self.raw.len() as f64 {
            findings.add(Finding::Clipped);
        }
    }
}

/// What kind of trouble a fault is.
fn trouble(fault: &Fault) -> Trouble {
    match fault {
        Fault::NoChannel { .. } => Trouble::Unsupported,
        Fault::Io(_) | Fault::NotAFile => Trouble::Unreadable,
        Fault::Unrecognised | Fault::Unsupported(_) | Fault::NoTrack => Trouble::Unsupported,
        Fault::Empty | Fault::NoSamples | Fault::Truncated { .. } | Fault::Cut { .. } => {
            Trouble::Truncated
        }
        Fault::OutOfRange { .. } => Trouble::Truncated,
        Fault::Beyond { .. } => Trouble::Damaged,
        Fault::NoSampleRate | Fault::NoChannels | Fault::Damaged { .. } => Trouble::Damaged,
        Fault::NotFinite { .. } | Fault::TooLoud { .. } => Trouble::Damaged,
        Fault::Panicked(_) => Trouble::Damaged,
        Fault::TooLong { .. } => Trouble::TooLong,
    }
}

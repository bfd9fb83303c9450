//! A clip, judged from what decoding has made of it.

use std::ops::Range;
use std::sync::Arc;

use twox_hash::XxHash3_128;

use super::{db, refusal};
use crate::dsp::envelope::Envelope;
use crate::dsp::extent::Extent;
use crate::dsp::level::{Level, has_three_from};
use crate::dsp::sketch::Sketcher;
use crate::dsp::speech_level::{HANGOVER, MARGIN, SpeechLevel};
use crate::records::{AuditRules, Audited, Check, ClipFacts, Findings, Rejection, Scope};

/// How far below the loudest frequencies a spectrum is empty, in dB.
const EMPTY_DB: f32 = 62.0;
/// Seconds of a clip's edge whose level is taken.
const EDGE: f64 = 0.01;
/// Mean magnitude below which a millisecond is digital silence: less than half a
/// 16-bit step anywhere.
const NOTHING: f32 = 4e-6;
/// What sound is that breaks off into digital silence, in dB of the active level: its
/// last 16th of a millisecond, or its last quarter. What fades, as a synthesiser or a
/// gate lets it, ends in less even where it was loud before.
const END_OF_ONE: f64 = -22.0;
const END_OF_FOUR: f64 = -12.0;
/// What sound is that goes on at once behind it: the greatest of its first fifth of a
/// millisecond.
const BEGINNING: f64 = -30.0;
/// And no less than that: what is said in 8 bits begins with a step.
const STEP: f32 = 1e-3;
/// How near to the peak a sample is cut off flat.
const FLAT: f32 = 0.999;
/// Samples of a run that no wave makes by itself.
const RUN: usize = 3;
/// Peak below which quantisation alone makes flat tops.
const TOO_QUIET_TO_CLIP: f32 = 0.02;
/// Below this active level in dB, spectrum and edges are the noise's.
const TOO_QUIET: f64 = -60.0;

/// What decoding knows of a clip.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// Its samples as they were read, at the file's rate.
    pub raw: &'a [f32],
    /// How many of these are a millisecond.
    pub ms: usize,
    /// How loud they are.
    pub level: Level,
    /// The greatest magnitude in the other channels.
    pub others: f32,
    /// Whether the reader had to mend something.
    pub mended: bool,
    /// The samples at the pipeline's rate.
    pub samples: &'a [f32],
    /// Whether it is a wake word.
    pub positive: bool,
}

/// Judges clips on one thread.
pub struct ClipAuditor {
    rules: Arc<AuditRules>,
    sample_rate: u32,
    envelope: Envelope,
    sketcher: Sketcher,
}

impl ClipAuditor {
    /// By these rules, at the pipeline's rate in Hz; `None` where nothing is to be
    /// looked for that a clip has to do with.
    pub fn new(rules: &Arc<AuditRules>, sample_rate: u32) -> Option<Self> {
        let scopes = [Scope::Clip, Scope::Row, Scope::Set];
        rules.looks_at(&scopes).then(|| Self {
            rules: Arc::clone(rules),
            sample_rate,
            envelope: Envelope::default(),
            sketcher: Sketcher::new(sample_rate),
        })
    }

    /// Judges a clip.
    ///
    /// # Errors
    /// Why it is left out, where a rule says so.
    pub fn judge(&mut self, heard: Heard<'_>, findings: &mut Findings) -> Result<(), Rejection> {
        self.envelope.measure(heard.samples, self.sample_rate);
        let extent = Extent::of(self.envelope.means());
        let step = self.envelope.step();
        let sound = extent.sound.start * step..extent.sound.end * step;
        let level = SpeechLevel::of(&self.envelope).map(|level| self.settled(level, &sound));
        let speech = level.and_then(|level| self.speech(level));
        let mut audited = Audited {
            facts: ClipFacts {
                hash: XxHash3_128::oneshot(bytemuck::cast_slice(heard.samples)),
                samples: u32::try_from(heard.samples.len()).unwrap_or(u32::MAX),
                spread: (extent.spread * step as f64) as u32,
                ..ClipFacts::default()
            },
            speech_end: speech.as_ref().map(|speech| speech.end),
            ..Audited::default()
        };
        let mut note = |check, measure| audited.noted.extend(self.rules.judge(check, measure));
        let peak = db(f64::from(heard.level.peak));
        note(Check::Silent, peak);
        if heard.others > 0.0 {
            note(Check::Elsewhere, db(f64::from(heard.others)) - peak);
        }
        note(Check::Offset, self.envelope.offset());
        note(Check::Damaged, f64::from(u8::from(heard.mended)));
        note(Check::Clipped, flat_share(heard.raw, heard.level));
        if let Some(level) = level {
            note(Check::Quiet, level.active_db);
            // Of most clips no part is silent, which is soon said.
            let is_silent = extent.quietest < NOTHING;
            let gap = || self.gap_ms(level, &heard);
            note(Check::Gap, if is_silent { gap() } else { 0.0 });
            if heard.positive && level.active_db > TOO_QUIET {
                let (start, end) = self.edges();
                note(Check::CutStart, start - level.active_db);
                note(Check::CutEnd, end - level.active_db);
            }
        }
        let audible = level.filter(|level| level.active_db > TOO_QUIET);
        if audible.is_some()
            && let Some(sketch) = self.sketcher.sketch(heard.samples, sound)
        {
            audited.facts.print = sketch.print;
            note(
                Check::BandLimited,
                self.sketcher.bandwidth(&sketch, EMPTY_DB),
            );
        }
        let refused = refusal(&audited.noted);
        findings.audit = Some(Box::new(audited));
        refused.map_or(Ok(()), Err)
    }

    /// The active level; of sound too short for the averages of P.56 to have risen, the
    /// level of where it lies.
    fn settled(&self, level: SpeechLevel, sound: &Range<usize>) -> SpeechLevel {
        let seconds = self.envelope.samples() as f64 / f64::from(self.sample_rate);
        if level.activity * seconds >= HANGOVER {
            return level;
        }
        let length = (sound.end.min(self.envelope.samples()) - sound.start).max(1) as f64;
        let active_db = 10.0 * libm::log10(self.envelope.squares() / length);
        SpeechLevel { active_db, ..level }
    }

    /// From where to where a clip is louder than the margin below its active level.
    fn speech(&self, level: SpeechLevel) -> Option<Range<usize>> {
        let amplitude = libm::pow(10.0, (level.active_db - MARGIN) / 20.0) as f32;
        let (means, edge) = (self.envelope.means(), self.envelope.steps_in(EDGE));
        let loud = |steps: &[f32]| steps.iter().sum::<f32>() >= amplitude * steps.len() as f32;
        // What is loud has a step that is; what is not would take longer to add up.
        let is_above = |mean: &f32| *mean >= amplitude;
        let from = (means.iter().position(is_above)? + 1).saturating_sub(edge);
        let first = from + means[from..].windows(edge).position(loud)?;
        let to = (means.iter().rposition(is_above)? + edge).min(means.len());
        let last = means[..to].windows(edge).rposition(loud)? + edge;
        let step = self.envelope.step();
        Some(first * step..(last * step).min(self.envelope.samples()))
    }

    /// Levels of the first and the last 10 ms, in dB.
    fn edges(&self) -> (f64, f64) {
        let means = self.envelope.means();
        let edge = self.envelope.steps_in(EDGE).min(means.len());
        let level = |steps: &[f32]| db(f64::from(steps.iter().sum::<f32>()) / steps.len() as f64);
        (level(&means[..edge]), level(&means[means.len() - edge..]))
    }

    /// The longest digital silence that sound breaks off into or begins behind at once,
    /// in milliseconds: what fades, as a gate or a synthesiser lets it, is none.
    fn gap_ms(&self, level: SpeechLevel, heard: &Heard<'_>) -> f64 {
        let means = self.envelope.means();
        let per_second = self.envelope.steps_per_second();
        // Shorter ones are no finding.
        let least = self.rules.threshold(Check::Gap) * per_second / 1000.0;
        let (mut longest, mut at) = (0, 0);
        while at < means.len() {
            let silent = means[at..].iter().take_while(|mean| **mean < NOTHING);
            let silent = silent.count();
            let within = (at + silent / 2) * self.envelope.step();
            if silent > longest && silent as f64 >= least && breaks_off(level, heard, within) {
                longest = silent;
            }
            at += silent.max(1);
        }
        1000.0 * longest as f64 / per_second
    }
}

/// Whether sound breaks off into the digital silence around a sample or out of it, by
/// the file's own samples: a change of rate rounds what is cut off.
fn breaks_off(level: SpeechLevel, heard: &Heard<'_>, within: usize) -> bool {
    let all = heard.samples.len().max(1) as u64;
    let within = within as u64 * heard.raw.len() as u64 / all;
    let (before, behind) = heard.raw.split_at((within as usize).min(heard.raw.len()));
    let at_level = |db: f64| libm::pow(10.0, (level.active_db + db) / 20.0) as f32;
    let begins = at_level(BEGINNING).max(STEP);
    let is_silent = |x: &&f32| x.abs() < NOTHING;
    let end = || before.iter().rev().skip_while(is_silent);
    let mut beginning = behind
        .iter()
        .skip_while(is_silent)
        .take((heard.ms / 5).max(1));
    mean(end().take((heard.ms / 16).max(1))) >= at_level(END_OF_ONE)
        || mean(end().take((heard.ms / 4).max(1))) >= at_level(END_OF_FOUR)
        || beginning.any(|x| x.abs() >= begins)
}

/// Mean magnitude of a few samples; 0 of none.
fn mean<'a>(samples: impl Iterator<Item = &'a f32>) -> f32 {
    let (sum, count) = samples.fold((0.0, 0.0f32), |(sum, count), x| {
        (sum + x.abs(), count + 1.0)
    });
    sum / count.max(1.0)
}

/// Share of samples in runs at the clip's own peak.
fn flat_share(raw: &[f32], level: Level) -> f64 {
    if level.peak < TOO_QUIET_TO_CLIP || raw.is_empty() {
        return 0.0;
    }
    let flat = level.peak * FLAT;
    // Of most clips there is none, which is soon said.
    if !has_three_from(raw, flat) {
        return 0.0;
    }
    let runs = raw.chunk_by(|a, b| (a.abs() >= flat) == (b.abs() >= flat));
    let flat = runs.filter(|run| run.len() >= RUN && run[0].abs() >= flat);
    flat.map(<[f32]>::len).sum::<usize>() as f64 / raw.len() as f64
}

#[cfg(test)]
mod tests;

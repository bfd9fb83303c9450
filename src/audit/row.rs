//! A row, judged from what its effects did.

use std::ops::Range;
use std::sync::Arc;

use crate::dsp::chain::Drawn;
use crate::dsp::envelope::Envelope;
use crate::dsp::level::energy;
use crate::dsp::placement::Placement;
use crate::dsp::speech_level::{HANGOVER, SpeechLevel};
use crate::records::{AuditRules, Audited, Check, Noted, Policy, Scope};

/// Energy of a sample below which there is nothing to lose.
const NOTHING: f64 = 1e-10;

/// What is compared of samples before and after noise is mixed in: every so many
/// pieces one, which is as good for a level.
const PIECE: usize = 64;
const PIECES: usize = 8;

/// Judges rows on one thread: it looks at the samples before an effect and after.
pub struct RowAuditor {
    rules: Arc<AuditRules>,
    sample_rate: u32,
    window: usize,
    envelope: Envelope,
    /// What there was before the effect, in pieces, where that is looked at.
    before: Vec<f32>,
    noted: Vec<Noted>,
}

impl RowAuditor {
    /// By these rules, at a rate in Hz, for windows of so many samples; `None` where
    /// nothing is to be looked for.
    pub fn new(rules: &Arc<AuditRules>, sample_rate: u32, window: usize) -> Option<Self> {
        rules.looks_at(&[Scope::Row]).then(|| Self {
            rules: Arc::clone(rules),
            sample_rate,
            window,
            envelope: Envelope::default(),
            before: Vec::new(),
            noted: Vec::new(),
        })
    }

    /// Looks at the samples that an effect is about to change, of a clip that is known.
    pub fn before(&mut self, drawn: &Drawn, samples: &[f32], clip: Option<&Audited>) {
        match drawn {
            Drawn::Place(placement) => self.placed(*placement, samples, clip),
            Drawn::Background(_) if self.looks_for(Check::Snr) => {
                self.before.clear();
                pieces(samples).for_each(|piece| self.before.extend_from_slice(piece));
            }
            _ => {}
        }
    }

    /// Looks at what it has made of them.
    pub fn after(&mut self, drawn: &Drawn, samples: &[f32]) {
        if let Drawn::Background(_) = drawn
            && self.looks_for(Check::Snr)
            && let Some(asked) = drawn.facts(self.sample_rate).value
        {
            self.mixed(asked, samples);
        }
    }

    /// Everything about the row of a round, whose samples these are in the end.
    pub fn row(&mut self, round: u32, pcm: &[i16]) -> impl Iterator<Item = Noted> + '_ {
        let (limits, silent) = counts(pcm, (self.sample_rate / 1000).max(1) as usize);
        self.note(Check::RowClipped, limits);
        self.note(Check::RowSilent, silent);
        self.noted.drain(..).map(move |noted| Noted {
            round: Some(round),
            ..noted
        })
    }

    /// Forgets what was begun: a clip was refused on the way.
    pub fn reset(&mut self) {
        self.noted.clear();
    }

    fn looks_for(&self, check: Check) -> bool {
        self.rules.policy(check) > Policy::Off
    }

    fn note(&mut self, check: Check, measure: f64) {
        self.noted.extend(self.rules.judge(check, measure));
    }

    /// What placing loses.
    fn placed(&mut self, placement: Placement, samples: &[f32], clip: Option<&Audited>) {
        let kept = kept(placement, samples.len(), self.window);
        if kept.len() < samples.len() {
            let lost = energy(&samples[..kept.start]) + energy(&samples[kept.end..]);
            let all = lost + energy(&samples[kept.clone()]);
            if all > NOTHING * samples.len() as f64 {
                self.note(Check::EnergyLost, lost / all);
            }
        }
        if let Some(speech) = clip.and_then(|clip| clip.speech_end) {
            let lost = speech.saturating_sub(kept.end);
            let seconds = lost as f64 / f64::from(self.sample_rate);
            self.note(Check::EndLost, 1000.0 * seconds);
        }
    }

    /// What the ratio of speech and noise has become. Speech is active for the hangover
    /// of P.56 at least, so that its level is known within a bound beforehand: where no
    /// level within it is a finding, none is measured. Else it is measured of the mix:
    /// beside a finding, noise adds nothing.
    fn mixed(&mut self, asked: f64, samples: &[f32]) {
        let mut before = self.before.as_slice();
        let mut energy = 0.0;
        for piece in pieces(samples) {
            let (one, rest) = before.split_at(piece.len().min(before.len()));
            energy += difference(piece, one);
            before = rest;
        }
        let count = self.before.len().max(1) as f64;
        let level = |energy: f64| 10.0 * libm::log10((energy / count).max(1e-20));
        let (speech, noise) = (self::energy(&self.before), level(energy));
        if speech <= NOTHING * count {
            return;
        }
        let reached = level(speech) - noise;
        let seconds = samples.len() as f64 / f64::from(self.sample_rate);
        let bound = 10.0 * libm::log10((seconds / HANGOVER).max(1.0));
        let threshold = self.rules.threshold(Check::Snr);
        if reached - asked >= -threshold && reached + bound - asked <= threshold {
            return;
        }
        self.envelope.measure(samples, self.sample_rate);
        if let Some(speech) = SpeechLevel::of(&self.envelope) {
            self.note(Check::Snr, (speech.active_db - noise - asked).abs());
        }
    }
}

/// The pieces of samples that are compared.
fn pieces(samples: &[f32]) -> impl Iterator<Item = &[f32]> {
    samples.chunks(PIECE).step_by(PIECES)
}

/// Which samples of a clip are in its window.
fn kept(placement: Placement, clip: usize, window: usize) -> Range<usize> {
    let room = match placement {
        Placement::End { jitter } => window.saturating_sub(jitter as usize),
        Placement::Center => window,
        Placement::Start { start } => window.saturating_sub(start as usize),
    };
    let kept = clip.min(room);
    let from = match placement {
        Placement::End { .. } => clip - kept,
        Placement::Center => (clip - kept) / 2,
        Placement::Start { .. } => 0,
    };
    from..from + kept
}

/// Energy of what two clips differ in.
fn difference(a: &[f32], b: &[f32]) -> f64 {
    let mut lanes = [0f64; 8];
    let ((a, a_tail), (b, b_tail)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            let difference = f64::from(a[lane] - b[lane]);
            lanes[lane] += difference * difference;
        }
    }
    let tail = a_tail.iter().zip(b_tail);
    let tail: f64 = tail.map(|(a, b)| f64::from(a - b).powi(2)).sum();
    tail + lanes.iter().sum::<f64>()
}

/// Share of samples at the limits of 16 bits, and of steps that are all zeros.
fn counts(pcm: &[i16], step: usize) -> (f64, f64) {
    let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
    (
        share(at_limits(pcm) as usize, pcm.len()),
        share(silent(pcm, step), pcm.len().div_ceil(step)),
    )
}

/// How many steps are all zeros.
#[multiversion::multiversion(targets("x86_64+avx2"))]
fn silent(pcm: &[i16], step: usize) -> usize {
    let mut count = 0;
    if step == 16 {
        let (steps, tail) = pcm.as_chunks::<16>();
        for step in steps {
            let mut any = 0;
            for x in step {
                any |= x;
            }
            count += usize::from(any == 0);
        }
        return count + usize::from(!tail.is_empty() && tail.iter().all(|x| *x == 0));
    }
    for step in pcm.chunks(step) {
        count += usize::from(step.iter().all(|x| *x == 0));
    }
    count
}

/// How many samples are at the limits of 16 bits.
#[multiversion::multiversion(targets("x86_64+avx2"))]
fn at_limits(pcm: &[i16]) -> u32 {
    let mut count = 0;
    // As many as 16 bits can count.
    for piece in pcm.chunks(1 << 15) {
        let mut here = 0u16;
        for &x in piece {
            here += u16::from((x == i16::MAX) | (x == i16::MIN));
        }
        count += u32::from(here);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auditor() -> RowAuditor {
        RowAuditor::new(&Arc::new(AuditRules::default()), 16_000, 32_000).unwrap()
    }

    fn names(auditor: &mut RowAuditor, pcm: &[i16]) -> Vec<&'static str> {
        auditor
            .row(2, pcm)
            .map(|noted| noted.check.name())
            .collect()
    }

    #[test]
    fn rows_at_their_limits_and_empty_rows_are_found() {
        let mut auditor = auditor();
        let mut pcm = vec![5; 32_000];
        assert_eq!(names(&mut auditor, &pcm), [""; 0]);
        pcm[..9_000].fill(i16::MAX);
        assert_eq!(names(&mut auditor, &pcm), ["row_clipped"]);
        pcm.fill(0);
        pcm[7] = 1;
        assert_eq!(names(&mut auditor, &pcm), ["row_silent"]);
        assert_eq!(names(&mut auditor, &[]), [""; 0]);
    }

    #[test]
    fn what_placing_loses_is_measured() {
        let mut auditor = auditor();
        let clip = vec![0.1; 64_000];
        let place = Drawn::Place(Placement::Start { start: 0 });
        auditor.window = 25_600;
        let audited = Audited {
            speech_end: Some(40_000),
            ..Audited::default()
        };
        auditor.before(&place, &clip, Some(&audited));
        // Three fifths are lost, and that is the threshold.
        let noted: Vec<_> = auditor.row(0, &[9; 160]).collect();
        assert_eq!(noted.len(), 1);
        assert_eq!((noted[0].check, noted[0].measure), (Check::EndLost, 900.0));
        assert_eq!(noted[0].round, Some(0));
        auditor.window = 25_000;
        auditor.before(&place, &clip, None);
        assert_eq!(names(&mut auditor, &[9; 160]), ["energy_lost"]);
    }
}

//! Samples to rows: every effect, round by round.
//!
//! Round 0 starts from the clip, round *r* from the 16-bit samples of round
//! *r* − 1, or each from the clip ([`RoundFrom`]). Every effect of a round draws from a random stream of its own (see
//! [`random`]), so a row depends on nothing but the seed, the names of its split
//! and clip, its round, its chain and the audio.

pub mod bank;
mod converted;
pub mod random;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

pub use bank::{SoundError, SoundFile, SoundSettings, Sounds};

use crate::audio::wav::{self, WavError};
use crate::audit::{self, RowAuditor};
use crate::dsp::chain::{Drawn, EffectKind, EffectSpec};
use crate::dsp::effect::{EffectError, Scene, Workspace};
use crate::dsp::pcm16::{self, Overflow};
use crate::dsp::placement::{Place, Placement};
use crate::records::{
    AuditRules, Audited, ClipId, Finding, Findings, Pcm, Piece, PieceValues, Provenance, Rejection,
    Row, Rows, Samples, Trouble, Values,
};

use bank::Listener;

/// The stage, where it refuses a clip.
pub const NAME: &str = "augment";

/// What is done to a clip.
#[derive(Clone, Debug)]
pub struct Effects {
    /// The seed of all random streams.
    pub seed: u64,
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Length of a row's window, in samples.
    pub window: usize,
    /// What a round starts from.
    pub round_from: RoundFrom,
    /// The order of the rows of a span.
    pub row_order: RowOrder,
    /// What becomes of samples that 16 bits cannot hold.
    pub overflow: Overflow,
    /// Whether more is done than placing a clip.
    pub enabled: bool,
}

/// What a round starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundFrom {
    /// The 16-bit samples of the round before, already in the window.
    Previous,
    /// The clip: nothing stacks.
    Clip,
}

/// The order of the rows of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// By round.
    Round,
    /// As the decimal numbers of the rounds sort as texts: 0, 1, 10, 2.
    Name,
}

/// What the stage has to know of a split.
#[derive(Clone, Debug)]
pub struct SplitRules {
    /// Its name: part of the key of its clips' random streams.
    pub name: String,
    /// Where its clips go in the window; `None` leaves their length alone.
    pub place: Option<Place>,
    /// The effects, in the order in which they are applied.
    pub chain: Vec<EffectSpec>,
    /// Where to write each row as a WAV, if anywhere.
    pub wavs: Option<PathBuf>,
    /// Whether its clips are wake words.
    pub positive: bool,
}

/// Why there are no rows of a clip.
#[derive(Debug, thiserror::Error)]
pub enum AugmentError {
    /// A sound drawn for it cannot be used.
    #[error("{}", .0.reason)]
    Clip(Rejection),
    /// The WAV of a row cannot be written.
    #[error(transparent)]
    Wav(#[from] WavError),
}

impl From<Rejection> for AugmentError {
    fn from(rejection: Rejection) -> Self {
        Self::Clip(rejection)
    }
}

/// Augments clips.
#[derive(Clone, Debug)]
pub struct Augment {
    /// What is done to a clip.
    pub effects: Arc<Effects>,
    /// The splits, by index.
    pub splits: Arc<[SplitRules]>,
    /// Backgrounds and impulse responses.
    pub sounds: Arc<Sounds>,
    /// What is looked for in rows; nothing without.
    pub audit: Option<Arc<AuditRules>>,
}

/// Augments clips on one thread.
pub struct Augmenter {
    augment: Augment,
    listener: Listener,
    workspace: Workspace,
    auditor: Option<RowAuditor>,
}

impl Augment {
    /// One thread's augmenter.
    pub fn augmenter(&self) -> Augmenter {
        Augmenter {
            augment: self.clone(),
            listener: self.sounds.listener(),
            workspace: Workspace::default(),
            auditor: self.audit.as_ref().and_then(|rules| {
                RowAuditor::new(rules, self.effects.sample_rate, self.effects.window)
            }),
        }
    }
}

impl Augmenter {
    /// The rows of a clip's `rounds` in an epoch, or why there are none. They begin
    /// at 0 where a round starts from the one before. `pcm` gives the buffers of
    /// the rows; what `samples` hold afterwards is of no use;
    /// `findings` gets what was found out about the clip.
    ///
    /// # Errors
    /// [`AugmentError::Clip`] where a sound drawn for it cannot be used,
    /// [`AugmentError::Wav`] where its WAVs cannot be written.
    pub fn rows(
        &mut self,
        (split, epoch): (usize, u64),
        clip: &ClipId,
        rounds: &Range<u32>,
        samples: &mut Samples,
        findings: &mut Findings,
        mut pcm: impl FnMut() -> Pcm,
    ) -> Result<Rows<Pcm>, AugmentError> {
        let Augment {
            effects, splits, ..
        } = self.augment.clone();
        let rules = &splits[split];
        let clip_len = samples.len();
        let fresh = effects.round_from == RoundFrom::Clip;
        let original = (fresh && rounds.len() > 1).then(|| samples.clone());
        self.listener.take_found();
        self.auditor.iter_mut().for_each(RowAuditor::reset);
        let before = findings.audit.as_ref().map_or(0, |audit| audit.noted.len());
        let mut rows = Vec::with_capacity(rounds.len());
        for round in rounds.clone() {
            if let Some(original) = &original {
                samples.clone_from(original);
            }
            let key = random::Key {
                seed: effects.seed,
                epoch,
                split: &rules.name,
                clip: &clip.name,
                round,
            };
            let place = rules.place.filter(|_| fresh || round == 0);
            let audited = findings.audit.as_deref().filter(|_| rules.positive);
            let provenance = self.round(&effects, &rules.chain, key, place, (samples, audited))?;
            if round == 0 {
                add_lost(&provenance, effects.window, clip_len, findings);
            }
            let mut pcm = pcm();
            if effects.overflow.encode_into(samples, &mut pcm) {
                findings.add(Finding::Overflow);
            }
            if let Some(auditor) = &mut self.auditor {
                findings.note(auditor.row(round, &pcm));
            }
            if !fresh {
                pcm16::decode_into(&pcm, samples);
            }
            if let Some(folder) = &rules.wavs {
                let path = folder.join(format!("{}_r{round}.wav", wav_stem(&clip.name)));
                wav::write(&path, effects.sample_rate, &pcm)?;
            }
            rows.push(Row {
                round,
                data: pcm,
                provenance: Arc::new(provenance),
            });
        }
        findings.extend(&self.listener.take_found());
        let noted = findings.audit.as_ref().map(|audit| &audit.noted[before..]);
        if let Some(rejection) = noted.and_then(audit::refusal) {
            return Err(rejection.into());
        }
        if effects.row_order == RowOrder::Name {
            rows.sort_by_key(|row| row.round.to_string());
        }
        Ok(rows)
    }

    /// Samples in 16 bits, with nothing else done to them.
    pub fn encode(&self, samples: &[f32]) -> Pcm {
        let mut pcm = Pcm::new();
        let overflow = self.augment.effects.overflow;
        overflow.encode_into(samples, &mut pcm);
        pcm
    }

    /// A piece of a recording whose rows are not augmented, from `row` on: as one
    /// row, until its rows are features.
    ///
    /// # Errors
    /// A row that a rule of the audit leaves out, and so all of them.
    pub fn piece(
        &mut self,
        row: u32,
        piece: Piece<Samples>,
        findings: &mut Findings,
    ) -> Result<Rows<Values>, Rejection> {
        let (piece, samples) = piece.split();
        let pcm = self.encode(&samples);
        if let Some(auditor) = &mut self.auditor {
            auditor.reset();
            let kept = (row..).zip(&piece.kept).enumerate();
            for (k, (round, _)) in kept.filter(|(_, (_, kept))| **kept) {
                let start = piece.lead + k * piece.hop;
                let samples = pcm.get(start..start + piece.window);
                findings.note(auditor.row(round, samples.unwrap_or_default()));
            }
        }
        if let Some(rejection) = findings
            .audit
            .as_ref()
            .and_then(|audit| audit::refusal(&audit.noted))
        {
            return Err(rejection);
        }
        let piece = piece.with(PieceValues::Pcm(pcm));
        Ok(vec![Row {
            round: row,
            data: Values::Piece(piece),
            provenance: Arc::default(),
        }])
    }

    /// Gives back the memory that a long clip has left: it must not stay with
    /// every thread.
    pub fn let_go(&mut self) {
        self.listener.let_go();
        self.workspace.bits = Vec::new();
        self.workspace.window = Vec::new();
    }

    /// One round of effects, in place: each drawn from a stream of its own, then
    /// applied, in the order of the chain.
    fn round(
        &mut self,
        effects: &Effects,
        chain: &[EffectSpec],
        key: random::Key<'_>,
        place: Option<Place>,
        (samples, clip): (&mut Samples, Option<&Audited>),
    ) -> Result<Provenance, Rejection> {
        let mut scene = Scene {
            sample_rate: effects.sample_rate,
            window: effects.window,
            place,
            sounds: &mut self.listener,
            workspace: &mut self.workspace,
        };
        let auditor = &mut self.auditor;
        let mut one = |effect: &EffectSpec| {
            let kind = effect.kind();
            if !effects.enabled && kind != EffectKind::Place {
                return Ok((kind, None));
            }
            let mut rng = key.stream(kind.name());
            let drawn = effect.draw(samples.len(), &mut scene, &mut rng)?;
            if let Some(drawn) = &drawn {
                if let Some(auditor) = auditor {
                    auditor.before(drawn, samples, clip);
                }
                effect.apply(drawn, &mut scene, samples)?;
                if let Some(auditor) = auditor {
                    auditor.after(drawn, samples);
                }
            }
            Ok((kind, drawn))
        };
        let applied = chain.iter().map(&mut one);
        applied
            .collect::<Result<_, EffectError>>()
            .map_err(|error| Rejection::new(NAME, Trouble::Sound, error))
    }
}

/// Adds what placing lost of a clip of `clip_len` samples.
fn add_lost(provenance: &Provenance, window: usize, clip_len: usize, findings: &mut Findings) {
    // How many samples of the clip the row can hold.
    let reached = match provenance.get(EffectKind::Place) {
        Some(Drawn::Place(Placement::End { jitter })) => window.saturating_sub(*jitter as usize),
        Some(Drawn::Place(Placement::Start { start })) => {
            let reached = window.saturating_sub(*start as usize);
            if reached < clip_len {
                findings.add(Finding::LostEnd);
            }
            reached
        }
        _ => window,
    };
    if 2 * reached < clip_len {
        findings.add(Finding::Short);
    }
}

/// What the names of a clip's WAVs begin with: `clip_000000` of
/// `clip_000000.wav`, whose round 0 is `clip_000000_r0.wav`, as livekit-wakeword
/// has it.
pub fn wav_stem(clip: &str) -> &str {
    clip.strip_suffix(".wav").unwrap_or(clip)
}

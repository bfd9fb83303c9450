//! What travels between the stages.
//!
//! A [`Batch`] is a run of consecutive spans of one split; every stage maps one
//! batch to one batch, span by span. A span that cannot be processed stays in
//! its batch as a [`Rejection`], so every span ends as rows or as a reason.

use std::fmt::{self, Display};
use std::ops::Range;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::audio::FileRange;
use crate::dsp::chain::{Drawn, EffectKind};

mod checks;
mod facts;
mod files;
mod findings;
mod places;
mod recordings;

pub use checks::{AuditRules, Check, Noted, Policy, Rules, Scope, Threshold};
pub use facts::{Audited, ClipFacts, FACTS};
pub use files::FilesByExtension;
pub use findings::{Finding, Findings};
pub use places::{BLOCK, Places, Slot};
pub use recordings::{
    Broken, Ended, Heard, InRows, LevelPoint, MelPart, Met, Open, Part, Piece, PieceValues,
    RecordingLevels, Visit, named,
};

/// Consecutive spans of one split, with a payload that each stage replaces.
#[derive(Clone, Debug)]
pub struct Batch<T> {
    /// Index of the split in the plan.
    pub split: usize,
    /// The epoch that keys its random streams: 0 in a build.
    pub epoch: u64,
    /// The spans, in the order in which they come.
    pub spans: Vec<Span<T>>,
    /// The turn of a recording that it is, where it is one: then it has at most
    /// one span, a piece.
    pub visit: Option<Box<Visit>>,
}

/// The unit of the flow on its way through the stages: a clip with all of its
/// rounds, or with one of them.
#[derive(Clone, Debug)]
pub struct Span<T> {
    /// Which clip it is.
    pub id: ClipId,
    /// The rounds that are made of it here: a row each.
    pub rounds: Range<u32>,
    /// What the last stage made of it, or why it is left out.
    pub state: Result<T, Rejection>,
    /// What was found out about it on the way.
    pub findings: Findings,
}

/// Names one clip of a split.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClipId {
    /// The path relative to the split's input folder, with forward slashes: the
    /// name in `rows.jsonl`, and part of the key of the clip's random stream.
    pub name: Arc<str>,
    /// Where to read it.
    pub file: FileRange,
}

/// Why a clip has no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The stage that refused it.
    pub stage: &'static str,
    /// The kind of trouble, to count by.
    pub kind: Trouble,
    /// What was wrong, for a person.
    pub reason: String,
}

impl Rejection {
    /// A clip refused by a stage because of an error.
    pub fn new(stage: &'static str, kind: Trouble, error: impl Display) -> Self {
        Self {
            stage,
            kind,
            reason: error.to_string(),
        }
    }
}

/// What kind of trouble a clip made: a handful of kinds, however many reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The operating system would not give it.
    Unreadable,
    /// It is no audio, or audio of an unknown kind.
    Unsupported,
    /// There is less of it than there should be, or nothing.
    Truncated,
    /// What it holds makes no sense.
    Damaged,
    /// It is longer than allowed.
    TooLong,
    /// A background or impulse response drawn for it could not be used.
    Sound,
    /// A rule of the audit leaves it out.
    Unwanted,
    /// A rule of the audit ends the build at it.
    Forbidden,
}

impl Trouble {
    /// Its name where it is counted.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::Unsupported => "unsupported",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::TooLong => "too_long",
            Self::Sound => "sound",
            Self::Unwanted => "unwanted",
            Self::Forbidden => "forbidden",
        }
    }
}

/// Mono samples at the pipeline's rate.
pub type Samples = Vec<f32>;

/// What a span becomes from augmentation on: one row a round, in row order.
pub type Rows<T> = Vec<Row<T>>;

/// One row of a feature file on its way.
#[derive(Clone, Debug)]
pub struct Row<T> {
    /// The augmentation round that made it.
    pub round: u32,
    /// The row's payload.
    pub data: T,
    /// What was drawn for it.
    pub provenance: Arc<Provenance>,
}

/// 16-bit samples of one row: exactly what a WAV of it would hold.
pub type Pcm = Vec<i16>;

/// Values of one speech embedding.
pub const EMBEDDING: usize = 96;

/// One row on its way through the front end.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 16-bit samples, before its first network.
    Pcm(Pcm),
    /// What a network gave, in C order.
    Floats(Vec<f32>),
    /// Rows of a recording that overlap or follow each other.
    Piece(Piece<PieceValues>),
}

impl Values {
    /// How many there are.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        match self {
            Self::Pcm(pcm) => pcm.len(),
            Self::Floats(floats) => floats.len(),
            Self::Piece(piece) => piece.values.len(),
        }
    }
}

/// What was drawn for one row: every effect of the chain in its order, `None`
/// where it was not applied. As JSON, an object of the effects' keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Provenance(Vec<(EffectKind, Option<Drawn>)>);

impl Provenance {
    /// What was drawn for an effect; `None` where it was not applied.
    pub fn get(&self, kind: EffectKind) -> Option<&Drawn> {
        let mut effects = self.0.iter();
        effects.find(|(effect, _)| *effect == kind)?.1.as_ref()
    }

    /// Every effect that was applied, in order.
    pub fn applied(&self) -> impl Iterator<Item = (EffectKind, &Drawn)> {
        let effects = self.0.iter();
        effects.filter_map(|(kind, drawn)| Some((*kind, drawn.as_ref()?)))
    }
}

impl FromIterator<(EffectKind, Option<Drawn>)> for Provenance {
    fn from_iter<I: IntoIterator<Item = (EffectKind, Option<Drawn>)>>(effects: I) -> Self {
        Self(effects.into_iter().collect())
    }
}

impl Serialize for Provenance {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(kind, drawn)| (kind.record(), drawn)))
    }
}

impl<'de> Deserialize<'de> for Provenance {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Effects;

        impl<'de> Visitor<'de> for Effects {
            type Value = Provenance;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the effects of a row")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Provenance, A::Error> {
                let mut effects = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let known = EffectKind::ALL.iter().find(|kind| kind.record() == name);
                    let Some(&kind) = known else {
                        return Err(A::Error::custom(format!("there is no effect '{name}'")));
                    };
                    let drawn = map.next_value_seed(OfKind(kind));
                    let drawn =
                        drawn.map_err(|error| A::Error::custom(format!("{name}: {error}")))?;
                    effects.push((kind, drawn));
                }
                Ok(Provenance(effects))
            }
        }
        from.deserialize_map(Effects)
    }
}

/// Reads what was drawn for an effect, if anything.
struct OfKind(EffectKind);

impl<'de> DeserializeSeed<'de> for OfKind {
    type Value = Option<Drawn>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for OfKind {
    type Value = Option<Drawn>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "what was drawn for {}, or null", self.0.name())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        self.0.drawn(from).map(Some)
    }
}

//! What an effect is: its settings, what is drawn from them, and what that does
//! to a clip.
//!
//! An effect is one file with one type that implements [`Effect`], and one line
//! in [`chain`](super::chain). Its keys, its record in `rows.jsonl`, its
//! statistics and its words in the report follow from that.

use std::ops::Range as Span;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Range;
use super::colored_noise::Colored;
use super::convolution::{Convolver, Impulse};
use super::pitch_shift::Shifter;

/// One effect: its settings. Draw and apply are two halves, and what is drawn is
/// what `rows.jsonl` records, so that any row can be redone elsewhere.
pub trait Effect: Clone + PartialEq + Serialize + DeserializeOwned {
    /// Its name in `augment.chain`, and part of the key of its random streams.
    const NAME: &'static str;
    /// The table of its keys in a pipeline.
    const TABLE: &'static str;
    /// Its key in `rows.jsonl`.
    const RECORD: &'static str;
    /// What it is called for a person.
    const LABEL: &'static str;
    /// Its keys.
    const PARAMETERS: &'static [Parameter];
    /// The kind of sound that it draws, if any.
    const SOUND: Option<SoundKind> = None;
    /// What is drawn for one row, as `rows.jsonl` records it.
    type Drawn: Clone + PartialEq + Serialize + DeserializeOwned;

    /// Draws for a clip of `samples` samples, or `None` where it is left alone.
    ///
    /// # Errors
    /// A sound that cannot be read.
    fn draw(
        &self,
        samples: usize,
        scene: &mut Scene<'_>,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Self::Drawn>, EffectError>;

    /// Does what was drawn, in place: what is not drawn, these settings say.
    ///
    /// # Errors
    /// A sound that cannot be used.
    fn apply(
        &self,
        drawn: &Self::Drawn,
        scene: &mut Scene<'_>,
        samples: &mut Vec<f32>,
    ) -> Result<(), EffectError>;

    /// What is wrong with these settings together, with the key it is about;
    /// what each key allows alone is checked before.
    fn check(&self, _format: Format) -> Result<(), (&'static str, String)> {
        Ok(())
    }

    /// The number that its statistics are about, and the range it is drawn from.
    fn measure(&self) -> Option<Measure> {
        None
    }

    /// What was drawn, for statistics and for a person; `sample_rate` is in Hz.
    fn facts(drawn: &Self::Drawn, sample_rate: u32) -> Facts<'_>;
}

/// One key of an effect.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in the effect's table.
    pub name: &'static str,
    /// What it allows.
    pub allows: Allows,
    /// Its default, as TOML.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

/// What the value of a key allows. Bounds are inclusive.
#[derive(Clone, Copy, Debug)]
pub enum Allows {
    /// A number.
    Number(f64, f64),
    /// Two numbers, the smaller first.
    Interval(f64, f64),
    /// `true` or `false`.
    Flag,
    /// One of some words.
    Word(&'static [&'static str]),
}

/// The audio that effects work on.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Length of a row's window, in seconds.
    pub window_seconds: f64,
}

/// A probability.
pub(super) const PROBABILITY: Allows = Allows::Number(0.0, 1.0);

/// What a number means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// The range that it is drawn from.
    pub range: Range,
}

/// What was drawn for one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Facts<'a> {
    /// In a few words.
    pub words: String,
    /// The kind, where the effect has several.
    pub variant: Option<&'static str>,
    /// The sounds that were used.
    pub sounds: Vec<&'a Arc<str>>,
    /// The value of the effect's [`Measure`].
    pub value: Option<f64>,
}

impl Facts<'_> {
    /// Words alone.
    pub(super) fn new(words: String) -> Self {
        Self {
            words,
            variant: None,
            sounds: Vec::new(),
            value: None,
        }
    }
}

/// The kinds of sounds that effects draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SoundKind {
    /// Background noise.
    Background,
    /// Room impulse responses.
    Impulse,
}

impl SoundKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Background, Self::Impulse];

    /// What one is called for a person.
    pub fn label(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Impulse => "impulse response",
        }
    }
}

/// Where effects get sounds from. Sounds of a kind have indices from 0, and
/// names by which a record finds them again.
pub trait SoundBank {
    /// How many there are of a kind.
    fn count(&self, kind: SoundKind) -> usize;

    /// The name of a sound.
    fn name(&self, kind: SoundKind, index: usize) -> Arc<str>;

    /// The length of a background, in samples.
    ///
    /// # Errors
    /// One that cannot be read.
    fn background_len(&mut self, name: &str) -> Result<u64, EffectError>;

    /// Samples of a background.
    ///
    /// # Errors
    /// One that cannot be read.
    fn background(&mut self, name: &str, span: Span<u64>) -> Result<&[f32], EffectError>;

    /// An impulse response, ready.
    ///
    /// # Errors
    /// One that cannot be read, or is none.
    fn impulse(&mut self, name: &str, by: &mut Convolver) -> Result<Arc<Impulse>, EffectError>;
}

/// Why an effect could not be applied.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct EffectError(pub String);

/// What an effect may need beside samples.
pub struct Scene<'a> {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Length of a row's window, in samples.
    pub window: usize,
    /// Where the clip goes in the window; `None` leaves its length alone.
    pub place: Option<Place>,
    /// Backgrounds and impulse responses.
    pub sounds: &'a mut dyn SoundBank,
    /// Working memory.
    pub workspace: &'a mut Workspace,
}

/// Where a clip goes in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// At the end, less a random jitter: for wake words.
    End,
    /// In the middle: for everything else.
    Center,
    /// At the end, less a random jitter as far as there is room for it; of a clip
    /// longer than the window, its start: openWakeWord's rule for all clips.
    Start,
}

/// Working memory of the effects on one thread: no trace of earlier clips.
#[derive(Default)]
pub struct Workspace {
    /// Transforms of the reverberation.
    pub convolver: Convolver,
    /// Bits of magnitudes.
    pub bits: Vec<u32>,
    /// A window being filled.
    pub window: Vec<f32>,
    /// Noise being made.
    pub noise: Vec<f32>,
    /// Coloured noise.
    pub colored: Colored,
    /// The pitch shift.
    pub shifter: Shifter,
}

/// Declares the settings of an effect: each key once, with its type, its
/// default, what it allows, and its meaning as the documentation.
macro_rules! parameters {
    (
        $(#[$attribute:meta])*
        pub struct $Name:ident {
            $(
                #[doc = $meaning:literal]
                $(#[serde($($serde:tt)*)])?
                $key:ident: $type:ty = $default:literal, $allows:expr;
            )*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
        pub struct $Name {
            $(
                #[doc = $meaning]
                $(#[serde($($serde)*)])?
                pub $key: $type,
            )*
        }

        impl $Name {
            const KEYS: &'static [crate::dsp::effect::Parameter] = &[
                $(
                    crate::dsp::effect::Parameter {
                        name: stringify!($key),
                        allows: $allows,
                        default: $default,
                        meaning: $meaning.trim_ascii(),
                    },
                )*
            ];
        }
    };
}
pub(super) use parameters;

/// The last part of a path.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

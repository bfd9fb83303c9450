//! Every effect there is, as one closed enum: a chain is a list of them.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::effect::{Effect, EffectError, Facts, Format, Measure, Parameter, Scene, SoundKind};

macro_rules! effects {
    ($($Kind:ident($Effect:ty),)*) => {
        /// Which effect.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum EffectKind {
            $(
                #[doc = concat!("See [`", stringify!($Effect), "`].")]
                $Kind,
            )*
        }

        impl EffectKind {
            /// Every effect, in the order in which the reference lists them.
            pub const ALL: &'static [Self] = &[$(Self::$Kind),*];
            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$(<$Effect>::NAME),*];

            /// Its name in `augment.chain`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$Kind => <$Effect>::NAME,)* }
            }

            /// The table of its keys.
            pub fn table(self) -> &'static str {
                match self { $(Self::$Kind => <$Effect>::TABLE,)* }
            }

            /// Its key in `rows.jsonl`.
            pub fn record(self) -> &'static str {
                match self { $(Self::$Kind => <$Effect>::RECORD,)* }
            }

            /// What it is called for a person.
            pub fn label(self) -> &'static str {
                match self { $(Self::$Kind => <$Effect>::LABEL,)* }
            }

            /// Its keys.
            pub fn parameters(self) -> &'static [Parameter] {
                match self { $(Self::$Kind => <$Effect>::PARAMETERS,)* }
            }

            /// The kind of sound that it draws, if any.
            pub fn sound(self) -> Option<SoundKind> {
                match self { $(Self::$Kind => <$Effect>::SOUND,)* }
            }

            /// Reads its settings.
            ///
            /// # Errors
            /// Those of the deserializer.
            pub fn settings<'de, D: Deserializer<'de>>(
                self,
                from: D,
            ) -> Result<EffectSpec, D::Error> {
                Ok(match self {
                    $(Self::$Kind => EffectSpec::$Kind(Deserialize::deserialize(from)?),)*
                })
            }

            /// Reads what was drawn for it.
            ///
            /// # Errors
            /// Text that is no record of this effect.
            pub fn drawn<'de, D: Deserializer<'de>>(self, from: D) -> Result<Drawn, D::Error> {
                Ok(match self {
                    $(Self::$Kind => Drawn::$Kind(Deserialize::deserialize(from)?),)*
                })
            }
        }

        /// One effect with its settings.
        #[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
        #[serde(tag = "effect", rename_all = "snake_case")]
        pub enum EffectSpec {
            $(
                #[doc = concat!("See [`", stringify!($Effect), "`].")]
                $Kind($Effect),
            )*
        }

        impl EffectSpec {
            /// Which effect.
            pub fn kind(&self) -> EffectKind {
                match self { $(Self::$Kind(_) => EffectKind::$Kind,)* }
            }

            /// See [`Effect::draw`].
            ///
            /// # Errors
            /// A sound that cannot be read.
            pub fn draw(
                &self,
                samples: usize,
                scene: &mut Scene<'_>,
                rng: &mut ChaCha8Rng,
            ) -> Result<Option<Drawn>, EffectError> {
                Ok(match self {
                    $(Self::$Kind(effect) => effect.draw(samples, scene, rng)?.map(Drawn::$Kind),)*
                })
            }

            /// Does what was drawn for it, see [`Effect::apply`].
            ///
            /// # Errors
            /// A sound that cannot be used; what was drawn for another effect.
            pub fn apply(
                &self,
                drawn: &Drawn,
                scene: &mut Scene<'_>,
                samples: &mut Vec<f32>,
            ) -> Result<(), EffectError> {
                match (self, drawn) {
                    $(
                        (Self::$Kind(effect), Drawn::$Kind(drawn)) => {
                            effect.apply(drawn, scene, samples)
                        }
                    )*
                    _ => Err(EffectError(format!(
                        "{} has no use for what was drawn for another effect",
                        self.kind().name()
                    ))),
                }
            }

            /// See [`Effect::check`].
            ///
            /// # Errors
            /// What is wrong, with the key it is about.
            pub fn check(&self, format: Format) -> Result<(), (&'static str, String)> {
                match self { $(Self::$Kind(effect) => effect.check(format),)* }
            }

            /// See [`Effect::measure`].
            pub fn measure(&self) -> Option<Measure> {
                match self { $(Self::$Kind(effect) => effect.measure(),)* }
            }
        }

        /// What was drawn for one effect of one row.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Drawn {
            $(
                #[doc = concat!("By [`", stringify!($Effect), "`].")]
                $Kind(<$Effect as Effect>::Drawn),
            )*
        }

        impl Drawn {
            /// See [`Effect::facts`].
            pub fn facts(&self, sample_rate: u32) -> Facts<'_> {
                match self { $(Self::$Kind(drawn) => <$Effect>::facts(drawn, sample_rate),)* }
            }
        }

        impl Serialize for Drawn {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$Kind(drawn) => drawn.serialize(to),)* }
            }
        }
    };
}

effects! {
    Place(super::placement::Placing),
    Equalizer(super::equalizer::Equalizer),
    Distortion(super::distortion::TanhDistortion),
    PitchShift(super::pitch_shift::PitchShift),
    BandStop(super::band_stop::BandStop),
    ColoredNoise(super::colored_noise::ColoredNoise),
    Reverb(super::reverb::Reverb),
    Background(super::background::BackgroundNoise),
    Gain(super::gain::Gain),
}

impl EffectKind {
    /// The effect of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

//! What the user wrote: the keys of a pipeline with their values, unresolved.
//!
//! Values have passed [`check`](super::schema::check), and the defaults are a
//! layer below the file, so every field without an `Option` is there.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use figment::value::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::plan::{
    Backend, Channel, ClipFiles, ElementType, FailurePolicy, Floor, InputScale, Kind, Label,
    Layout, Missing, RoundFrom, RowOrder, SetPart, SoundFiles, Strategy, WavsIn,
};
use super::rules;
use crate::dsp::Range;
use crate::dsp::pcm16::Overflow;
use crate::dsp::placement::Place;

/// A pipeline file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub seed: u64,
    pub output: Option<String>,
    pub audio: Audio,
    #[serde(default)]
    pub split: Vec<Split>,
    pub augment: Augment,
    pub features: Features,
    pub output_files: OutputFiles,
    pub flow: Flow,
    pub stages: Stages,
    pub failures: Failures,
    pub audit: BTreeMap<String, Value>,
    pub metrics: Metrics,
    #[serde(default)]
    pub runtime: Runtime,
}

/// `[audio]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audio {
    pub sample_rate: u32,
    #[serde(deserialize_with = "auto_number")]
    pub clip_seconds: Option<f64>,
    pub clip_split: Option<String>,
    pub max_seconds: f64,
    #[serde(deserialize_with = "channel")]
    pub channel: Channel,
}

/// `[[split]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    pub name: Option<String>,
    pub input: Option<String>,
    pub features: Option<String>,
    pub place: Option<PlaceName>,
    #[serde(default)]
    pub files: ClipFiles,
    #[serde(default)]
    pub missing: Missing,
    pub snr_db: Option<Range>,
    #[serde(default)]
    pub kind: Kind,
    pub hop_seconds: Option<f64>,
    pub interleave: Option<usize>,
    pub dtype: Option<ElementType>,
    pub layout: Option<Layout>,
    pub exclude: Option<String>,
    pub augment: Option<bool>,
    pub label: Option<Label>,
    pub part: Option<SetPart>,
}

/// `[augment]`, without the tables of the effects: each reads its own.
#[derive(Debug, Deserialize)]
pub struct Augment {
    pub enabled: bool,
    #[serde(deserialize_with = "strings")]
    pub chain: Vec<String>,
    pub rounds: u32,
    pub round_from: RoundFrom,
    pub overflow: Overflow,
    pub row_order: RowOrder,
    #[serde(deserialize_with = "strings")]
    pub backgrounds: Vec<String>,
    #[serde(deserialize_with = "counts")]
    pub background_repeats: Vec<u32>,
    #[serde(default, deserialize_with = "some_channel")]
    pub background_channel: Option<Channel>,
    #[serde(deserialize_with = "strings")]
    pub rirs: Vec<String>,
    pub sound_files: SoundFiles,
    pub rir_files: Option<SoundFiles>,
    #[serde(deserialize_with = "bytes")]
    pub cache: u64,
}

/// `[features]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Features {
    pub input_scale: InputScale,
    #[serde(deserialize_with = "strings")]
    pub execution_providers: Vec<String>,
    pub strategy: Strategy,
    pub backend: Backend,
    pub verify: bool,
    pub mel_model: Option<String>,
    pub embedding_model: Option<String>,
    pub floor: Floor,
    pub window: usize,
    pub stride: usize,
    #[serde(deserialize_with = "auto")]
    pub timesteps: Option<usize>,
}

/// `[output_files]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputFiles {
    pub wavs: bool,
    pub wavs_in: WavsIn,
    pub rows: bool,
}

/// `[flow]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    #[serde(deserialize_with = "auto")]
    pub batch: Option<usize>,
    #[serde(deserialize_with = "auto")]
    pub in_flight: Option<usize>,
    #[serde(deserialize_with = "bytes")]
    pub memory: u64,
    pub commit_seconds: f64,
}

/// `[stages]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    pub decode: Stage,
    pub augment: Stage,
    pub mel: Stage,
    pub embed: Stage,
}

/// `[stages.decode]` and the others
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    #[serde(deserialize_with = "auto")]
    pub workers: Option<usize>,
    #[serde(deserialize_with = "auto")]
    pub capacity: Option<usize>,
}

/// `[failures]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    pub policy: FailurePolicy,
    pub max_rate: f64,
}

/// `[metrics]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    #[serde(default, deserialize_with = "address")]
    pub address: Option<SocketAddr>,
    pub linger: f64,
}

/// `[runtime]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    pub library: Option<String>,
}

/// A split's place.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaceName {
    End,
    #[default]
    Center,
    Start,
    None,
}

impl PlaceName {
    /// The place; `None` where a clip's length is left alone.
    pub fn place(self) -> Option<Place> {
        match self {
            Self::End => Some(Place::End),
            Self::Center => Some(Place::Center),
            Self::Start => Some(Place::Start),
            Self::None => None,
        }
    }
}

fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    parse(deserializer, |value| {
        let strings = rules::strings(value)?;
        Some(strings.into_iter().map(str::to_owned).collect())
    })
}

fn channel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Channel, D::Error> {
    parse(deserializer, rules::channel)
}

fn some_channel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Channel>, D::Error> {
    channel(deserializer).map(Some)
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    parse(deserializer, rules::bytes)
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    parse(deserializer, |value| rules::address(value).map(Some))
}

/// A whole number, or `None` for `"auto"`.
fn auto<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    parse(deserializer, |value| match value.as_str() {
        Some(_) => Some(None),
        None => rules::whole(value)?.try_into().ok().map(Some),
    })
}

/// A number, or `None` for `"auto"`.
fn auto_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    parse(deserializer, |value| match value.as_str() {
        Some(_) => Some(None),
        None => rules::number(value).map(Some),
    })
}

fn counts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    parse(deserializer, |value| {
        let counts = rules::counts(value)?.into_iter();
        counts.map(|count| count.try_into().ok()).collect()
    })
}

fn parse<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl FnOnce(&Value) -> Option<T>,
) -> Result<T, D::Error> {
    let value = <Value as Deserialize>::deserialize(deserializer)?;
    parse(&value).ok_or_else(|| D::Error::custom("a value that its key does not allow"))
}

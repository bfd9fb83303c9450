//! What the user wrote: the keys of a pipeline with their values, unresolved.
//!
//! Values have passed [`check`](super::schema::check), and the defaults are a
//! layer below the file, so every field without an `Option` is there.

use std::net::SocketAddr;

use figment::value::Value;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::plan::{Backend, EffectOrder, FailurePolicy, InputScale, Strategy};
use super::rules;
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
    pub metrics: Metrics,
    #[serde(default)]
    pub runtime: Runtime,
}

/// `[audio]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audio {
    pub sample_rate: u32,
    pub clip_seconds: f64,
    pub max_seconds: f64,
}

/// `[[split]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    pub name: Option<String>,
    pub input: Option<String>,
    pub features: Option<String>,
    #[serde(with = "PlaceName", default = "center")]
    pub place: Place,
}

/// `[augment]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    pub enabled: bool,
    pub rounds: u32,
    pub order: EffectOrder,
    #[serde(deserialize_with = "strings")]
    pub backgrounds: Vec<String>,
    #[serde(deserialize_with = "strings")]
    pub rirs: Vec<String>,
    pub jitter_ms: f64,
    #[serde(deserialize_with = "bytes")]
    pub cache: u64,
    pub equalizer: Equalizer,
    pub distortion: Distortion,
    pub reverb: Reverb,
    pub background: Background,
}

/// `[augment.equalizer]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Equalizer {
    pub probability: f64,
    pub gain_db: [f64; 2],
    pub peaking_q: [f64; 2],
    pub shelf_q: [f64; 2],
}

/// `[augment.distortion]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distortion {
    pub probability: f64,
    pub amount: [f64; 2],
}

/// `[augment.reverb]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reverb {
    pub probability: f64,
}

/// `[augment.background]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Background {
    pub probability: f64,
    pub snr_db: [f64; 2],
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
    pub window: usize,
    pub stride: usize,
    pub timesteps: usize,
}

/// `[output_files]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputFiles {
    pub wavs: bool,
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

#[derive(Deserialize)]
#[serde(remote = "Place", rename_all = "lowercase")]
enum PlaceName {
    End,
    Center,
}

fn center() -> Place {
    Place::Center
}

fn strings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    parse(deserializer, |value| {
        let strings = rules::strings(value)?;
        Some(strings.into_iter().map(str::to_owned).collect())
    })
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

fn parse<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl FnOnce(&Value) -> Option<T>,
) -> Result<T, D::Error> {
    let value = <Value as Deserialize>::deserialize(deserializer)?;
    parse(&value).ok_or_else(|| D::Error::custom("a value that its key does not allow"))
}

//! What will run: a validated plan.
//!
//! Every field is final and in range; nothing after this module checks a
//! setting again. It is written into `dataset.json` and read back from there.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::location::Location;
use crate::dsp::Range;
use crate::dsp::chain::EffectSpec;
use crate::dsp::placement::Place;

/// Samples in a window of the frozen mel network.
pub const MEL_WINDOW: usize = 512;
/// Samples from one window of it to the next.
pub const MEL_HOP: usize = 160;

/// A whole build.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Plan {
    /// The seed of every clip's random stream.
    pub seed: u64,
    /// The output folder.
    pub output: Location,
    /// The audio format between the stages.
    pub audio: AudioPlan,
    /// The splits, in the order they are built.
    pub splits: Vec<SplitPlan>,
    /// Augmentation.
    pub augment: AugmentPlan,
    /// The front end.
    pub features: FeaturesPlan,
    /// What is written beside the feature files.
    pub output_files: OutputFiles,
    /// Batches and how many are in flight.
    pub flow: FlowPlan,
    /// Workers and channel capacities.
    pub stages: StagesPlan,
    /// What happens when a clip cannot be processed.
    pub failures: FailurePlan,
    /// What is looked for in it.
    #[serde(default)]
    pub audit: AuditPlan,
    /// Metrics.
    pub metrics: MetricsPlan,
    /// The ONNX Runtime library to load, where the configuration names one.
    pub runtime_library: Option<Location>,
}

impl Plan {
    /// Rows a clip.
    pub fn rounds(&self) -> u32 {
        if self.augment.enabled {
            self.augment.rounds
        } else {
            1
        }
    }

    /// The chain of a split's clips.
    pub fn chain_of(&self, split: &SplitPlan) -> Vec<EffectSpec> {
        let mut chain = self.augment.chain.clone();
        for effect in &mut chain {
            if let (EffectSpec::Background(background), Some(snr_db)) = (effect, split.snr_db) {
                background.snr_db = snr_db;
            }
        }
        chain
    }

    /// Samples from one row of a split's recordings to the next.
    pub fn hop_samples(&self, recordings: &RecordingsPlan) -> usize {
        let features = &self.features;
        let default = features.timesteps * features.stride * MEL_HOP;
        recordings.hop_samples.unwrap_or(default)
    }

    /// Settles the length of the window, in samples.
    pub fn fit(&mut self, samples: usize) {
        self.audio.clip_samples = samples;
        if self.features.all_timesteps {
            self.features.timesteps = self.features.timesteps_of(samples);
        }
    }

    /// What the bytes of the output depend on: the plan without its output
    /// folder, batches, workers, capacities, budgets, metrics, paths to
    /// libraries, and what happens to a clip that cannot be processed: where
    /// all were, that changes nothing. Inputs, backgrounds, impulse responses and models are in it as
    /// paths; their content is not.
    pub fn essence(&self) -> Value {
        let features = &self.features;
        let mut essence = json!({
            "seed": self.seed,
            "audio": {
                "sample_rate": self.audio.sample_rate,
                "clip_samples": self.audio.clip_samples,
                "max_seconds": self.audio.max_seconds,
                "channel": self.audio.channel,
            },
            "splits": self.splits.iter().map(SplitPlan::essence).collect::<Vec<_>>(),
            "augment": self.augment.essence(),
            "features": {
                "input_scale": features.input_scale,
                "execution_providers": features.execution_providers,
                "strategy": features.strategy,
                "backend": features.backend,
                "mel_model": features.mel_model,
                "embedding_model": features.embedding_model,
                "floor": features.floor,
                "window": features.window,
                "stride": features.stride,
                "timesteps": features.timesteps,
            },
            "output_files": self.output_files,
        });
        if let (Some(audit), Some(essence)) = (self.audit.essence(), essence.as_object_mut()) {
            essence.insert("audit".to_owned(), audit);
        }
        essence
    }

    /// Whether anything is looked for.
    pub fn audits(&self) -> bool {
        self.audit.is_on()
    }
}

/// The audio format between the stages.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AudioPlan {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Length of a row's window, in samples.
    pub clip_samples: usize,
    /// The split whose clips the window is fitted to, once they are found;
    /// until then it is a guess.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted_to: Option<String>,
    /// Longest clip accepted, in seconds.
    pub max_seconds: f64,
    /// Which channel of a file is taken.
    #[serde(default)]
    pub channel: Channel,
}

/// Which channel of a file is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The first.
    #[default]
    First,
    /// The mean of all.
    Mean,
    /// The one of that number, counted from 1.
    #[serde(untagged)]
    Number(usize),
}

impl AudioPlan {
    /// Length of a row's window, in seconds.
    pub fn window_seconds(&self) -> f64 {
        self.clip_samples as f64 / f64::from(self.sample_rate)
    }
}

/// One split.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct SplitPlan {
    /// Its name: in `rows.jsonl`, and part of the key of the random streams.
    pub name: String,
    /// Where its clips are.
    pub input: Input,
    /// Name of its feature file in the output folder.
    pub features: String,
    /// Which files of its input folder are clips.
    pub files: ClipFiles,
    /// What an input folder means that is missing, or has no clips.
    pub missing: Missing,
    /// Where its clips go in the window; `None` leaves their length alone.
    pub place: Option<Place>,
    /// Signal-to-noise ratio of its backgrounds, in dB; `None` is the effect's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snr_db: Option<Range>,
    /// The type of its feature file.
    #[serde(default)]
    pub dtype: ElementType,
    /// How its recordings become rows; `None` where its files are clips.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recordings: Option<RecordingsPlan>,
    /// What its rows are for a classifier; by its name and place where this is
    /// not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Label>,
    /// What its rows are used for; by its name where this is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<SetPart>,
}

impl SplitPlan {
    /// Whether its clips are wake words.
    pub fn is_positive(&self) -> bool {
        let at_end = self.place == Some(Place::End);
        self.label.unwrap_or_else(|| Label::of(&self.name, at_end)) == Label::Positive
    }

    /// Whether its rows are for a test.
    pub fn is_test(&self) -> bool {
        self.part.unwrap_or_else(|| SetPart::of(&self.name)) == SetPart::Test
    }

    fn essence(&self) -> Value {
        json!({
            "dtype": self.dtype,
            "recordings": self.recordings,
            "name": self.name,
            "input": self.input,
            "features": self.features,
            "files": self.files,
            "place": self.place,
            "snr_db": self.snr_db,
        })
    }
}

mod audit;
mod augment;
mod features;
mod recordings;

pub use audit::{AuditPlan, Label, ScoringPlan, SetPart};
pub use augment::{AugmentPlan, RoundFrom, RowOrder, SoundFiles};
pub use features::{Backend, FeaturesPlan, InputScale, Strategy};
pub use recordings::{ElementType, Floor, Kind, Layout, RecordingsPlan};

/// Where a split's clips are.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Files below a folder, or right in it, as [`ClipFiles`] says.
    Folder(Location),
    /// A glob pattern; its folder is the longest part without a wildcard.
    Glob(Location),
    /// A text file with one path a line, relative to the file's folder.
    List(Location),
}

impl Input {
    /// Where it is, or its pattern.
    pub fn location(&self) -> &Location {
        match self {
            Self::Folder(location) | Self::Glob(location) | Self::List(location) => location,
        }
    }
}

/// Which files of an input folder are clips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub enum ClipFiles {
    /// Every audio file below it.
    #[default]
    #[serde(rename = "audio")]
    Audio,
    /// The files that end in `.wav`, in lower case, right in it: openWakeWord's
    /// clips.
    #[serde(rename = "*.wav")]
    Wav,
    /// The files of that name right in it, each N a digit: livekit-wakeword's
    /// clips.
    #[serde(rename = "clip_NNNNNN.wav")]
    Numbered,
    /// The files of that name right in it, R a number: livekit-wakeword's
    /// augmented clips.
    #[serde(rename = "clip_NNNNNN_rR.wav")]
    Augmented,
}

/// What an input folder means that is missing, or has no clips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// The build does not start.
    #[default]
    Error,
    /// A missing folder leaves its split out, an empty one gives a file of no
    /// rows; either is warned about.
    Skip,
}

/// What is written beside the feature files.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct OutputFiles {
    /// Whether each row's audio is written as a WAV.
    pub wavs: bool,
    /// Where to.
    #[serde(default)]
    pub wavs_in: WavsIn,
    /// Whether `rows.jsonl` is written.
    pub rows: bool,
}

/// Where the rows' audio is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WavsIn {
    /// The input folder of the split.
    #[default]
    Input,
    /// `augmented/<split>` in the output folder.
    Output,
}

/// Batches and how many are in flight; `None` lets the program choose.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct FlowPlan {
    /// Rows a batch, rounded to whole clips.
    pub batch: Option<usize>,
    /// Batches between scan and write.
    pub in_flight: Option<usize>,
    /// Memory that the batches in flight may take, in bytes.
    pub memory_bytes: u64,
    /// Time between two states that a resumed build can go on from; zero makes
    /// one after every batch.
    pub commit_every: Duration,
}

/// Workers and channel capacity of each stage.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct StagesPlan {
    /// Files to samples.
    pub decode: StagePlan,
    /// Samples to rows.
    pub augment: StagePlan,
    /// Rows to mel spectrograms.
    pub mel: StagePlan,
    /// Mel spectrograms to embeddings.
    pub embed: StagePlan,
}

impl StagesPlan {
    /// That of a stage by its name.
    pub fn of(&self, name: &str) -> Option<StagePlan> {
        match name {
            "decode" => Some(self.decode),
            "augment" => Some(self.augment),
            "mel" => Some(self.mel),
            "embed" => Some(self.embed),
            _ => None,
        }
    }
}

/// Workers and channel capacity of one stage; `None` lets the program choose.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct StagePlan {
    /// Worker threads.
    pub workers: Option<usize>,
    /// Batches that wait before the stage.
    pub capacity: Option<usize>,
}

/// What happens when a clip cannot be processed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct FailurePlan {
    /// The policy.
    pub policy: FailurePolicy,
    /// Under `skip`, the greatest share of clips that may be left out.
    pub max_rate: f64,
}

/// What happens when a clip cannot be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailurePolicy {
    /// The build stops.
    Stop,
    /// The clip is left out and recorded.
    Skip,
}

/// Metrics.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct MetricsPlan {
    /// Where to serve them; `None` does not.
    pub address: Option<SocketAddr>,
    /// Seconds to keep serving after the build, for a last scrape.
    pub linger_seconds: f64,
}

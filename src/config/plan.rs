//! What will run: a validated plan.
//!
//! Every field is final and in range; nothing after this module checks a
//! setting again. Paths are absolute.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::dsp::distortion::DistortionParams;
use crate::dsp::equalizer::EqualizerParams;
use crate::dsp::noise::NoiseParams;
use crate::dsp::placement::Place;
use crate::dsp::reverb::ReverbParams;

/// A whole build.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// The seed of every clip's random stream.
    pub seed: u64,
    /// The output folder.
    pub output: PathBuf,
    /// The audio format between the stages.
    pub audio: AudioPlan,
    /// The splits, in the order they are built.
    pub splits: Vec<SplitPlan>,
    /// Augmentation; `None` computes features of the clips as they are, placed.
    pub augment: Option<AugmentPlan>,
    /// The order of a clip's rows.
    pub row_order: RowOrder,
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
    /// Metrics.
    pub metrics: MetricsPlan,
    /// The ONNX Runtime library to load, where the configuration names one.
    pub runtime_library: Option<PathBuf>,
}

impl Plan {
    /// Rows a clip.
    pub fn rounds(&self) -> u32 {
        self.augment.as_ref().map_or(1, |augment| augment.rounds)
    }

    /// What the bytes of the output depend on: the plan without its output
    /// folder, batches, workers, capacities, budgets, metrics, paths to
    /// libraries, and what happens to a clip that cannot be processed: where
    /// all were, that changes nothing. Inputs, backgrounds, impulse responses and models are in it as
    /// paths; their content is not.
    pub fn essence(&self) -> Value {
        let features = &self.features;
        json!({
            "seed": self.seed,
            "audio": self.audio,
            "splits": self.splits,
            "augment": self.augment.as_ref().map(AugmentPlan::essence),
            "row_order": self.row_order,
            "features": {
                "input_scale": features.input_scale,
                "execution_providers": features.execution_providers,
                "strategy": features.strategy,
                "backend": features.backend,
                "mel_model": features.mel_model,
                "embedding_model": features.embedding_model,
                "window": features.window,
                "stride": features.stride,
                "timesteps": features.timesteps,
            },
            "output_files": self.output_files,
        })
    }
}

impl AugmentPlan {
    fn essence(&self) -> Value {
        json!({
            "rounds": self.rounds,
            "order": self.order,
            "backgrounds": self.backgrounds,
            "rirs": self.rirs,
            "wav_only": self.wav_only,
            "equalizer": self.equalizer,
            "distortion": self.distortion,
            "reverb": self.reverb,
            "background": self.background,
            "jitter": self.jitter,
        })
    }
}

/// The audio format between the stages.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct AudioPlan {
    /// Sample rate in Hz.
    pub sample_rate: u32,
    /// Length of a row's window, in samples.
    pub clip_samples: usize,
    /// Longest clip accepted, in seconds.
    pub max_seconds: f64,
}

impl AudioPlan {
    /// Length of a row's window, in seconds.
    pub fn window_seconds(&self) -> f64 {
        self.clip_samples as f64 / f64::from(self.sample_rate)
    }
}

/// One split.
#[derive(Clone, Debug, Serialize)]
pub struct SplitPlan {
    /// Its name: in `rows.jsonl`, and part of the key of the random streams.
    pub name: String,
    /// Where its clips are.
    pub input: Input,
    /// Name of its feature file in the output folder.
    pub features: String,
    /// Where its clips go in the window.
    pub place: Place,
}

/// Where a split's clips are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// Every audio file below a folder.
    Folder(PathBuf),
    /// A glob pattern; its folder is the longest part without a wildcard.
    Glob(String),
    /// A text file with one path a line, relative to the file's folder.
    List(PathBuf),
    /// livekit's layout: the files `clip_NNNNNN.wav` right in a folder. A
    /// missing folder skips the split with a warning.
    LivekitClips(PathBuf),
    /// livekit's augmented files `clip_NNNNNN_rR.wav` right in a folder.
    LivekitAugmented(PathBuf),
}

/// Augmentation.
#[derive(Clone, Debug, Serialize)]
pub struct AugmentPlan {
    /// Rounds, and so rows, a clip; at least 1.
    pub rounds: u32,
    /// Whether a clip is placed before or after the effects.
    pub order: EffectOrder,
    /// Files or folders of background noise.
    pub backgrounds: Vec<PathBuf>,
    /// Files or folders of room impulse responses.
    pub rirs: Vec<PathBuf>,
    /// Whether only `*.wav` counts below those folders (livekit), or every
    /// format that can be read.
    pub wav_only: bool,
    /// Equalizer.
    pub equalizer: EqualizerParams,
    /// Distortion.
    pub distortion: DistortionParams,
    /// Room impulse responses.
    pub reverb: ReverbParams,
    /// Background noise.
    pub background: NoiseParams,
    /// Greatest jitter of an end placement, in samples.
    pub jitter: u32,
    /// Memory for decoded backgrounds and impulse responses, in bytes.
    pub cache_bytes: u64,
}

/// When a clip is placed in its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectOrder {
    /// First, so that reverberation and noise fill the window.
    PlaceFirst,
    /// After the effects of round 0, so that padding is digital silence: what
    /// livekit-wakeword does.
    PlaceLast,
}

/// The order of a clip's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowOrder {
    /// By round: 0, 1, 2, … 10.
    Numeric,
    /// As the text of the rounds sorts: 0, 1, 10, 2, … livekit's file order.
    Lexical,
}

/// The front end: two networks and how they run.
#[derive(Clone, Debug, Serialize)]
pub struct FeaturesPlan {
    /// The scale of the mel network's input.
    pub input_scale: InputScale,
    /// Execution providers by name, in order of preference; never empty.
    pub execution_providers: Vec<String>,
    /// How the embedding network covers a clip.
    pub strategy: Strategy,
    /// What runs the networks.
    pub backend: Backend,
    /// Whether a sample of rows is also computed by the networks as published,
    /// on ONNX Runtime, and compared; also where ONNX Runtime is the backend.
    pub verify: bool,
    /// Another mel network.
    pub mel_model: Option<PathBuf>,
    /// Another embedding network.
    pub embedding_model: Option<PathBuf>,
    /// Mel frames in one embedding window.
    pub window: usize,
    /// Mel frames between embedding windows.
    pub stride: usize,
    /// Embeddings a row.
    pub timesteps: usize,
}

/// The scale of the mel network's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputScale {
    /// [-1, 1]: livekit-wakeword.
    Unit,
    /// Integers of 16 bits as floats: openWakeWord.
    Int16,
}

impl InputScale {
    /// What a sample of full scale is to the network.
    pub fn full_scale(self) -> f32 {
        match self {
            Self::Unit => 1.0,
            Self::Int16 => 32768.0,
        }
    }
}

/// How the embedding network covers a clip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Dense where the network allows it.
    Auto,
    /// Once over the whole spectrogram.
    Dense,
    /// Once a window, as published.
    Windows,
}

/// What runs the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// The faster one that serves.
    Auto,
    /// The crate's own kernels, on the CPU.
    Native,
    /// ONNX Runtime.
    OnnxRuntime,
}

/// What is written beside the feature files.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OutputFiles {
    /// Whether each row's audio is written into its split's input folder.
    pub wavs: bool,
    /// Whether `rows.jsonl` is written.
    pub rows: bool,
}

/// Batches and how many are in flight; `None` lets the program choose.
#[derive(Clone, Copy, Debug, Serialize)]
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
#[derive(Clone, Copy, Debug, Serialize)]
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

/// Workers and channel capacity of one stage; `None` lets the program choose.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct StagePlan {
    /// Worker threads.
    pub workers: Option<usize>,
    /// Batches that wait before the stage.
    pub capacity: Option<usize>,
}

/// What happens when a clip cannot be processed.
#[derive(Clone, Copy, Debug, Serialize)]
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
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MetricsPlan {
    /// Where to serve them; `None` does not.
    pub address: Option<SocketAddr>,
    /// Seconds to keep serving after the build, for a last scrape.
    pub linger_seconds: f64,
}

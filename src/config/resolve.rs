//! From settings to a plan: paths made absolute, units converted, and what no
//! single key can tell checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::value::Value;

use super::error::Problem;
use super::layers::{Layers, Origin, value_at};
use super::plan::{
    AudioPlan, AugmentPlan, Backend, FailurePlan, FeaturesPlan, FlowPlan, Input, MetricsPlan,
    OutputFiles, Plan, RowOrder, SplitPlan, StagePlan, StagesPlan,
};
use super::settings::{self, Settings, Split};
use super::{paths, rules};
use crate::dsp::Range;
use crate::dsp::distortion::DistortionParams;
use crate::dsp::equalizer::EqualizerParams;
use crate::dsp::noise::NoiseParams;
use crate::dsp::reverb::ReverbParams;

/// Whose conventions a file follows where no key decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// A wakemill pipeline.
    Native,
    /// A livekit-wakeword configuration: its file names, its order of rows, and
    /// only `.wav` as noise.
    Livekit {
        /// Whether the clips are the ones that livekit-wakeword augmented.
        augmented: bool,
    },
}

/// Samples in a hop and in a window of the frozen mel network.
const MEL_HOP: usize = 160;
const MEL_WINDOW: usize = 512;
/// What the frozen networks take.
const FROZEN_RATE: u32 = 16_000;
const FROZEN_FRAMES: usize = 76;

/// Makes the plan, and collects warnings.
///
/// # Errors
/// Every cross-check that fails.
pub fn resolve(
    layers: &Layers,
    settings: &Settings,
    dialect: Dialect,
) -> Result<(Plan, Vec<String>), Vec<Problem>> {
    let mut resolver = Resolver {
        layers,
        root: layers.root(),
        dialect,
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    let plan = resolver.plan(settings);
    match plan {
        Some(plan) if resolver.problems.is_empty() => Ok((plan, resolver.warnings)),
        _ => Err(resolver.problems),
    }
}

struct Resolver<'a> {
    layers: &'a Layers,
    root: Value,
    dialect: Dialect,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Resolver<'_> {
    fn plan(&mut self, settings: &Settings) -> Option<Plan> {
        let output = self.output(settings);
        let splits = self.splits(&settings.split);
        let audio = self.audio(settings);
        let augment = settings
            .augment
            .enabled
            .then(|| self.augment(settings, audio));
        self.wavs(settings);
        let features = self.features(&settings.features);
        let runtime_library = self.optional_path("runtime.library", &settings.runtime.library);
        Some(Plan {
            seed: settings.seed,
            output: output?,
            audio,
            splits,
            augment,
            row_order: match self.dialect {
                Dialect::Native => RowOrder::Numeric,
                Dialect::Livekit { .. } => RowOrder::Lexical,
            },
            features,
            output_files: OutputFiles {
                wavs: settings.output_files.wavs,
                rows: settings.output_files.rows,
            },
            flow: FlowPlan {
                batch: settings.flow.batch,
                in_flight: settings.flow.in_flight,
                memory_bytes: settings.flow.memory,
                commit_every: Duration::from_secs_f64(settings.flow.commit_seconds),
            },
            stages: stages(&settings.stages),
            failures: FailurePlan {
                policy: settings.failures.policy,
                max_rate: settings.failures.max_rate,
            },
            metrics: MetricsPlan {
                address: settings.metrics.address,
                linger_seconds: settings.metrics.linger,
            },
            runtime_library,
        })
    }

    fn output(&mut self, settings: &Settings) -> Option<PathBuf> {
        match &settings.output {
            Some(output) => self.path("output", output),
            None => {
                self.missing(
                    "output",
                    "'output' is missing: the folder that the build writes to",
                );
                None
            }
        }
    }

    fn audio(&mut self, settings: &Settings) -> AudioPlan {
        let audio = &settings.audio;
        // Truncated, as livekit-wakeword does.
        let clip_samples = (audio.clip_seconds * f64::from(audio.sample_rate)) as usize;
        if settings.features.mel_model.is_none() {
            if audio.sample_rate != FROZEN_RATE {
                self.problem(
                    "audio.sample_rate",
                    &format!(
                        "'audio.sample_rate' is {}; the frozen models take {FROZEN_RATE}, another needs features.mel_model",
                        audio.sample_rate
                    ),
                );
            }
            self.window(settings, clip_samples);
        }
        AudioPlan {
            sample_rate: audio.sample_rate,
            clip_samples,
            max_seconds: audio.max_seconds,
        }
    }

    /// Checks that a row's window holds embedding windows.
    fn window(&mut self, settings: &Settings, clip_samples: usize) {
        let features = &settings.features;
        let rate = f64::from(settings.audio.sample_rate);
        let seconds = settings.audio.clip_seconds;
        let samples = |windows: usize| {
            ((windows - 1) * features.stride + features.window - 1) * MEL_HOP + MEL_WINDOW
        };
        let (one, all) = (samples(1), samples(features.timesteps));
        if clip_samples < one {
            self.problem(
                "audio.clip_seconds",
                &format!(
                    "'audio.clip_seconds' is {seconds}; one embedding window of {} frames needs at least {}",
                    features.window,
                    one as f64 / rate
                ),
            );
        } else if clip_samples < all {
            self.warnings.push(format!(
                "audio.clip_seconds is {seconds}: too short for {} embeddings a row, which need {}; the first ones are zeros",
                features.timesteps,
                all as f64 / rate
            ));
        }
    }

    fn splits(&mut self, splits: &[Split]) -> Vec<SplitPlan> {
        if splits.is_empty() {
            self.missing(
                "split",
                "no [[split]]: name at least one, with its name and input",
            );
        }
        let plans = splits
            .iter()
            .enumerate()
            .filter_map(|(i, split)| self.split(i, split));
        let plans = plans.collect();
        self.distinct("name", splits.iter().map(|split| split.name.clone()));
        self.distinct("features", splits.iter().map(feature_file));
        plans
    }

    fn split(&mut self, index: usize, split: &Split) -> Option<SplitPlan> {
        let at = |key: &str| format!("split.{index}.{key}");
        for (key, value) in [("name", &split.name), ("input", &split.input)] {
            if value.is_none() {
                self.missing(&at(key), &format!("'{}' is missing", at(key)));
            }
        }
        let name = split.name.clone()?;
        let input = self.input(&at("input"), split.input.as_deref()?)?;
        Some(SplitPlan {
            name,
            input,
            features: feature_file(split)?,
            place: split.place,
        })
    }

    fn input(&mut self, key: &str, text: &str) -> Option<Input> {
        let origin = self.origin(key);
        if let Dialect::Livekit { augmented } = self.dialect
            && origin.folder.is_some()
        {
            let folder = self.path(key, text)?;
            return Some(match augmented {
                true => Input::LivekitAugmented(folder),
                false => Input::LivekitClips(folder),
            });
        }
        let input = paths::input(origin.folder.as_deref(), text);
        if let Input::Glob(pattern) = input.as_ref().ok()?
            && let Err(error) = glob::Pattern::new(pattern)
        {
            self.problem(
                key,
                &format!("'{key}' is {text:?}, which is no glob: {}", error.msg),
            );
        }
        input.ok()
    }

    /// Reports values that two splits share; every split has its place among
    /// the values, also one that has none. File names that differ only in case
    /// are one file on some systems.
    fn distinct(&mut self, key: &str, values: impl Iterator<Item = Option<String>>) {
        let mut seen = BTreeMap::new();
        for (index, value) in values.enumerate() {
            let Some(value) = value else { continue };
            if let Some(first) = seen.insert(value.to_lowercase(), index) {
                let path = format!("split.{index}.{key}");
                let message = format!("'{path}' is {value:?}, as is 'split.{first}.{key}'");
                self.problem(&path, &message);
            }
        }
    }

    fn augment(&mut self, settings: &Settings, audio: AudioPlan) -> AugmentPlan {
        let augment = &settings.augment;
        let jitter = (augment.jitter_ms / 1000.0 * f64::from(audio.sample_rate)).round();
        if jitter >= audio.clip_samples as f64 {
            let message = format!(
                "'augment.jitter_ms' is {}; it must be shorter than the window, audio.clip_seconds = {}",
                augment.jitter_ms, settings.audio.clip_seconds
            );
            self.problem("augment.jitter_ms", &message);
        }
        AugmentPlan {
            rounds: augment.rounds,
            order: augment.order,
            backgrounds: self.paths("augment.backgrounds", &augment.backgrounds),
            rirs: self.paths("augment.rirs", &augment.rirs),
            wav_only: self.dialect != Dialect::Native,
            equalizer: EqualizerParams {
                probability: augment.equalizer.probability,
                gain_db: range(augment.equalizer.gain_db),
                peaking_q: range(augment.equalizer.peaking_q),
                shelf_q: range(augment.equalizer.shelf_q),
            },
            distortion: DistortionParams {
                probability: augment.distortion.probability,
                amount: range(augment.distortion.amount),
            },
            reverb: ReverbParams {
                probability: augment.reverb.probability,
            },
            background: NoiseParams {
                probability: augment.background.probability,
                snr_db: range(augment.background.snr_db),
            },
            jitter: jitter as u32,
            cache_bytes: augment.cache,
        }
    }

    /// Checks that what is written beside the clips is augmented: it has the
    /// names of livekit-wakeword's augmented clips, and takes their place.
    fn wavs(&mut self, settings: &Settings) {
        if settings.output_files.wavs && !settings.augment.enabled {
            let by = self.origin("augment.enabled").name;
            let message = format!(
                "'output_files.wavs' is true, and 'augment.enabled' is false ({by}): clips that are not augmented would replace the augmented ones beside them; set output_files.wavs to false, or augment"
            );
            self.problem("output_files.wavs", &message);
        }
    }

    fn features(&mut self, features: &settings::Features) -> FeaturesPlan {
        if features.embedding_model.is_none() && features.window != FROZEN_FRAMES {
            let message = format!(
                "'features.window' is {}; the frozen embedding network takes {FROZEN_FRAMES}, another needs features.embedding_model",
                features.window
            );
            self.problem("features.window", &message);
        }
        let execution_providers = self.providers(&features.execution_providers);
        let other_models = features.mel_model.is_some() || features.embedding_model.is_some();
        let other_providers = execution_providers.iter().any(|name| name != "cpu");
        if features.backend == Backend::Native && (other_models || other_providers) {
            let message = "'features.backend' is \"native\"; it runs only the frozen models, and only on the cpu";
            self.problem("features.backend", message);
        }
        FeaturesPlan {
            input_scale: features.input_scale,
            execution_providers,
            strategy: features.strategy,
            backend: features.backend,
            verify: features.verify,
            mel_model: self.optional_path("features.mel_model", &features.mel_model),
            embedding_model: self
                .optional_path("features.embedding_model", &features.embedding_model),
            window: features.window,
            stride: features.stride,
            timesteps: features.timesteps,
        }
    }

    /// Short names, each once.
    fn providers(&mut self, names: &[String]) -> Vec<String> {
        let mut providers: Vec<String> = Vec::new();
        for name in names.iter().filter_map(|name| rules::provider(name)) {
            if !providers.iter().any(|known| known == name) {
                providers.push(name.to_owned());
            }
        }
        providers
    }

    fn paths(&mut self, key: &str, texts: &[String]) -> Vec<PathBuf> {
        // An element may have been overridden alone.
        let element = |index| format!("{key}.{index}");
        let mut path = |(index, text)| {
            let element = element(index);
            let key = if value_at(&self.root, &element).is_some() {
                &element
            } else {
                key
            };
            self.path(key, text)
        };
        texts
            .iter()
            .map(String::as_str)
            .enumerate()
            .filter_map(&mut path)
            .collect()
    }

    fn optional_path(&mut self, key: &str, text: &Option<String>) -> Option<PathBuf> {
        text.as_deref().and_then(|text| self.path(key, text))
    }

    /// A path, relative to where its key was set.
    fn path(&mut self, key: &str, text: &str) -> Option<PathBuf> {
        let folder = self.origin(key).folder;
        paths::absolute(folder.as_deref(), Path::new(text))
            .map_err(|error| self.problem(key, &format!("'{key}' is {text:?}: {error}")))
            .ok()
    }

    fn origin(&self, key: &str) -> Origin {
        value_at(&self.root, key).map_or_else(
            || self.layers.file(),
            |value| self.layers.origin(value.tag()),
        )
    }

    fn problem(&mut self, key: &str, message: &str) {
        let origin = self.origin(key).name;
        self.report(origin, key, message);
    }

    fn missing(&mut self, key: &str, message: &str) {
        let origin = self.layers.file().name;
        self.report(origin, key, message);
    }

    fn report(&mut self, origin: String, key: &str, message: &str) {
        self.problems.push(Problem {
            origin,
            key: key.to_owned(),
            message: message.to_owned(),
        });
    }
}

/// The name of a split's feature file, where the split has a name or says it.
fn feature_file(split: &Split) -> Option<String> {
    let by_name = || Some(format!("{}.npy", split.name.as_ref()?));
    split.features.clone().or_else(by_name)
}

fn stages(stages: &settings::Stages) -> StagesPlan {
    let plan = |stage: &settings::Stage| StagePlan {
        workers: stage.workers,
        capacity: stage.capacity,
    };
    StagesPlan {
        decode: plan(&stages.decode),
        augment: plan(&stages.augment),
        mel: plan(&stages.mel),
        embed: plan(&stages.embed),
    }
}

fn range([min, max]: [f64; 2]) -> Range {
    Range::new(min, max)
}

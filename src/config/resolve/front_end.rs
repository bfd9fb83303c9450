//! The audio format and the front end, which must fit each other.

use super::Resolver;
use crate::config::plan::{AudioPlan, Backend, FeaturesPlan, Floor, Kind, MEL_HOP, MEL_WINDOW};
use crate::config::rules;
use crate::config::settings::{Features, Settings, Split};

/// What the frozen networks take.
const FROZEN_RATE: u32 = 16_000;
const FROZEN_FRAMES: usize = 76;
/// Frames that openWakeWord's detector hears at a time.
const STREAM_STRIDE: usize = 8;
/// Length of a window that no clip has told yet, in seconds: openWakeWord's
/// least.
const UNKNOWN_SECONDS: f64 = 2.0;

impl Resolver<'_> {
    pub(super) fn audio(&mut self, settings: &Settings) -> AudioPlan {
        let audio = &settings.audio;
        // Truncated, as livekit-wakeword does.
        let seconds = audio.clip_seconds.unwrap_or(UNKNOWN_SECONDS);
        let clip_samples = (seconds * f64::from(audio.sample_rate)) as usize;
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
            self.window(settings, seconds, clip_samples);
        }
        AudioPlan {
            sample_rate: audio.sample_rate,
            clip_samples,
            max_seconds: audio.max_seconds,
            channel: audio.channel,
            fitted_to: self.fitted_to(settings),
        }
    }

    /// The split that tells the length of the window, where one does.
    fn fitted_to(&mut self, settings: &Settings) -> Option<String> {
        let names = || {
            settings
                .split
                .iter()
                .filter_map(|split| split.name.as_ref())
        };
        match (settings.audio.clip_seconds, &settings.audio.clip_split) {
            (Some(_), None) => None,
            (Some(_), Some(_)) => {
                let message = "audio.clip_split is set, and audio.clip_seconds is not \"auto\": it has no effect";
                self.warnings.push(message.to_owned());
                None
            }
            (None, None) => {
                let mut clips = settings.split.iter();
                clips
                    .find(|split| split.kind == Kind::Clips)
                    .and_then(|split| split.name.clone())
                    .or_else(|| {
                        let message = "'audio.clip_seconds' is \"auto\", and no split has clips to tell it: give a number";
                        self.problem("audio.clip_seconds", message);
                        None
                    })
            }
            (None, Some(split)) => {
                if !names().any(|name| name == split) {
                    let message =
                        format!("'audio.clip_split' is {split:?}; there is no such split");
                    self.problem("audio.clip_split", &message);
                }
                let of = |other: &&Split| other.name.as_ref() == Some(split);
                if settings
                    .split
                    .iter()
                    .find(of)
                    .is_some_and(|split| split.kind == Kind::Recordings)
                {
                    let message = format!(
                        "'audio.clip_split' is {split:?}, which has recordings: their length says nothing of a clip's"
                    );
                    self.problem("audio.clip_split", &message);
                }
                Some(split.clone())
            }
        }
    }

    /// Checks that a row's window holds embedding windows.
    fn window(&mut self, settings: &Settings, seconds: f64, clip_samples: usize) {
        let features = &settings.features;
        let rate = f64::from(settings.audio.sample_rate);
        let samples = |windows: usize| {
            ((windows - 1) * features.stride + features.window - 1) * MEL_HOP + MEL_WINDOW
        };
        let (one, all) = (samples(1), samples(features.timesteps.unwrap_or(1)));
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
                features.timesteps.unwrap_or(1),
                all as f64 / rate
            ));
        }
    }

    pub(super) fn features(&mut self, features: &Features, audio: &AudioPlan) -> FeaturesPlan {
        if features.embedding_model.is_none() && features.window != FROZEN_FRAMES {
            let message = format!(
                "'features.window' is {}; the frozen embedding network takes {FROZEN_FRAMES}, another needs features.embedding_model",
                features.window
            );
            self.problem("features.window", &message);
        }
        let execution_providers = providers(&features.execution_providers);
        let other_models = features.mel_model.is_some() || features.embedding_model.is_some();
        let other_providers = execution_providers.iter().any(|name| name != "cpu");
        if features.backend == Backend::Native && (other_models || other_providers) {
            let message = "'features.backend' is \"native\"; it runs only the frozen models, and only on the cpu";
            self.problem("features.backend", message);
        }
        self.floor(features);
        let all_timesteps = features.timesteps.is_none();
        if all_timesteps && other_models {
            let message = "'features.timesteps' is \"auto\", which is known of the frozen models alone: give a number";
            self.problem("features.timesteps", message);
        }
        let mut plan = FeaturesPlan {
            input_scale: features.input_scale,
            execution_providers,
            strategy: features.strategy,
            backend: features.backend,
            verify: features.verify,
            mel_model: self.optional_path("features.mel_model", &features.mel_model),
            embedding_model: self
                .optional_path("features.embedding_model", &features.embedding_model),
            floor: features.floor,
            window: features.window,
            stride: features.stride,
            timesteps: features.timesteps.unwrap_or(1),
            all_timesteps,
        };
        if all_timesteps {
            plan.timesteps = plan.timesteps_of(audio.clip_samples).max(1);
        }
        plan
    }

    /// Checks that the floor of the detector can be had: its groups of frames are
    /// those of the published mel network, and end where its windows end.
    fn floor(&mut self, features: &Features) {
        let Features { window, stride, .. } = *features;
        if features.floor == Floor::Clip {
            return;
        }
        if features.mel_model.is_some() {
            let message = "'features.floor' is \"stream\", which is known of the frozen mel network alone: leave out features.mel_model";
            self.problem("features.floor", message);
        }
        if (window, stride) != (FROZEN_FRAMES, STREAM_STRIDE) {
            let message = format!(
                "'features.floor' is \"stream\", which hears {FROZEN_FRAMES} frames every {STREAM_STRIDE}: 'features.window' is {window} and 'features.stride' {stride}"
            );
            self.problem("features.floor", &message);
        }
    }
}

/// Short names, each once.
fn providers(names: &[String]) -> Vec<String> {
    let mut providers: Vec<String> = Vec::new();
    for name in names.iter().filter_map(|name| rules::provider(name)) {
        if !providers.iter().any(|known| known == name) {
            providers.push(name.to_owned());
        }
    }
    providers
}

//! The audio format and the front end, which must fit each other.

use super::Resolver;
use crate::config::plan::{AudioPlan, Backend, FeaturesPlan};
use crate::config::rules;
use crate::config::settings::{Features, Settings};

/// Samples in a hop and in a window of the frozen mel network.
const MEL_HOP: usize = 160;
const MEL_WINDOW: usize = 512;
/// What the frozen networks take.
const FROZEN_RATE: u32 = 16_000;
const FROZEN_FRAMES: usize = 76;

impl Resolver<'_> {
    pub(super) fn audio(&mut self, settings: &Settings) -> AudioPlan {
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
            channel: audio.channel,
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

    pub(super) fn features(&mut self, features: &Features) -> FeaturesPlan {
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

//! Keys of splits that have recordings, and what they rule out.

use super::Resolver;
use crate::config::plan::{Kind, Layout, MEL_HOP, RecordingsPlan};
use crate::config::settings::{Settings, Split};

/// Recordings that are open at once, unless told otherwise.
const INTERLEAVE: usize = 16;

impl Resolver<'_> {
    /// How a split's recordings become rows; `None` where it has clips.
    pub(super) fn recordings(
        &mut self,
        index: usize,
        split: &Split,
        settings: &Settings,
    ) -> Option<RecordingsPlan> {
        let at = |key: &str| format!("split.{index}.{key}");
        if split.kind == Kind::Clips {
            self.no_recordings(index, split);
            return None;
        }
        if split.place.is_some() {
            let message = format!(
                "'{}' says where a clip goes in its window, and a window of a recording is full: remove it, or 'kind'",
                at("place")
            );
            self.problem(&at("place"), &message);
        }
        if settings.output_files.wavs {
            let message = format!(
                "'output_files.wavs' is true, and split {index} has recordings, whose rows are not written as WAVs: wakemill render gives any of them"
            );
            self.problem("output_files.wavs", &message);
        }
        let hop_samples = self.hop(index, split, settings);
        let interleave = split.interleave.unwrap_or(INTERLEAVE);
        let layout = split.layout.unwrap_or_default();
        if layout == Layout::Steps {
            let default = default_hop(settings);
            let is_default = hop_samples.is_none() || hop_samples == default;
            if split.interleave != Some(1) || !is_default {
                let message = format!(
                    "'{}' is \"steps\", which is one run over all recordings: it needs interleave = 1 and the default hop_seconds",
                    at("layout")
                );
                self.problem(&at("layout"), &message);
            }
        }
        let exclude = split.exclude.as_deref();
        Some(RecordingsPlan {
            hop_samples,
            interleave,
            layout,
            exclude: exclude.and_then(|text| self.path(&at("exclude"), text)),
            augment: split.augment.unwrap_or(false),
        })
    }

    /// Refuses what a split of clips has no use for.
    fn no_recordings(&mut self, index: usize, split: &Split) {
        let given = [
            ("hop_seconds", split.hop_seconds.is_some()),
            ("interleave", split.interleave.is_some()),
            ("layout", split.layout.is_some()),
            ("exclude", split.exclude.is_some()),
            ("augment", split.augment.is_some()),
        ];
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            let key = format!("split.{index}.{key}");
            let message = format!(
                "'{key}' is set, which concerns recordings, and this split has clips: remove it, or add kind = \"recordings\""
            );
            self.problem(&key, &message);
        }
    }

    /// The samples from one row to the next, where the split says it.
    fn hop(&mut self, index: usize, split: &Split, settings: &Settings) -> Option<usize> {
        let seconds = split.hop_seconds?;
        let step = settings.features.stride * MEL_HOP;
        let exact = seconds * f64::from(settings.audio.sample_rate);
        let samples = exact.round() as usize;
        if samples == 0 || !samples.is_multiple_of(step) || (exact - exact.round()).abs() > 1e-6 {
            let key = format!("split.{index}.hop_seconds");
            let unit = step as f64 / f64::from(settings.audio.sample_rate);
            let message = format!(
                "'{key}' is {seconds}; it must be a multiple of features.stride × 10 ms, {unit}"
            );
            self.problem(&key, &message);
        }
        Some(samples)
    }
}

/// The hop at which rows continue each other, where it is known yet.
fn default_hop(settings: &Settings) -> Option<usize> {
    let features = &settings.features;
    Some(features.timesteps? * features.stride * MEL_HOP)
}

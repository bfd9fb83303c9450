//! Augmentation: units converted, and what would do harm without it.

use super::{Dialect, Resolver};
use crate::config::plan::{AudioPlan, AugmentPlan};
use crate::config::settings::Settings;
use crate::dsp::Range;
use crate::dsp::distortion::DistortionParams;
use crate::dsp::equalizer::EqualizerParams;
use crate::dsp::noise::NoiseParams;
use crate::dsp::reverb::ReverbParams;

impl Resolver<'_> {
    pub(super) fn augment(&mut self, settings: &Settings, audio: AudioPlan) -> AugmentPlan {
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
    pub(super) fn wavs(&mut self, settings: &Settings) {
        if settings.output_files.wavs && !settings.augment.enabled {
            let by = self.origin("augment.enabled").name;
            let message = format!(
                "'output_files.wavs' is true, and 'augment.enabled' is false ({by}): clips that are not augmented would replace the augmented ones beside them; set output_files.wavs to false, or augment"
            );
            self.problem("output_files.wavs", &message);
        }
    }
}

fn range([min, max]: [f64; 2]) -> Range {
    Range::new(min, max)
}

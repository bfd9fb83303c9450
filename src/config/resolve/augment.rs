//! Augmentation: the chain of effects, each with its own settings, and what
//! would do harm without it.

use figment::value::Value;

use super::super::layers::value_at;
use super::super::plan::{AudioPlan, AugmentPlan, RoundFrom, RowOrder};
use super::super::settings::Settings;
use super::Resolver;
use crate::dsp::chain::{EffectKind, EffectSpec};
use crate::dsp::effect::Format;

impl Resolver<'_> {
    pub(super) fn augment(&mut self, settings: &Settings, audio: &AudioPlan) -> AugmentPlan {
        let augment = &settings.augment;
        let kinds = augment.chain.iter();
        let kinds: Vec<_> = kinds.filter_map(|name| EffectKind::named(name)).collect();
        let chain = kinds
            .iter()
            .filter_map(|&kind| self.effect(kind, settings, audio))
            .collect();
        self.left_out(&kinds);
        let (repeats, places) = (augment.background_repeats.len(), augment.backgrounds.len());
        if repeats > 0 && repeats != places {
            let message = format!(
                "'augment.background_repeats' has {repeats} numbers, and augment.backgrounds {places} entries: one for each, or none"
            );
            self.problem("augment.background_repeats", &message);
        }
        if augment.row_order == RowOrder::Pass && augment.round_from == RoundFrom::Previous {
            let message = "'augment.row_order' is \"pass\", in which a clip's rounds are made apart from each other: that needs augment.round_from = \"clip\"";
            self.problem("augment.row_order", message);
        }
        AugmentPlan {
            enabled: augment.enabled,
            rounds: augment.rounds,
            round_from: augment.round_from,
            row_order: augment.row_order,
            chain,
            overflow: augment.overflow,
            backgrounds: self.paths("augment.backgrounds", &augment.backgrounds),
            background_repeats: augment.background_repeats.clone(),
            background_channel: augment.background_channel,
            rirs: self.paths("augment.rirs", &augment.rirs),
            sound_files: augment.sound_files,
            rir_files: augment.rir_files.unwrap_or(augment.sound_files),
            cache_bytes: augment.cache,
        }
    }

    /// One effect of the chain, with its settings.
    fn effect(
        &mut self,
        kind: EffectKind,
        settings: &Settings,
        audio: &AudioPlan,
    ) -> Option<EffectSpec> {
        let empty = Value::from(figment::value::Dict::new());
        let table = value_at(&self.root, kind.table()).unwrap_or(&empty);
        match kind.settings(table) {
            Ok(effect) => {
                let seconds = settings.audio.clip_seconds.unwrap_or_default();
                let format = Format {
                    sample_rate: audio.sample_rate,
                    window_seconds: seconds.max(audio.window_seconds()),
                };
                if let Err((key, message)) = effect.check(format) {
                    let key = format!("{}.{key}", kind.table());
                    self.problem(&key, &format!("'{key}' {message}"));
                }
                Some(effect)
            }
            Err(error) => {
                self.problem(kind.table(), &format!("'{}': {error}", kind.table()));
                None
            }
        }
    }

    /// Reports what the user set of effects that are not in the chain.
    fn left_out(&mut self, chain: &[EffectKind]) {
        if !chain.contains(&EffectKind::Place) {
            self.warnings.push(
                "augment.chain has no \"place\": clips keep their lengths, and rows of short ones begin with zeros"
                    .to_owned(),
            );
        }
        for kind in EffectKind::ALL.iter().filter(|kind| !chain.contains(kind)) {
            for parameter in kind.parameters() {
                let key = format!("{}.{}", kind.table(), parameter.name);
                if !self.origin(&key).is_default {
                    let name = kind.name();
                    let message = format!(
                        "'{key}' is set, and {name:?} is not in augment.chain: add it there, or remove the key"
                    );
                    self.problem(&key, &message);
                }
            }
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

//! What is done to a clip between its file and the front end.

use std::sync::Arc;

use crate::audio::Limits;
use crate::augment::{Augment, Effects, SoundSettings, Sounds, SplitRules};
use crate::config::plan::{AugmentPlan, EffectOrder, FailurePolicy, Input, Plan, RowOrder};
use crate::dsp::Range;
use crate::dsp::distortion::DistortionParams;
use crate::dsp::equalizer::EqualizerParams;
use crate::dsp::noise::NoiseParams;
use crate::dsp::reverb::ReverbParams;
use crate::stages::Buffers;
use crate::stages::decode::Decode;

use super::{BuildError, Inputs, Split, Watch};

/// The stage that reads clips.
pub(super) fn decode(plan: &Plan, buffers: &Buffers) -> Decode {
    Decode {
        sample_rate: plan.audio.sample_rate,
        limits: Limits {
            max_seconds: plan.audio.max_seconds,
        },
        buffers: buffers.clone(),
    }
}

/// What makes rows of clips.
///
/// # Errors
/// A background or impulse response that cannot be read, under the policy
/// `stop`.
pub(super) fn augment(
    plan: &Plan,
    inputs: &Inputs,
    watch: &dyn Watch,
) -> Result<Augment, BuildError> {
    Ok(Augment {
        effects: Arc::new(effects(plan)),
        splits: rules(&inputs.splits),
        sounds: Arc::new(sounds(plan, inputs, watch)?),
    })
}

/// What is done to a clip.
fn effects(plan: &Plan) -> Effects {
    let none = no_effects();
    let augment = plan.augment.as_ref().unwrap_or(&none);
    let mut rounds: Vec<u32> = (0..augment.rounds).collect();
    if plan.row_order == RowOrder::Lexical {
        rounds.sort_by_key(u32::to_string);
    }
    Effects {
        seed: plan.seed,
        sample_rate: plan.audio.sample_rate,
        window: plan.audio.clip_samples,
        rounds,
        place_first: augment.order == EffectOrder::PlaceFirst,
        jitter: augment.jitter,
        equalizer: augment.equalizer.clone(),
        distortion: augment.distortion.clone(),
        reverb: augment.reverb.clone(),
        background: augment.background.clone(),
    }
}

/// What the augment stage has to know of each split.
pub(super) fn rules(splits: &[Split]) -> Arc<[SplitRules]> {
    let rules = splits.iter().map(|split| SplitRules {
        name: split.plan.name.clone(),
        place: match split.plan.input {
            Input::LivekitAugmented(_) => None,
            _ => Some(split.plan.place),
        },
        wavs: split.wavs.clone(),
    });
    rules.collect()
}

/// Opens the backgrounds and impulse responses; one that cannot be read is an
/// error, or under the policy `skip` left out with a warning.
fn sounds(plan: &Plan, inputs: &Inputs, watch: &dyn Watch) -> Result<Sounds, BuildError> {
    let settings = SoundSettings {
        sample_rate: plan.audio.sample_rate,
        cache_bytes: plan
            .augment
            .as_ref()
            .map_or(0, |augment| augment.cache_bytes),
    };
    let unusable = |error| match plan.failures.policy {
        FailurePolicy::Stop => Err(BuildError::Sound(error)),
        FailurePolicy::Skip => {
            watch.warn(&format!("left out: {error}"));
            Ok(())
        }
    };
    let sounds = Sounds::open(settings, &inputs.backgrounds, &inputs.impulses, unusable)?;
    if sounds.whole_bytes() > settings.cache_bytes {
        watch.warn(&format!(
            "augment.cache is too small for the backgrounds at other rates than {} Hz ({} MiB): many of them are decoded again for each row; convert them, or raise it",
            settings.sample_rate,
            sounds.whole_bytes() >> 20
        ));
    }
    Ok(sounds)
}

/// What a plan without augmentation does: place, and nothing else.
fn no_effects() -> AugmentPlan {
    let nothing = Range::new(0.0, 0.0);
    AugmentPlan {
        rounds: 1,
        order: EffectOrder::PlaceFirst,
        backgrounds: Vec::new(),
        rirs: Vec::new(),
        wav_only: false,
        equalizer: EqualizerParams {
            probability: 0.0,
            gain_db: nothing,
            peaking_q: nothing,
            shelf_q: nothing,
        },
        distortion: DistortionParams {
            probability: 0.0,
            amount: nothing,
        },
        reverb: ReverbParams { probability: 0.0 },
        background: NoiseParams {
            probability: 0.0,
            snr_db: nothing,
        },
        jitter: 0,
        cache_bytes: 0,
    }
}

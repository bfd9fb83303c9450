//! What is done to a clip between its file and the front end.

use std::sync::Arc;

use crate::audio::{Channel, Limits};
use crate::augment::{self, Augment, Effects, SoundSettings, Sounds, SplitRules};
use crate::config::plan::{
    self, FailurePolicy, Floor, Plan, RecordingsPlan, RoundFrom, RowOrder, SplitPlan,
};
use crate::dsp::chain::EffectSpec;
use crate::dsp::reverb::Tail;
use crate::frontend::stream;
use crate::runtime::cache::Cache;
use crate::source::sequence::Passes;
use crate::stages::Buffers;
use crate::stages::decode::{Audit, Decode};
use crate::stages::recordings::Reads;

use super::{BuildError, Inputs, Split, Watch};

/// Bytes on the disk that are worth a word.
const MUCH: u64 = 1 << 30;

/// The stage that reads clips; one of more than so many windows is long.
pub(super) fn decode(plan: &Plan, windows: f64, buffers: &Buffers) -> Decode {
    Decode {
        sample_rate: plan.audio.sample_rate,
        limits: Limits {
            max_seconds: plan.audio.max_seconds,
        },
        long_seconds: windows * plan.audio.window_seconds(),
        channel: channel(plan.audio.channel),
        audit: plan.audits().then(|| Audit {
            rules: Arc::new(plan.audit.rules.clone()),
            positive: plan.splits.iter().map(SplitPlan::is_positive).collect(),
        }),
        buffers: buffers.clone(),
    }
}

/// What is read of a split's recordings.
pub(super) fn reads(plan: &Plan, planned: &RecordingsPlan) -> Reads {
    Reads {
        sample_rate: plan.audio.sample_rate,
        channel: channel(plan.audio.channel),
        window: plan.audio.clip_samples,
        hop: plan.hop_samples(planned),
        lead: match plan.features.floor {
            // Augmented, every row is a clip of its own.
            Floor::Stream if !planned.augment => stream::LEAD,
            _ => 0,
        },
        augment: planned.augment,
        audit: plan.audits().then(|| Arc::new(plan.audit.rules.clone())),
    }
}

/// Which channel of a file is taken.
pub(super) fn channel(planned: plan::Channel) -> Channel {
    match planned {
        plan::Channel::First => Channel::First,
        plan::Channel::Mean => Channel::Mean,
        plan::Channel::Number(number) => Channel::Number(number),
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
        splits: rules(plan, &inputs.splits),
        sounds: Arc::new(sounds(plan, inputs, watch)?),
        audit: plan.audits().then(|| Arc::new(plan.audit.rules.clone())),
    })
}

/// How the sequence runs over the clips of a split.
pub(super) fn passes(plan: &Plan) -> Passes {
    match plan.augment.row_order {
        RowOrder::Pass => Passes::Rounds(plan.rounds()),
        RowOrder::Round | RowOrder::Name => Passes::One(plan.rounds()),
    }
}

/// What is done to a clip.
fn effects(plan: &Plan) -> Effects {
    Effects {
        seed: plan.seed,
        sample_rate: plan.audio.sample_rate,
        window: plan.audio.clip_samples,
        round_from: match plan.augment.round_from {
            RoundFrom::Previous => augment::RoundFrom::Previous,
            RoundFrom::Clip => augment::RoundFrom::Clip,
        },
        row_order: match plan.augment.row_order {
            RowOrder::Name => augment::RowOrder::Name,
            RowOrder::Round | RowOrder::Pass => augment::RowOrder::Round,
        },
        overflow: plan.augment.overflow,
        enabled: plan.augment.enabled,
    }
}

/// How much of an impulse response is used: a window of it where its tail wraps
/// around.
fn response_samples(plan: &Plan) -> Option<usize> {
    let wraps = |effect: &EffectSpec| match effect {
        EffectSpec::Reverb(reverb) => reverb.tail == Tail::Wrap,
        _ => false,
    };
    let wraps = plan.augment.chain.iter().any(wraps);
    wraps.then_some(plan.audio.clip_samples)
}

/// What the augment stage has to know of each split.
pub(super) fn rules(plan: &Plan, splits: &[Split]) -> Arc<[SplitRules]> {
    let rules = splits.iter().map(|split| SplitRules {
        name: split.plan.name.clone(),
        place: split.plan.place,
        chain: plan.chain_of(&split.plan),
        wavs: split.wavs.clone(),
        positive: split.plan.is_positive(),
    });
    rules.collect()
}

/// Opens the backgrounds and impulse responses; one that cannot be read is an
/// error, or under the policy `skip` left out with a warning.
fn sounds(plan: &Plan, inputs: &Inputs, watch: &dyn Watch) -> Result<Sounds, BuildError> {
    let (cache_bytes, sample_rate) = (plan.augment.cache_bytes, plan.audio.sample_rate);
    let settings = SoundSettings {
        sample_rate,
        response_samples: response_samples(plan),
        cache_bytes,
        scratch: Cache::locate().map_or_else(
            |_| std::env::temp_dir(),
            |cache| cache.root().join("scratch"),
        ),
    };
    let unusable = |error| match plan.failures.policy {
        FailurePolicy::Stop => Err(BuildError::Sound(error)),
        FailurePolicy::Skip => {
            watch.warn(&format!("left out: {error}"));
            Ok(())
        }
    };
    let sounds = Sounds::open(settings, &inputs.backgrounds, &inputs.impulses, unusable)?;
    if sounds.whole_bytes() > cache_bytes {
        watch.warn(&format!(
            "augment.cache is too small for the backgrounds at other rates than {} Hz ({} MiB): many of them are decoded again for each row; convert them, or raise it",
            sample_rate,
            sounds.whole_bytes() >> 20
        ));
    }
    if sounds.converted_bytes() > MUCH {
        watch.warn(&format!(
            "long backgrounds at other rates than {sample_rate} Hz are converted as they are drawn, to up to {} MiB in {}, until the build ends; convert them before to save that",
            sounds.converted_bytes() >> 20,
            sounds.scratch().display()
        ));
    }
    Ok(sounds)
}

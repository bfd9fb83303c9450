//! Whether a configuration is the one that was planned, built or merged.

use serde_json::Value;

use crate::build::BuildError;
use crate::build::origin::{Origin, Stamped, compare};
use crate::config::plan::{Missing, Plan, SplitPlan};
use crate::dataset::Dataset;
use crate::dataset::shards::plan::Shards;
use crate::dataset::shards::{Shard, ShardPlan, ShardsError};

/// Refuses what cannot be built as shards: the rows' audio.
pub(super) fn can_be_shards(plan: &Plan) -> Result<(), BuildError> {
    match plan.output_files.wavs {
        true => Err(ShardsError::Wavs.into()),
        false => Ok(()),
    }
}

/// Settles what a plan of shards has found out for all of them, and refuses a
/// configuration, or a number of shards, other than planned.
pub(super) fn with_plan(
    plan: &mut Plan,
    shards: &Shards,
    planned: &ShardPlan,
    of: Option<usize>,
) -> Result<(), ShardsError> {
    let names = planned.splits.iter().map(|split| &*split.name);
    settle(plan, &names.collect::<Vec<_>>(), &planned.configuration);
    let changes = changes(plan, of.unwrap_or(planned.of), planned);
    match changes.is_empty() {
        true => Ok(()),
        false => Err(ShardsError::OtherPlan {
            folder: shards.path().to_path_buf(),
            changes,
        }),
    }
}

/// How a configuration and a number of shards differ from what was planned.
pub(super) fn changes(plan: &Plan, of: usize, planned: &ShardPlan) -> Vec<String> {
    let mut changes = Vec::new();
    if of != planned.of {
        let then = planned.of;
        changes.push(format!("{of} shards are asked for, {then} were planned"));
    }
    let text = |text: &str| Value::String(text.to_owned());
    let now = text(env!("CARGO_PKG_VERSION"));
    compare("wakemill", &text(&planned.wakemill), &now, &mut changes);
    let then = &planned.configuration;
    compare("configuration", then, &plan.essence(), &mut changes);
    changes
}

/// Takes over what only all clips together tell: the length of the window, and
/// which splits there are where some may be missing.
fn settle(plan: &mut Plan, splits: &[&str], essence: &Value) {
    let there = |split: &SplitPlan| splits.contains(&&*split.name);
    plan.splits
        .retain(|split| split.missing != Missing::Skip || there(split));
    let samples = essence
        .pointer("/audio/clip_samples")
        .and_then(Value::as_u64);
    if let (Some(samples), true) = (samples, plan.audio.fitted_to.is_some()) {
        plan.fit(samples as usize);
    }
}

/// Whether a finished data set is that of a configuration; of these inputs, or of
/// those that it tells of itself.
pub(super) fn with_dataset(plan: &Plan, dataset: &Dataset, inputs: Option<&str>) -> bool {
    let Some(recorded) = Origin::recorded(dataset) else {
        return false;
    };
    let mut plan = plan.clone();
    let names = dataset.splits.iter().map(|split| &*split.written.name);
    settle(
        &mut plan,
        &names.collect::<Vec<_>>(),
        &recorded.configuration,
    );
    let inputs = Stamped {
        inputs: inputs.unwrap_or(&recorded.inputs).to_owned(),
        files: Vec::new(),
    };
    let (platform, essence) = (&recorded.platform, plan.essence());
    let wanted = Origin::elsewhere(platform, essence, &dataset.front_end, inputs);
    wanted.fingerprint == dataset.fingerprint
}

/// On what a shard was built, if it is of a build of this configuration and these
/// inputs; or why it is not.
pub(super) fn with_shard(plan: &Plan, inputs: &str, shard: &Shard) -> Result<String, String> {
    let inputs = Stamped {
        inputs: inputs.to_owned(),
        files: Vec::new(),
    };
    let (platform, essence) = (&shard.platform, plan.essence());
    let wanted = Origin::elsewhere(platform, essence, &shard.front_end, inputs);
    match wanted.fingerprint == shard.fingerprint {
        true => Ok(wanted.machine()),
        false => Err(unlike(&wanted, shard)),
    }
}

/// How what a shard was made from differs.
pub(super) fn unlike(wanted: &Origin, shard: &Shard) -> String {
    let mut changes = Vec::new();
    let text = |text: &str| Value::String(text.to_owned());
    let now = text(env!("CARGO_PKG_VERSION"));
    compare("wakemill", &text(&shard.wakemill), &now, &mut changes);
    let (then, now) = (text(&shard.platform), text(&wanted.platform));
    compare("platform", &then, &now, &mut changes);
    let (then, now) = (&shard.configuration, &wanted.configuration);
    compare("configuration", then, now, &mut changes);
    match changes.is_empty() {
        true => "it was made from other inputs or networks".to_owned(),
        false => format!("it was made from something else: {}", changes.join("; ")),
    }
}

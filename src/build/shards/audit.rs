//! The audit of a data set that shards have built: their findings and facts put one
//! after the other, and what is to be said of all of it.

use std::collections::BTreeMap;
use std::path::Path;

use super::inputs::restore;
use super::merge::sample;
use crate::augment::Sounds;
use crate::build::audit::Set;
use crate::build::{BuildError, Prepared, Watch};
use crate::config::plan::Plan;
use crate::dataset::audit::AuditMerger;
use crate::dataset::hard::{self, Hardest};
use crate::dataset::layout::{AUDIT_FACTS_FILE, AUDIT_FILE, HARD_FILE};
use crate::dataset::manifest::AuditReport;
use crate::dataset::partial::sha256_of;
use crate::dataset::seal;
use crate::dataset::seal::Seal;
use crate::dataset::shards::merge::Merged;
use crate::dataset::shards::plan::Shards;
use crate::dataset::shards::status::{NotWhole, State, Status};
use crate::dataset::shards::{Shard, ShardPlan, ShardsError};

/// Makes the audit's files in the output folder, which has all others, and adds
/// them to these; what was found of the set. Nothing where shards were built with the
/// audit off.
///
/// # Errors
/// A shard whose files are damaged; [`BuildError::Audit`] where a rule ends it.
pub(super) fn audit(
    plan: &Plan,
    shards: &Shards,
    planned: &ShardPlan,
    merged: &mut Merged,
    watch: &dyn Watch,
) -> Result<AuditReport, BuildError> {
    if !plan.audits() {
        return Ok(AuditReport::default());
    }
    let output = &plan.output.path;
    let mut merger = AuditMerger::create(output)?;
    for index in 0..planned.of {
        let folder = shards.folder(index, planned.of);
        let shard = seal::read::<Shard>(&folder.join(Shard::FILE))?;
        let files = shard.map(|shard| shard.files).unwrap_or_default();
        if !files.contains_key(AUDIT_FACTS_FILE) {
            merger.discard()?;
            watch.warn(&format!(
                "shard {index} was built with the audit off: there is no {AUDIT_FILE} of all; 'wakemill audit' makes one"
            ));
            return Ok(AuditReport::default());
        }
        for name in [AUDIT_FILE, AUDIT_FACTS_FILE] {
            if sha256_of(&folder.join(name)).ok().as_ref() != files.get(name) {
                return Err(damaged(planned, index, name));
            }
        }
        merger.take(&folder).map_err(|reason| {
            watch.warn(&reason);
            damaged(planned, index, AUDIT_FILE)
        })?;
    }
    let (facts, mut lines) = merger.finish_facts()?;
    if let Some(sha256) = hardest(plan, shards, planned, output, watch)? {
        merged.files.insert(HARD_FILE.to_owned(), sha256);
    }
    let report = of_all(plan, shards, planned, watch, output, &mut |line| {
        Ok(lines.append(line)?)
    })?;
    merged.files.insert(AUDIT_FACTS_FILE.to_owned(), facts);
    merged.files.insert(AUDIT_FILE.to_owned(), lines.finish()?);
    Ok(report)
}

/// Makes `hard.jsonl` of those of the shards; its hash. Nothing where one was built
/// without the classifier.
fn hardest(
    plan: &Plan,
    shards: &Shards,
    planned: &ShardPlan,
    output: &Path,
    watch: &dyn Watch,
) -> Result<Option<String>, BuildError> {
    let Some(scoring) = &plan.audit.scoring else {
        return Ok(None);
    };
    let mut hardest = Hardest::new(scoring.hard);
    // Rows of each split in the shards before.
    let mut before = BTreeMap::<String, u64>::new();
    for index in 0..planned.of {
        let folder = shards.folder(index, planned.of);
        let Some(shard) = seal::read::<Shard>(&folder.join(Shard::FILE))? else {
            continue;
        };
        let Some(sha256) = shard.files.get(HARD_FILE) else {
            watch.warn(&format!(
                "shard {index} was built without audit.classifier: there is no {HARD_FILE} of all"
            ));
            return Ok(None);
        };
        if sha256_of(&folder.join(HARD_FILE)).ok().as_ref() != Some(sha256) {
            return Err(damaged(planned, index, HARD_FILE));
        }
        let records = hard::read(&folder).map_err(|reason| {
            watch.warn(&reason);
            damaged(planned, index, HARD_FILE)
        })?;
        for mut record in records {
            record.row += before.get(&*record.split).copied().unwrap_or(0);
            hardest.take(&record);
        }
        for split in shard.splits {
            *before.entry(split.name).or_default() += split.rows;
        }
    }
    Ok(Some(hardest.write(output)?))
}

fn of_all(
    plan: &Plan,
    shards: &Shards,
    planned: &ShardPlan,
    watch: &dyn Watch,
    output: &Path,
    lines: &mut crate::build::audit::Lines<'_>,
) -> Result<AuditReport, BuildError> {
    let runs = sample(shards, planned, u64::MAX)?;
    let sounds = shards.sounds()?;
    let (inputs, _) = restore(plan, planned, &sounds, runs, &mut |_, _, _| Ok(()))?;
    let prepared = Prepared::new(plan.clone(), inputs, 1);
    let augment = prepared.augment(watch);
    if let Err(error) = &augment {
        watch.warn(&format!("the audit does not look at the sounds: {error}"));
    }
    let sounds: Option<&Sounds> = augment.as_ref().ok().map(|augment| &*augment.sounds);
    let set = Set {
        plan,
        inputs: &prepared.inputs,
        sounds,
    };
    set.audit(output, lines)
}

fn damaged(planned: &ShardPlan, shard: usize, name: &str) -> BuildError {
    let bad = NotWhole {
        shard,
        state: State::Damaged,
        reason: format!("{name} is not what was written"),
    };
    ShardsError::NotWhole(Box::new(Status::new(planned.of, vec![bad]))).into()
}

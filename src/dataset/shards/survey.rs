//! Which shards are whole, by what they say of themselves and by the lengths of
//! their files.

use std::fs;

use super::error::ShardsError;
use super::plan::{ShardPlan, Shards};
use super::shard::{self, Shard};
use super::status::{NotWhole, State, Status};
use crate::dataset::error::DatasetError;
use crate::dataset::seal::{self, Seal};

/// What was found.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Which shards are whole.
    pub status: Status,
    /// Rows of each split of the plan, in the whole ones.
    pub rows: Vec<u64>,
    /// Clips left out of them.
    pub left_out: u64,
    /// The fingerprint of the whole ones.
    pub fingerprint: Option<String>,
}

/// Whole shards of one fingerprint.
struct Kin {
    fingerprint: String,
    /// On what they were built.
    machine: String,
    shards: Vec<usize>,
}

/// Looks at every shard; `machine` says of one on what it was built, or why it is
/// not of this build.
///
/// # Errors
/// A folder that cannot be looked into.
pub fn survey(
    shards: &Shards,
    plan: &ShardPlan,
    machine: &dyn Fn(&Shard) -> Result<String, String>,
) -> Result<Survey, ShardsError> {
    let mut survey = Survey {
        status: Status::new(0, Vec::new()),
        rows: vec![0; plan.splits.len()],
        left_out: 0,
        fingerprint: None,
    };
    let (mut kin, mut bad) = (Vec::<Kin>::new(), Vec::new());
    let mut listed = false;
    for index in 0..plan.of {
        let mut found = look(shards, plan, index)?;
        if found
            .as_ref()
            .is_err_and(|(state, _)| *state == State::Missing)
            && !listed
        {
            // A network file system may remember that it was not there.
            let _ = fs::read_dir(shards.path()).map(Iterator::count);
            listed = true;
            found = look(shards, plan, index)?;
        }
        let found = found.and_then(|shard| match machine(&shard) {
            Ok(machine) => Ok((shard, machine)),
            Err(reason) => Err((State::Foreign, reason)),
        });
        match found {
            Ok((shard, machine)) => {
                survey.add(plan, &shard);
                match kin
                    .iter_mut()
                    .find(|kin| kin.fingerprint == shard.fingerprint)
                {
                    Some(kin) => kin.shards.push(index),
                    None => kin.push(Kin {
                        fingerprint: shard.fingerprint,
                        machine,
                        shards: vec![index],
                    }),
                }
            }
            Err((state, reason)) => bad.push(NotWhole {
                shard: index,
                state,
                reason,
            }),
        }
    }
    // The first of equals.
    kin.sort_by_key(|kin| std::cmp::Reverse(kin.shards.len()));
    if let Some((most, others)) = kin.split_first() {
        survey.fingerprint = Some(most.fingerprint.clone());
        for other in others {
            bad.extend(other.shards.iter().map(|&shard| NotWhole {
                shard,
                state: State::Foreign,
                reason: format!(
                    "it was built on {}, and most shards on {}",
                    other.machine, most.machine
                ),
            }));
        }
    }
    bad.sort_by_key(|bad| bad.shard);
    survey.status = Status::new(plan.of, bad);
    Ok(survey)
}

impl Survey {
    fn add(&mut self, plan: &ShardPlan, shard: &Shard) {
        for split in &shard.splits {
            let same = |planned: &super::plan::PlannedSplit| planned.name == split.name;
            if let Some(index) = plan.splits.iter().position(same) {
                self.rows[index] += split.rows;
            }
        }
        self.left_out += shard.failed();
    }
}

/// One shard, if it is whole and the one that its place says; or what it is instead.
fn look(
    shards: &Shards,
    plan: &ShardPlan,
    index: usize,
) -> Result<Result<Shard, (State, String)>, ShardsError> {
    let folder = shards.folder(index, plan.of);
    let found = match seal::read::<Shard>(&folder.join(Shard::FILE)) {
        Ok(found) => found,
        Err(DatasetError::Unknown { error, .. }) => {
            return Ok(Err((State::Damaged, format!("{}: {error}", Shard::FILE))));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(match found {
        None if folder.exists() => Err((
            State::Unfinished,
            format!("there is no {} in it yet", Shard::FILE),
        )),
        None => Err((State::Missing, format!("there is no {}", folder.display()))),
        Some(shard) => match (misplaced(plan, index, &shard), shard.damage(&folder)) {
            (Some(reason), _) => Err((State::Foreign, reason)),
            (_, Some(reason)) => Err((State::Damaged, reason)),
            _ => Ok(shard),
        },
    })
}

/// Why a shard is not the one of a place.
pub fn misplaced(plan: &ShardPlan, index: usize, found: &Shard) -> Option<String> {
    let name = shard::name(found.shard, found.of);
    if (found.shard, found.of) != (index, plan.of) {
        return Some(format!("it is {name}"));
    }
    let range = plan.shards.get(index)?;
    let same = (range.first_clip, range.clips) == (found.first_clip, found.clips);
    (!same).then(|| {
        format!(
            "it has {} clips from {} on, {} from {} on were planned",
            found.clips, found.first_clip, range.clips, range.first_clip
        )
    })
}

//! A sample of rows, a clip each, spread evenly over the clips of each label and
//! part.

use std::collections::HashSet;
use std::path::Path;

use crate::audit::neighbours::{self, MOST, Member, Space};
use crate::build::{BuildError, Inputs, Split};
use crate::config::plan::{Plan, RowOrder};
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::QUARANTINE_FILE;
use crate::dataset::parts::FeatureReader;
use crate::dataset::rows::QuarantineRecord;
use crate::flow::both;

/// Rows after which a feature file's pages are given back.
const RELEASED: usize = 16;

/// Rows that were picked, with their features.
#[derive(Default)]
pub(in crate::build) struct Sampled {
    space: Space,
    /// Split, clip in it and row of each.
    rows: Vec<(usize, usize, u64)>,
}

/// The same, compared.
pub(super) struct Compared {
    pub(super) found: neighbours::Told,
    pub(super) rows: Vec<(usize, usize, u64)>,
}

/// Which clips of each split are picked, by their places in it.
pub(in crate::build) fn picked(inputs: &Inputs) -> Vec<HashSet<usize>> {
    let mut picked = vec![HashSet::new(); inputs.splits.len()];
    let kind = |split: &Split| (split.plan.is_positive(), split.plan.is_test());
    for group in [(true, true), (true, false), (false, true), (false, false)] {
        let of_group =
            |(_, split): &(usize, &Split)| split.plan.recordings.is_none() && kind(split) == group;
        let splits: Vec<_> = inputs.splits.iter().enumerate().filter(of_group).collect();
        let clips: usize = splits.iter().map(|(_, split)| split.clips.len()).sum();
        let count = clips.min(MOST);
        let mut wanted = (0..count).map(|n| n * clips / count).peekable();
        let mut first = 0;
        for (index, split) in splits {
            while let Some(at) = wanted.next_if(|at| *at < first + split.clips.len()) {
                picked[index].insert(at - first);
            }
            first += split.clips.len();
        }
    }
    picked
}

impl Sampled {
    /// Adds the first row of a clip.
    pub(in crate::build) fn add(
        &mut self,
        (index, split): (usize, &Split),
        clip: usize,
        row: u64,
        features: &[f32],
    ) {
        let member = Member {
            positive: split.plan.is_positive(),
            test: split.plan.is_test(),
            row: self.rows.len(),
        };
        self.space.add(member, features);
        self.rows.push((index, clip, row));
    }

    /// Compares all with each other.
    pub(super) fn compared(self) -> Compared {
        let all = self.space.into_comparable();
        let half = all.count() / 2;
        let (mut looked, more) = both(|| all.look(0..half), || all.look(half..all.count()));
        looked.extend(more);
        Compared {
            found: all.tell(&looked),
            rows: self.rows,
        }
    }

    /// Picks from the feature files of a folder.
    pub(in crate::build) fn read(
        plan: &Plan,
        inputs: &Inputs,
        folder: &Path,
    ) -> Result<Self, BuildError> {
        let picked = picked(inputs);
        let mut this = Self::default();
        let is_picked = |split: usize, clip| picked[split].contains(&clip);
        first_rows(
            plan,
            inputs,
            folder,
            is_picked,
            |split, clip, row, features| {
                this.add(split, clip, row, features);
            },
        )?;
        Ok(this)
    }
}

/// Reads the first row of every clip that is wanted, by its split and place there, from
/// the feature files of a folder; `take` is given the split, the clip, the row and its
/// features.
pub(super) fn first_rows(
    plan: &Plan,
    inputs: &Inputs,
    folder: &Path,
    is_wanted: impl Fn(usize, usize) -> bool,
    mut take: impl FnMut((usize, &Split), usize, u64, &[f32]),
) -> Result<(), BuildError> {
    let left_out = left_out(folder)?;
    let rows_each = rows_each(plan);
    let (mut scratch, mut taken) = (Vec::new(), 0);
    let splits = inputs.splits.iter().enumerate();
    for (index, split) in splits.filter(|(_, split)| split.plan.recordings.is_none()) {
        let path = folder.join(&split.plan.features);
        let read = |error| BuildError::io("read", &path)(std::io::Error::other(error));
        let Some(reader) = FeatureReader::open(&path).map_err(read)? else {
            continue;
        };
        let mut row = 0;
        for (clip, entry) in split.clips.iter().enumerate() {
            let name = || (split.name().to_owned(), entry.id.name.to_string());
            if !left_out.is_empty() && left_out.contains(&name()) {
                continue;
            }
            let at = usize::try_from(row).unwrap_or(usize::MAX);
            if is_wanted(index, clip)
                && let Some(features) = reader.values(at..at.saturating_add(1), &mut scratch)
            {
                take((index, split), clip, row, features);
                taken += 1;
                // The file is not to lie in memory; what is around a row does.
                if taken % RELEASED == 0 {
                    reader.release(0..reader.rows());
                }
            }
            row += rows_each;
        }
    }
    Ok(())
}

/// Rows of a clip that follow each other.
pub(super) fn rows_each(plan: &Plan) -> u64 {
    match plan.augment.row_order {
        RowOrder::Pass => 1,
        RowOrder::Round | RowOrder::Name => u64::from(plan.rounds()),
    }
}

/// The clips that have no row of their first round.
pub(super) fn left_out(folder: &Path) -> Result<HashSet<(String, String)>, BuildError> {
    let path = folder.join(QUARANTINE_FILE);
    let read = |error| BuildError::io("read", &path)(std::io::Error::other(error));
    let mut left_out = HashSet::new();
    for line in JsonlReader::<QuarantineRecord<'static>>::open(&path).map_err(read)? {
        let line = line.map_err(read)?;
        if line.round == 0 {
            left_out.insert((line.split.to_string(), line.clip.to_string()));
        }
    }
    Ok(left_out)
}

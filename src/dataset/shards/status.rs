//! Which shards are whole, to be told.

use std::fmt::Write as _;

use serde::Serialize;

use super::shard;

/// Most shards named one by one.
const NAMED: usize = 20;

/// Which shards are whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// How many there are to be.
    pub of: usize,
    /// Those that are whole.
    pub whole: Vec<usize>,
    /// Those to be built, as Slurm and others take them: `2,5-6`.
    pub again: String,
    /// What is the matter with these.
    pub shards: Vec<NotWhole>,
}

/// A shard that is not whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotWhole {
    /// Which.
    pub shard: usize,
    /// What it is instead.
    pub state: State,
    /// Why, for a person.
    pub reason: String,
}

/// What a shard is that is not whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Nothing is there.
    Missing,
    /// It was begun.
    Unfinished,
    /// A file of it is gone, or not what was written.
    Damaged,
    /// It is of another build.
    Foreign,
}

impl State {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unfinished => "unfinished",
            Self::Damaged => "damaged",
            Self::Foreign => "foreign",
        }
    }
}

impl Status {
    /// Of a plan, where only these shards are not whole.
    pub fn new(of: usize, shards: Vec<NotWhole>) -> Self {
        let numbers: Vec<usize> = shards.iter().map(|bad| bad.shard).collect();
        Self {
            of,
            whole: (0..of)
                .filter(|index| numbers.binary_search(index).is_err())
                .collect(),
            again: ranges(&numbers),
            shards,
        }
    }

    /// Whether all are.
    pub fn is_whole(&self) -> bool {
        self.shards.is_empty()
    }

    /// In words, a line a shard.
    pub fn says(&self) -> String {
        let of = self.of;
        if self.is_whole() {
            return format!("all {of} shards are whole");
        }
        let mut text = format!("{} of {of} shards are not whole:", self.shards.len());
        for bad in self.shards.iter().take(NAMED) {
            let (name, state) = (shard::name(bad.shard, of), bad.state.name());
            // Writing to a string cannot fail.
            let _ = write!(text, "\n  {name}: {state}: {}", bad.reason);
        }
        if self.shards.len() > NAMED {
            let _ = write!(text, "\n  … and {} more", self.shards.len() - NAMED);
        }
        let over = |bad: &NotWhole| matches!(bad.state, State::Damaged | State::Foreign);
        if self.shards.iter().any(over) {
            text.push_str("\n  (what is damaged or foreign with --overwrite)");
        }
        let _ = write!(text, "\n  run again: {}", self.again);
        text
    }
}

/// Ascending numbers, those that follow each other as a range.
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b);
    let texts = runs.filter_map(|run| match run {
        [] => None,
        [one] => Some(one.to_string()),
        [first, .., last] => Some(format!("{first}-{last}")),
    });
    texts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_slurm_takes_them() {
        assert_eq!(ranges(&[]), "");
        assert_eq!(ranges(&[2, 5, 6]), "2,5-6");
        assert_eq!(ranges(&[0, 1, 2, 9]), "0-2,9");
    }

    #[test]
    fn twenty_are_named_and_the_last_line_says_which_to_run() {
        let bad = |shard| NotWhole {
            shard,
            state: State::Missing,
            reason: "gone".to_owned(),
        };
        let status = Status::new(40, (4..34).map(bad).collect());
        let text = status.says();
        assert_eq!(status.whole, [0, 1, 2, 3, 34, 35, 36, 37, 38, 39]);
        assert_eq!(
            text.lines().filter(|line| line.contains("/40: ")).count(),
            20
        );
        assert!(text.contains("… and 10 more"), "{text}");
        assert!(text.ends_with("run again: 4-33"), "{text}");
    }
}

//! `audit.jsonl`, one line a finding, and `audit.npy`, a few numbers of each clip
//! for the checks of the whole set.

use std::borrow::Cow;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::hard::{HardFile, HardRecord};
use super::jsonl::{JsonlReader, JsonlWriter};
use super::layout::{AUDIT_FACTS_FILE, AUDIT_FILE};
use super::npy::{Array, DType, NpyError, NpyReader, NpyWriter};
use super::partial::{Committed, WriteError};
use crate::records::{ClipFacts, FACTS, Noted, Policy, Scope};

/// One line of `audit.jsonl`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct AuditRecord<'a> {
    /// The split, of a finding of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<Cow<'a, str>>,
    /// The clip, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<Cow<'a, str>>,
    /// The round, of a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// The background or impulse response.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sound: Option<Cow<'a, str>>,
    /// The check.
    pub check: Cow<'a, str>,
    /// What was measured.
    pub measure: f64,
    /// What it was compared with.
    pub threshold: f64,
    /// What is done about it.
    pub severity: Policy,
    /// The split of the other clip, of a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_split: Option<Cow<'a, str>>,
    /// The other clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_clip: Option<Cow<'a, str>>,
    /// What else there is to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Cow<'a, str>>,
}

impl<'a> AuditRecord<'a> {
    /// That of a finding, of nothing in particular yet.
    pub fn of(noted: &Noted) -> Self {
        Self {
            round: noted.round,
            check: noted.check.name().into(),
            measure: rounded(noted.measure),
            threshold: noted.threshold,
            severity: noted.policy,
            ..Self::default()
        }
    }

    /// The same of a clip.
    pub fn of_clip(self, split: &'a str, clip: &'a str) -> Self {
        Self {
            split: Some(split.into()),
            clip: Some(clip.into()),
            ..self
        }
    }

    /// What it is about, in words.
    pub fn about(&self) -> String {
        let round = self.round.map(|round| format!(", round {round}"));
        match (&self.split, &self.clip, &self.sound) {
            (Some(split), Some(clip), _) => format!("{split}: {clip}{}", round.unwrap_or_default()),
            (Some(split), None, _) => format!("{split}"),
            (_, _, Some(sound)) => format!("{sound}"),
            _ => "the set".to_owned(),
        }
    }
}

/// Six digits: what is behind them is no measure.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// How far the audit's files have come.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AuditCommit {
    lines: Committed,
    facts: Committed,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hard: Option<Committed>,
}

impl AuditCommit {
    /// Whether rows were scored.
    pub fn scores(&self) -> bool {
        self.hard.is_some()
    }
}

/// What the audit writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditSettings {
    /// Rows of each split in `hard.jsonl`, where rows are scored.
    pub hard: Option<usize>,
}

/// The audit's files, being written.
pub(super) struct AuditFiles {
    pub(super) lines: JsonlWriter,
    facts: NpyWriter,
    hard: Option<HardFile>,
}

/// What the facts of clips are an array of.
pub(super) fn facts_array() -> Array {
    Array {
        dtype: DType::Int32,
        row_shape: vec![FACTS],
    }
}

impl AuditFiles {
    /// Makes them, or opens them where the last commit left them.
    pub(super) fn open(
        folder: &Path,
        settings: AuditSettings,
        last: Option<&AuditCommit>,
    ) -> Result<Self, WriteError> {
        let (lines, facts) = (folder.join(AUDIT_FILE), folder.join(AUDIT_FACTS_FILE));
        let of_last = last.and_then(|last| last.hard.as_ref());
        let hard = settings.hard;
        let hard = hard.map(|most| HardFile::open(folder, most, of_last));
        let hard = hard.transpose()?;
        Ok(match last {
            Some(last) => Self {
                lines: JsonlWriter::open_at(&lines, &last.lines)?,
                facts: NpyWriter::open_at(&facts, facts_array(), &last.facts)?,
                hard,
            },
            None => Self {
                lines: JsonlWriter::create(&lines)?,
                facts: NpyWriter::create(&facts, facts_array())?,
                hard,
            },
        })
    }

    /// Makes them durable.
    pub(super) fn sync(&mut self) -> Result<AuditCommit, WriteError> {
        Ok(AuditCommit {
            lines: self.lines.sync()?,
            facts: self.facts.sync()?,
            hard: self.hard.as_mut().map(HardFile::sync).transpose()?,
        })
    }

    /// Appends the facts of a clip.
    pub(super) fn facts(&mut self, facts: &ClipFacts) -> Result<(), WriteError> {
        self.facts.append_ints(&facts.numbers())
    }

    /// Takes a row that was scored.
    pub(super) fn scored(&mut self, record: &HardRecord<'_>) -> Result<(), WriteError> {
        self.hard.as_mut().map_or(Ok(()), |hard| hard.take(record))
    }

    /// Writes the rows scored highest into the folder; the file's hash.
    pub(super) fn finish_hard(&self, folder: &Path) -> Result<Option<String>, WriteError> {
        let hard = self.hard.as_ref();
        hard.map(|hard| hard.finish(folder)).transpose()
    }

    /// Completes the facts, and gives their hash and the lines, which go on.
    pub(super) fn finish_facts(self) -> Result<(String, JsonlWriter), WriteError> {
        Ok((self.facts.finish()?.sha256, self.lines))
    }
}

/// The audit's files of shards, put one after the other.
pub struct AuditMerger(AuditFiles);

impl AuditMerger {
    /// Begins them in a folder.
    ///
    /// # Errors
    /// [`WriteError`] where they cannot be made.
    pub fn create(folder: &Path) -> Result<Self, WriteError> {
        AuditFiles::open(folder, AuditSettings::default(), None).map(Self)
    }

    /// Takes those of a shard.
    ///
    /// # Errors
    /// What cannot be read or written, in words.
    pub fn take(&mut self, shard: &Path) -> Result<(), String> {
        let said = |error: &dyn std::error::Error| error.to_string();
        let lines = JsonlReader::<AuditRecord<'static>>::open(&shard.join(AUDIT_FILE));
        for line in lines.map_err(|error| said(&error))? {
            let line = line.map_err(|error| said(&error))?;
            self.0.lines.append(&line).map_err(|error| said(&error))?;
        }
        let facts = read_facts(shard).map_err(|error| said(&error))?;
        for facts in facts.unwrap_or_default() {
            self.0.facts(&facts).map_err(|error| said(&error))?;
        }
        Ok(())
    }

    /// Completes the facts, and gives their hash and the lines, which go on.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn finish_facts(self) -> Result<(String, AuditEnd), WriteError> {
        let (sha256, lines) = self.0.finish_facts()?;
        Ok((sha256, AuditEnd::of(lines)))
    }

    /// Removes what was written.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn discard(self) -> Result<(), WriteError> {
        self.0.lines.discard()?;
        self.0.facts.discard()
    }
}

/// The end of `audit.jsonl`, to be written.
pub struct AuditEnd(JsonlWriter);

impl AuditEnd {
    pub(super) fn of(lines: JsonlWriter) -> Self {
        Self(lines)
    }

    /// Appends a line.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn append(&mut self, line: &AuditRecord<'_>) -> Result<(), WriteError> {
        self.0.append(line)
    }

    /// Gives the file its name; its hash.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn finish(self) -> Result<String, WriteError> {
        Ok(self.0.finish()?.sha256)
    }
}

/// Reads the facts of all clips, in the order of the splits without recordings;
/// `None` where there are none.
///
/// # Errors
/// A file that is something else.
pub fn read_facts(folder: &Path) -> Result<Option<Vec<ClipFacts>>, NpyError> {
    read_some_facts(folder, usize::MAX)
}

/// Reads the facts of at most so many clips, evenly spread over all of them.
///
/// # Errors
/// As [`read_facts`].
pub fn read_some_facts(folder: &Path, most: usize) -> Result<Option<Vec<ClipFacts>>, NpyError> {
    let path = folder.join(AUDIT_FACTS_FILE);
    if !path.exists() {
        return Ok(None);
    }
    /// Rows after which the file's pages are given back: of a million clips it is not to
    /// lie in memory twice.
    const RELEASED: usize = 1 << 12;
    let reader = NpyReader::open_any(&path)?;
    let (step, mut released) = (reader.rows().div_ceil(most).max(1), 0);
    let mut facts = Vec::with_capacity(reader.rows().div_ceil(step));
    for row in (0..reader.rows()).step_by(step) {
        let numbers = reader.ints(row);
        facts.extend(numbers.map(|numbers| ClipFacts::from_numbers(&numbers)));
        if row - released >= RELEASED {
            reader.release(released..row);
            released = row;
        }
    }
    Ok(Some(facts))
}

/// Whether a check is of clips as they pass, so that its lines stand before those
/// of the whole set.
pub fn is_in_stream(scope: Scope) -> bool {
    matches!(scope, Scope::Clip | Scope::Row)
}

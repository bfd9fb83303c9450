//! What was found out about the clips of a split: how many, and a few names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::records::{Check, Finding, Findings, Scope};

/// Most names kept of one finding.
const EXAMPLES: usize = 5;

/// What was found out about the clips of a split that have rows, by the names of
/// the findings; nothing of what was not found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Found(BTreeMap<String, FoundClips>);

/// The clips of one finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct FoundClips {
    /// How many.
    pub clips: u64,
    /// The names of the first ones.
    pub examples: Vec<String>,
}

impl Found {
    /// Counts one clip; clips come in order.
    pub fn add(&mut self, clip: &str, findings: &Findings) {
        for finding in findings.iter() {
            self.note(clip, finding.name());
        }
    }

    /// Counts one finding of that name; a clip with several of them is one example.
    pub fn note(&mut self, clip: &str, name: &str) {
        let found = self.0.entry(name.to_owned()).or_default();
        found.clips += 1;
        let known = found.examples.last().is_some_and(|last| last == clip);
        if found.examples.len() < EXAMPLES && !known {
            found.examples.push(clip.to_owned());
        }
    }

    /// What an audit found, in the order of [`Check::ALL`].
    pub fn checks(&self) -> impl Iterator<Item = (Check, &FoundClips)> {
        let all = Check::ALL.iter();
        all.filter_map(|&check| Some((check, self.0.get(check.name())?)))
    }

    /// Counts what was found out about clips that come behind.
    pub fn extend(&mut self, behind: &Self) {
        for (name, clips) in &behind.0 {
            let found = self.0.entry(name.clone()).or_default();
            found.clips += clips.clips;
            let room = EXAMPLES.saturating_sub(found.examples.len());
            found
                .examples
                .extend(clips.examples.iter().take(room).cloned());
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was found, in the order of [`Finding::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Finding, &FoundClips)> {
        let all = Finding::ALL.into_iter();
        all.filter_map(|finding| Some((finding, self.0.get(finding.name())?)))
    }
}

impl FoundClips {
    /// What a check of the audit found, in a line, for a person.
    pub fn say_check(&self, check: Check) -> String {
        let what = match check.scope() {
            Scope::Clip => "clip",
            Scope::Row => "row",
            Scope::Sound | Scope::Set => "finding",
        };
        let s = if self.clips == 1 { "" } else { "s" };
        let more = if self.clips > self.examples.len() as u64 {
            ", ..."
        } else {
            ""
        };
        format!(
            "{}: {} {what}{s} {}: {}{more}",
            check.name(),
            self.clips,
            check.words(),
            self.examples.join(", ")
        )
    }

    /// In a line, for a person.
    pub fn say(&self, finding: Finding) -> String {
        let s = if self.clips == 1 { "" } else { "s" };
        let more = if self.clips > self.examples.len() as u64 {
            ", ..."
        } else {
            ""
        };
        format!(
            "{} clip{s} {}: {}{more}",
            self.clips,
            finding.words(),
            self.examples.join(", ")
        )
    }
}

//! What was found out about the clips of a split: how many, and a few names.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::records::{Finding, Findings};

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
    pub fn add(&mut self, clip: &str, findings: Findings) {
        for finding in findings.iter() {
            let found = self.0.entry(finding.name().to_owned()).or_default();
            found.clips += 1;
            if found.examples.len() < EXAMPLES {
                found.examples.push(clip.to_owned());
            }
        }
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

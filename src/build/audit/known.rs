//! What is told of a set but by its rows' features.

use std::path::Path;
use std::sync::Arc;

use crate::audit::index::{self, Pair};
use crate::build::BuildError;
use crate::dataset::audit::read_facts;
use crate::dataset::layout::AUDIT_FACTS_FILE;
use crate::flow::both;
use crate::records::{Check, ClipFacts, Noted};

use super::Set;
use super::hashes::Hashes;
use super::sounds::{self, Uses};

/// What is known of all clips, recordings and sounds.
pub(in crate::build) struct Known {
    pub(super) facts: Vec<ClipFacts>,
    /// Clips that are alike.
    pub(super) pairs: Vec<Pair>,
    pub(super) recordings: Hashes,
    /// What is wrong with sounds.
    pub(super) sounds: Vec<(Noted, Arc<str>)>,
    /// Who uses which sound; nothing where nobody asks for it.
    pub(super) uses: Option<Uses>,
}

impl Known {
    /// Reads it from a folder with all files of lines.
    pub(super) fn read(set: &Set<'_>, folder: &Path) -> Result<Self, BuildError> {
        let facts = read_facts(folder).map_err(|error| {
            let error = std::io::Error::other(error);
            BuildError::io("read", &folder.join(AUDIT_FACTS_FILE))(error)
        })?;
        Self::of(set, folder, facts.unwrap_or_default())
    }

    /// Reads the rest of it, where the facts of clips are known.
    pub(super) fn of(
        set: &Set<'_>,
        folder: &Path,
        facts: Vec<ClipFacts>,
    ) -> Result<Self, BuildError> {
        let asked = set.asks(&[Check::SharedSound, Check::UnevenUse]);
        let asked = asked && set.plan.output_files.rows;
        let uses = || asked.then(|| Uses::read(set, folder)).transpose();
        Self::seen(set, facts, Hashes::read(set, folder)?, uses)
    }

    /// That of what was seen of clips and recordings, and of who uses which sound.
    pub(super) fn seen(
        set: &Set<'_>,
        facts: Vec<ClipFacts>,
        recordings: Hashes,
        uses: impl FnOnce() -> Result<Option<Uses>, BuildError>,
    ) -> Result<Self, BuildError> {
        let of_clips = || (pairs(set, &facts), sounds::judge(set));
        let ((pairs, sounds), uses) = both(of_clips, uses);
        Ok(Self {
            pairs,
            recordings,
            sounds,
            uses: uses?,
            facts,
        })
    }
}

/// Clips that are alike; none where none are looked for.
fn pairs(set: &Set<'_>, facts: &[ClipFacts]) -> Vec<Pair> {
    let rules = &set.plan.audit.rules;
    let near = [Check::NearDuplicate, Check::Leak];
    if !set.asks(&near) && !set.asks(&[Check::Duplicate]) {
        return Vec::new();
    }
    let [near, leak] = near.map(|check| rules.threshold(check));
    index::pairs(facts, near.max(leak) as u32, set.sides())
}

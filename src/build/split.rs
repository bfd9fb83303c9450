//! One split of a build.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::plan::SplitPlan;
use crate::source::ClipSource;
use crate::source::exclude::Excluded;
use crate::source::sequence::Entry;

use super::BuildError;

/// One split, with everything that was found for it.
#[derive(Clone, Debug)]
pub struct Split {
    /// What was planned.
    pub plan: SplitPlan,
    /// Where its clips come from.
    pub source: Arc<dyn ClipSource>,
    /// Its clips, by name.
    pub clips: Vec<Entry>,
    /// What is left out of its recordings.
    pub excluded: Arc<Excluded>,
    /// The folder that its rows' WAVs go to, where they are wanted.
    pub wavs: Option<PathBuf>,
    /// WAVs of an earlier build's rows, to be removed before new ones are
    /// written.
    pub stale: Vec<PathBuf>,
}

impl Split {
    /// The name.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// The same split with other clips, for features alone.
    pub(super) fn excerpt(&self, clips: Vec<Entry>) -> Self {
        Self {
            plan: self.plan.clone(),
            source: Arc::clone(&self.source),
            clips,
            excluded: Arc::clone(&self.excluded),
            wavs: None,
            stale: Vec::new(),
        }
    }

    /// Makes the folders of the rows' WAVs that are in the output folder.
    pub(super) fn make_wav_folders(&self, output: &Path) -> Result<(), BuildError> {
        let Some(wavs) = self.wavs.as_ref().filter(|wavs| wavs.starts_with(output)) else {
            return Ok(());
        };
        let clips = self.clips.iter().map(|clip| Path::new(&*clip.id.name));
        let folders: BTreeSet<PathBuf> = clips
            .filter_map(|clip| Some(wavs.join(clip.parent()?)))
            .collect();
        for folder in folders {
            std::fs::create_dir_all(&folder).map_err(BuildError::io("create", &folder))?;
        }
        Ok(())
    }

    /// Removes the WAVs of an earlier build's rows.
    pub(super) fn remove_stale_wavs(&self) -> Result<(), BuildError> {
        for path in &self.stale {
            std::fs::remove_file(path).map_err(BuildError::io("remove", path))?;
        }
        Ok(())
    }
}

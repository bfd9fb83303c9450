//! Where the audio of rows may be written.

use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::augment;
use crate::build::BuildError;
use crate::config::plan::{Plan, SplitPlan, WavsIn};
use crate::source::sequence::Entry;
use crate::source::{self, ClipSource};

/// Rows of different splits must not be written to the same files.
pub(super) fn check_wav_folders(
    sources: &[(&SplitPlan, Arc<dyn ClipSource>)],
) -> Result<(), BuildError> {
    let mut folders = BTreeMap::new();
    for (SplitPlan { name, .. }, source) in sources {
        let reason = match source.root() {
            Some(folder) => match folders.insert(folder, name) {
                Some(other) => format!("split '{other}' has the same"),
                None => continue,
            },
            None => "this is a pattern".to_owned(),
        };
        return Err(BuildError::WavFolder {
            split: name.clone(),
            reason,
        });
    }
    Ok(())
}

/// Whether the rows' audio is written there.
pub(super) fn wavs_in(plan: &Plan, place: WavsIn) -> bool {
    plan.output_files.wavs && plan.output_files.wavs_in == place
}

/// Fails where the rows of two clips would have one name, or a clip's would lie
/// elsewhere than in the folder.
pub(super) fn check_wav_twins(split: &SplitPlan, clips: &[Entry]) -> Result<(), BuildError> {
    let mut stems = HashMap::new();
    for clip in clips {
        let stem = augment::wav_stem(&clip.id.name);
        let mut parts = Path::new(stem).components();
        if !parts.all(|part| matches!(part, Component::Normal(_))) {
            return Err(BuildError::WavOutside {
                split: split.name.clone(),
                clip: clip.id.name.to_string(),
            });
        }
        if let Some(other) = stems.insert(stem, &clip.id.name) {
            return Err(BuildError::WavTwins {
                split: split.name.clone(),
                first: other.to_string(),
                second: clip.id.name.to_string(),
            });
        }
    }
    Ok(())
}

/// Fails where a clip has a name that rows could not be named after.
pub(super) fn check_wav_names(split: &SplitPlan, clips: &[Entry]) -> Result<(), BuildError> {
    let unfit = |clip: &&Entry| !source::is_clip_name(&clip.id.name);
    match clips.iter().find(unfit) {
        Some(clip) => Err(BuildError::WavName {
            split: split.name.clone(),
            clip: clip.id.name.to_string(),
        }),
        None => Ok(()),
    }
}

/// The WAVs that an earlier build has written of its rows.
pub(super) fn rows_in(folder: &Path) -> Vec<PathBuf> {
    let found = source::livekit_augmented(folder).unwrap_or_default();
    let paths = found
        .files
        .iter()
        .map(|found| found.file.path.to_path_buf());
    paths.collect()
}

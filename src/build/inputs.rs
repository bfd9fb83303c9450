//! Finding every clip, background and impulse response of a plan.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::augment::{Effects, SoundFile, SoundSettings, Sounds, SplitRules};
use crate::config::location::Location;
use crate::config::plan::{
    AugmentPlan, ClipFiles, FailurePolicy, Input, Missing, Plan, RowOrder, SoundFiles, SplitPlan,
};
use crate::dsp::chain::EffectKind;
use crate::records::ClipId;
use crate::source::sequence::Entry;
use crate::source::{self, DiscoverError, Found, Kinds, Listing, Problem};

use super::{BuildError, Watch};

/// Every file that a build reads.
#[derive(Debug)]
pub struct Inputs {
    /// The clips of each split, by index of the split.
    pub clips: Vec<Vec<Entry>>,
    /// Backgrounds, sorted by name.
    pub backgrounds: Vec<SoundFile>,
    /// Impulse responses, sorted by name.
    pub impulses: Vec<SoundFile>,
    /// Augmented files of an earlier build, to be removed before WAVs are
    /// written.
    stale: Vec<PathBuf>,
}

impl Inputs {
    /// Clips in all splits.
    pub fn clip_count(&self) -> u64 {
        self.clips.iter().map(|clips| clips.len() as u64).sum()
    }

    /// The same sounds with other clips.
    pub(super) fn with_clips(&self, clips: Vec<Vec<Entry>>) -> Self {
        Self {
            clips,
            backgrounds: self.backgrounds.clone(),
            impulses: self.impulses.clone(),
            stale: Vec::new(),
        }
    }

    /// Removes the augmented files of an earlier build.
    pub(super) fn remove_stale_wavs(&self) -> Result<(), BuildError> {
        for path in &self.stale {
            std::fs::remove_file(path).map_err(BuildError::io("remove", path))?;
        }
        Ok(())
    }
}

/// Takes the splits out of a plan whose input is missing and may be: a file of no
/// rows would stop livekit-wakeword's training. Where all are missing, they are
/// left for an error.
pub(super) fn skip_missing(plan: &mut Plan, watch: &dyn Watch) {
    let missing = |split: &SplitPlan| {
        let may = split.missing == Missing::Skip && !matches!(split.input, Input::Glob(_));
        may && !split.input.location().path.exists()
    };
    if plan.splits.iter().all(missing) {
        return;
    }
    for split in plan.splits.extract_if(.., |split| missing(split)) {
        watch.warn(&format!(
            "split '{}' is skipped: there is no folder {}",
            split.name,
            split.input.location()
        ));
    }
}

/// Finds every input of a plan.
pub(super) fn find(plan: &Plan, watch: &dyn Watch) -> Result<Inputs, BuildError> {
    let mut inputs = Inputs {
        clips: Vec::with_capacity(plan.splits.len()),
        backgrounds: Vec::new(),
        impulses: Vec::new(),
        stale: Vec::new(),
    };
    if plan.output_files.wavs {
        check_wav_folders(plan)?;
    }
    for split in &plan.splits {
        let mut clips = clips(plan, split, watch)?;
        if plan.output_files.wavs {
            inputs.stale.extend(own_rows(split, &mut clips)?);
        }
        inputs.clips.push(clips);
    }
    if inputs.clip_count() == 0 {
        let places = plan
            .splits
            .iter()
            .map(|split| split.input.location().to_string())
            .collect();
        return Err(BuildError::NoClips { places });
    }
    let augment = &plan.augment;
    if augment.applies(EffectKind::Background) {
        inputs.backgrounds =
            sounds_in(augment, &augment.backgrounds, "augment.backgrounds", watch)?;
    }
    if augment.applies(EffectKind::Reverb) {
        inputs.impulses = sounds_in(augment, &augment.rirs, "augment.rirs", watch)?;
    }
    Ok(inputs)
}

/// What is done to a clip.
pub(super) fn effects(plan: &Plan) -> Effects {
    let mut rounds: Vec<u32> = (0..plan.rounds()).collect();
    if plan.augment.row_order == RowOrder::Name {
        rounds.sort_by_key(u32::to_string);
    }
    Effects {
        seed: plan.seed,
        epoch: 0,
        sample_rate: plan.audio.sample_rate,
        window: plan.audio.clip_samples,
        rounds,
        chain: plan.augment.chain.clone(),
        enabled: plan.augment.enabled,
    }
}

/// What the augment stage has to know of each split.
pub(super) fn rules(plan: &Plan) -> Vec<SplitRules> {
    let rules = plan.splits.iter().map(|split| SplitRules {
        name: split.name.clone(),
        place: split.place,
        wavs: plan.output_files.wavs.then(|| root(&split.input)).flatten(),
    });
    rules.collect()
}

/// Opens the backgrounds and impulse responses; one that cannot be read is an
/// error, or under the policy `skip` left out with a warning.
pub(super) fn sounds(
    plan: &Plan,
    inputs: &Inputs,
    watch: &dyn Watch,
) -> Result<Sounds, BuildError> {
    let settings = SoundSettings {
        sample_rate: plan.audio.sample_rate,
        cache_bytes: plan.augment.cache_bytes,
    };
    let unusable = |error| match plan.failures.policy {
        FailurePolicy::Stop => Err(BuildError::Sound(error)),
        FailurePolicy::Skip => {
            watch.warn(&format!("left out: {error}"));
            Ok(())
        }
    };
    let sounds = Sounds::open(settings, &inputs.backgrounds, &inputs.impulses, unusable)?;
    if sounds.whole_bytes() > settings.cache_bytes {
        watch.warn(&format!(
            "augment.cache is too small for the backgrounds at other rates than {} Hz ({} MiB): many of them are decoded again for each row; convert them, or raise it",
            settings.sample_rate,
            sounds.whole_bytes() >> 20
        ));
    }
    Ok(sounds)
}

fn clips(plan: &Plan, split: &SplitPlan, watch: &dyn Watch) -> Result<Vec<Entry>, BuildError> {
    let place = &split.input.location().path;
    let listing = match (&split.input, split.files) {
        (Input::Folder(_), ClipFiles::Audio) => source::folder(place, Kinds::Any),
        (Input::Folder(_), ClipFiles::Numbered) => source::livekit_clips(place),
        (Input::Folder(_), ClipFiles::Augmented) => source::livekit_augmented(place),
        (Input::Glob(_), _) => source::glob(&place.to_string_lossy()),
        (Input::List(_), _) => source::list(place),
    };
    let listing = match split.missing {
        Missing::Error => listing,
        Missing::Skip => tolerate(listing, &split.name, watch),
    };
    let listing = listing.map_err(|error| BuildError::Input {
        split: split.name.clone(),
        error,
    })?;
    if let (FailurePolicy::Stop, Some(problem)) = (plan.failures.policy, listing.problems.first()) {
        return Err(BuildError::Unusable {
            split: split.name.clone(),
            path: problem.path.clone(),
            reason: problem.reason.clone(),
        });
    }
    let root = root(&split.input).unwrap_or_default();
    let good = listing.files.into_iter().map(good);
    let bad = listing
        .problems
        .into_iter()
        .map(|problem| bad(problem, &root));
    let mut entries: Vec<_> = good.chain(bad).collect();
    entries.sort_by(|a, b| a.id.name.cmp(&b.id.name));
    Ok(entries)
}

fn good(found: Found) -> Entry {
    Entry {
        id: ClipId {
            name: found.name,
            path: found.path,
        },
        problem: None,
    }
}

/// What looks like a clip and cannot be one goes through the build as a clip
/// that is rejected, so that it is counted and recorded.
fn bad(problem: Problem, root: &Path) -> Entry {
    let name = problem.path.strip_prefix(root).unwrap_or(&problem.path);
    Entry {
        id: ClipId {
            name: name.to_string_lossy().into(),
            path: problem.path.into(),
        },
        problem: Some(problem.reason),
    }
}

/// A folder without clips gives a file of no rows.
fn tolerate(
    listing: Result<Listing, DiscoverError>,
    split: &str,
    watch: &dyn Watch,
) -> Result<Listing, DiscoverError> {
    match listing {
        Err(error @ DiscoverError::Nothing { .. }) => {
            watch.warn(&format!("split '{split}' is empty: {error}"));
            Ok(Listing::default())
        }
        other => other,
    }
}

/// Rows of different splits must not be written to the same files.
fn check_wav_folders(plan: &Plan) -> Result<(), BuildError> {
    let mut folders = BTreeMap::new();
    for SplitPlan { name, input, .. } in &plan.splits {
        let reason = match root(input) {
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

/// Takes the rows of an earlier build out of a list of clips, and gives them;
/// fails where a clip has a name that rows could not be named after.
fn own_rows(split: &SplitPlan, clips: &mut Vec<Entry>) -> Result<Vec<PathBuf>, BuildError> {
    clips.retain(|clip| !source::is_row_name(&clip.id.name));
    if let Some(clip) = clips
        .iter()
        .find(|clip| !source::is_clip_name(&clip.id.name))
    {
        return Err(BuildError::WavName {
            split: split.name.clone(),
            clip: clip.id.name.to_string(),
        });
    }
    let Some(root) = root(&split.input) else {
        return Ok(Vec::new());
    };
    match source::livekit_augmented(&root) {
        Ok(listing) => Ok(listing
            .files
            .iter()
            .map(|found| found.path.to_path_buf())
            .collect()),
        Err(_) => Ok(Vec::new()),
    }
}

/// The folder that a split's clips are named relative to.
fn root(input: &Input) -> Option<PathBuf> {
    match input {
        Input::Folder(folder) => Some(folder.path.clone()),
        Input::Glob(_) => None,
        Input::List(list) => list.path.parent().map(Path::to_path_buf),
    }
}

/// The audio files that paths name, each a file or a folder, once, sorted by
/// their names: as configured and below.
fn sounds_in(
    plan: &AugmentPlan,
    places: &[Location],
    key: &'static str,
    watch: &dyn Watch,
) -> Result<Vec<SoundFile>, BuildError> {
    let (kinds, tolerant) = match plan.sound_files {
        SoundFiles::Wav => (Kinds::WavOnly, true),
        SoundFiles::Audio => (Kinds::Any, false),
    };
    let mut files = BTreeMap::new();
    for place in places {
        if place.path.is_file() {
            files.insert(place.path.clone(), place.configured.clone());
            continue;
        }
        match source::folder(&place.path, kinds) {
            Ok(listing) => {
                for problem in &listing.problems {
                    watch.warn(&format!(
                        "{key}: {}: {}",
                        problem.path.display(),
                        problem.reason
                    ));
                }
                for found in listing.files {
                    let name = place.below(&found.name);
                    files.entry(found.path.to_path_buf()).or_insert(name);
                }
            }
            Err(error) if tolerant => watch.warn(&format!("{key}: {error}")),
            Err(error) => return Err(BuildError::Sounds { key, error }),
        }
    }
    let mut files: Vec<_> = files
        .into_iter()
        .map(|(path, name)| SoundFile {
            name: name.into(),
            path: path.into(),
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

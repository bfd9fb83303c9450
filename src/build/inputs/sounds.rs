//! Finding every background and impulse response of a plan.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Inputs, passed};
use crate::audio::FileRange;
use crate::augment::SoundFile;
use crate::build::{BuildError, Watch, effects};
use crate::config::location::Location;
use crate::config::plan::{Channel, Plan, SoundFiles};
use crate::dataset::manifest::PassedOver;
use crate::dsp::chain::EffectKind;
use crate::source::{self, Kinds};

/// Finds the sounds that the effects of a plan draw from.
pub(super) fn find(plan: &Plan, watch: &dyn Watch, inputs: &mut Inputs) -> Result<(), BuildError> {
    let augment = &plan.augment;
    if augment.applies(EffectKind::Background) {
        let wanted = Wanted {
            key: "augment.backgrounds",
            places: &augment.backgrounds,
            repeats: &augment.background_repeats,
            files: augment.sound_files,
            channel: augment.background_channel.unwrap_or(plan.audio.channel),
        };
        inputs.backgrounds = sounds_in(&wanted, watch, &mut inputs.passed_over)?;
    }
    if augment.applies(EffectKind::Reverb) {
        let wanted = Wanted {
            key: "augment.rirs",
            places: &augment.rirs,
            repeats: &[],
            files: augment.rir_files,
            channel: plan.audio.channel,
        };
        inputs.impulses = sounds_in(&wanted, watch, &mut inputs.passed_over)?;
    }
    Ok(())
}

/// Sounds of one kind, as they are configured.
struct Wanted<'a> {
    key: &'static str,
    /// Files and folders.
    places: &'a [Location],
    /// How often the files of each are listed; once where this is empty.
    repeats: &'a [u32],
    files: SoundFiles,
    channel: Channel,
}

/// The audio files that places name, sorted by their names: as configured and
/// below. A file that several name is there once, unless they say how often.
fn sounds_in(
    wanted: &Wanted<'_>,
    watch: &dyn Watch,
    passed_over: &mut Vec<PassedOver>,
) -> Result<Vec<SoundFile>, BuildError> {
    let key = wanted.key;
    let (kinds, tolerant) = match wanted.files {
        SoundFiles::Wav => (Kinds::WavOnly, true),
        SoundFiles::WavNoCase => (Kinds::WavNoCase, true),
        SoundFiles::Audio => (Kinds::Any, false),
    };
    let mut files: BTreeMap<(Arc<Path>, u64), (FileRange, String, u32)> = BTreeMap::new();
    for (index, place) in wanted.places.iter().enumerate() {
        let repeats = wanted.repeats.get(index);
        let mut found = |file: FileRange, name: String| {
            let key = (Arc::clone(&file.path), file.start);
            let (_, _, listed) = files.entry(key).or_insert((file, name, 0));
            *listed = match repeats {
                Some(repeats) => *listed + repeats,
                None => 1,
            };
        };
        let is_tar = kinds == Kinds::Any && source::is_tar(&place.path);
        if place.path.is_file() && !is_tar {
            found(FileRange::from(&place.path), place.configured.clone());
            continue;
        }
        match source::folder(&place.path, kinds) {
            Ok(listing) => {
                passed_over.extend(passed(&place.configured, &listing));
                for problem in &listing.problems {
                    watch.warn(&format!(
                        "{key}: {}: {}",
                        problem.path.display(),
                        problem.reason
                    ));
                }
                for file in listing.files {
                    // A tar's members are named with it in front.
                    let below = match (is_tar, file.name.split_once('/')) {
                        (true, Some((_, member))) => member,
                        _ => &*file.name,
                    };
                    let name = place.below(below);
                    found(file.file, name);
                }
            }
            Err(error) if tolerant => watch.warn(&format!("{key}: {error}")),
            Err(error) => return Err(BuildError::Sounds { key, error }),
        }
    }
    let mut files: Vec<_> = files
        .into_values()
        .map(|(file, name, listed)| SoundFile {
            name: name.into(),
            file,
            listed,
            channel: effects::channel(wanted.channel),
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    match files.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some([first, second]) => Err(BuildError::SameName {
            key,
            name: first.name.to_string(),
            first: first.file.path.to_path_buf(),
            second: second.file.path.to_path_buf(),
        }),
        _ => Ok(files),
    }
}

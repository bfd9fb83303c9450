//! Finding every clip, background and impulse response of a plan.

mod hours;
mod sounds;
mod wavs;

use std::collections::hash_map::Entry as Slot;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::audio;
use crate::augment::SoundFile;
use crate::config::plan::{ClipFiles, FailurePolicy, Input, Missing, Plan, SplitPlan, WavsIn};
use crate::dataset::layout::AUGMENTED_FOLDER;
use crate::dataset::manifest::PassedOver;
use crate::records::BLOCK;
use crate::source::exclude::Excluded;
use crate::source::order::Shard;
use crate::source::sequence::{self, Entry, Grain, Passes, Run};
use crate::source::{
    self, ClipSource, DiscoverError, FolderSource, GlobSource, Identity, ListSource, Listing, Names,
};

use super::{BuildError, Split, Watch, effects};
use wavs::{check_wav_folders, check_wav_names, check_wav_twins, rows_in, wavs_in};

/// Every file that a build reads.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The splits, in the order they are built.
    pub splits: Vec<Split>,
    /// How the sequence runs over the clips of a split.
    pub passes: Passes,
    /// The sequence: all of it, or a shard's part.
    pub runs: Vec<Run>,
    /// Which part that is.
    pub shard: Option<Shard>,
    /// Spans of the whole sequence.
    pub planned: u64,
    /// Backgrounds, sorted by name.
    pub backgrounds: Vec<SoundFile>,
    /// Impulse responses, sorted by name.
    pub impulses: Vec<SoundFile>,
    /// What lies among them and is neither read nor a known companion.
    pub passed_over: Vec<PassedOver>,
}

impl Inputs {
    /// Clips in all splits, and recordings.
    pub fn clip_count(&self) -> u64 {
        self.splits
            .iter()
            .map(|split| split.clips.len() as u64)
            .sum()
    }

    /// Spans of all splits that are clips, and recordings, which count once.
    pub fn span_count(&self) -> u64 {
        self.runs.iter().map(Run::spans).sum()
    }

    /// The same with other splits: the whole sequence of these.
    pub(super) fn of_splits(&self, splits: Vec<Split>) -> Self {
        let runs = runs_of(&splits, self.passes);
        Self {
            planned: runs.iter().map(Run::spans).sum(),
            runs,
            shard: None,
            splits,
            ..self.clone()
        }
    }

    /// The runs of some splits, in that order, or a shard's part of them: of
    /// recordings whole blocks.
    pub fn runs_of(&self, splits: &[usize], shard: Shard) -> Vec<Run> {
        let runs = splits.iter().flat_map(|split| {
            let of = self.runs.iter().filter(move |run| run.split == *split);
            of.map(|run| (run.clone(), self.grain(run)))
        });
        sequence::cut(&runs.collect::<Vec<_>>(), shard)
    }

    /// Where a run may be cut, every recording taken for as long as another.
    fn grain(&self, run: &Run) -> Grain {
        match self.splits[run.split].plan.recordings {
            None => Grain::Spans(self.passes.rows()),
            Some(_) => {
                let recordings: Vec<usize> = run.clips.clone().collect();
                let blocks = recordings.chunks(BLOCK as usize);
                Grain::Blocks(blocks.map(|block| block.len() as u64).collect())
            }
        }
    }

    /// Spans of one split; of recordings, they themselves.
    pub fn spans_of(&self, split: usize) -> u64 {
        let runs = self.runs.iter().filter(|run| run.split == split);
        runs.map(Run::spans).sum()
    }

    /// Behind a number of spans called clips: that each counts once a round.
    pub fn each_round(&self) -> &'static str {
        match self.passes {
            Passes::Rounds(2..) => " (each counted once a round)",
            _ => "",
        }
    }

    /// Lengths in seconds of at most so many clips, evenly spread over all of
    /// them, by their headers. Those that cannot be read, or whose header gives
    /// no length, are not among them.
    pub fn lengths(&self, most: usize) -> Vec<f64> {
        let of_clips = self
            .splits
            .iter()
            .filter(|split| split.plan.recordings.is_none());
        let count: usize = of_clips.clone().map(|split| split.clips.len()).sum();
        let step = count.div_ceil(most).max(1);
        let clips = of_clips.flat_map(|split| &split.clips);
        let seconds = clips.step_by(step).filter_map(|clip| {
            let info = audio::probe(&clip.id.file).ok()?;
            Some(info.frames? as f64 / f64::from(info.sample_rate))
        });
        seconds.collect()
    }
}

/// The whole sequence of splits; a recording is one span.
fn runs_of(splits: &[Split], passes: Passes) -> Vec<Run> {
    sequence::runs(splits.iter().map(|split| match split.plan.recordings {
        Some(_) => (split.clips.len(), Passes::One(1)),
        None => (split.clips.len(), passes),
    }))
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
    let sources: Vec<_> = plan
        .splits
        .iter()
        .map(|split| (split, source_of(split)))
        .collect();
    if wavs_in(plan, WavsIn::Input) {
        check_wav_folders(&sources)?;
    }
    let mut passed_over = Vec::new();
    let splits = sources
        .into_iter()
        .map(|(split, source)| find_split(plan, split, source, watch, &mut passed_over));
    let splits: Vec<Split> = splits.collect::<Result<_, _>>()?;
    let passes = effects::passes(plan);
    let runs = runs_of(&splits, passes);
    let mut inputs = Inputs {
        planned: runs.iter().map(Run::spans).sum(),
        splits,
        passes,
        runs,
        shard: None,
        backgrounds: Vec::new(),
        impulses: Vec::new(),
        passed_over,
    };
    if inputs.clip_count() == 0 {
        let places = inputs.splits.iter().map(|split| split.source.place());
        return Err(BuildError::NoClips {
            places: places.collect(),
        });
    }
    warn_of_twins(&inputs.splits, watch);
    sounds::find(plan, watch, &mut inputs)?;
    Ok(inputs)
}

/// Says where one file is two clips: in a split it counts twice, and in two
/// splits what is tested was trained on.
fn warn_of_twins(splits: &[Split], watch: &dyn Watch) {
    let mut seen: HashMap<Identity, (&Split, &Entry)> = HashMap::new();
    let mut twins: BTreeMap<(&str, &str), Vec<(&Entry, &Entry)>> = BTreeMap::new();
    let clips = splits
        .iter()
        .flat_map(|split| split.clips.iter().map(move |clip| (split, clip)));
    // Parts of a recording share its file.
    let whole = |(_, clip): &(_, &Entry)| clip.problem.is_none() && clip.segment.is_none();
    for (split, clip) in clips.filter(whole) {
        let Some(identity) = Identity::of(&clip.id.file) else {
            continue;
        };
        match seen.entry(identity) {
            Slot::Vacant(slot) => {
                slot.insert((split, clip));
            }
            Slot::Occupied(slot) => {
                let (first, twin) = *slot.get();
                let pair = (first.name(), split.name());
                twins.entry(pair).or_default().push((twin, clip));
            }
        }
    }
    // A member of a tar by the path that it would have unpacked.
    let path = |split: &str, entry: &Entry| {
        let source = splits.iter().find(|of| of.name() == split);
        let path = source.map(|of| of.source.path_of(&entry.id.name));
        path.unwrap_or_default().display().to_string()
    };
    for ((first, second), pairs) in twins {
        let Some((one, other)) = pairs.first() else {
            continue;
        };
        let more = match pairs.len() - 1 {
            0 => String::new(),
            n => format!(" (and {n} more such files)"),
        };
        watch.warn(&match first == second {
            true => format!(
                "split '{first}' has one file twice: as {} and as {}{more}",
                one.id.name, other.id.name
            ),
            false => format!(
                "splits '{first}' and '{second}' share a file: {} and {} are the same{more}",
                path(first, one),
                path(second, other)
            ),
        });
    }
}

/// What reads a split's clips.
pub(super) fn source_of(split: &SplitPlan) -> Arc<dyn ClipSource> {
    let path = split.input.location().path.clone();
    match split.input {
        Input::Folder(_) => Arc::new(FolderSource {
            path,
            names: match split.files {
                ClipFiles::Audio => Names::Audio,
                ClipFiles::Wav => Names::Wav,
                ClipFiles::Numbered => Names::Numbered,
                ClipFiles::Augmented => Names::Augmented,
            },
        }),
        Input::Glob(_) => Arc::new(GlobSource {
            pattern: path.to_string_lossy().into_owned(),
        }),
        Input::List(_) => Arc::new(ListSource {
            path,
            parts: split.recordings.is_some(),
        }),
    }
}

fn find_split(
    plan: &Plan,
    split: &SplitPlan,
    source: Arc<dyn ClipSource>,
    watch: &dyn Watch,
    passed_over: &mut Vec<PassedOver>,
) -> Result<Split, BuildError> {
    let listing = listing(plan, split, &*source, watch)?;
    passed_over.extend(passed(&split.input.location().configured, &listing));
    let mut clips = listing.into_entries(&source.root().unwrap_or_default());
    let (wavs, stale) = if wavs_in(plan, WavsIn::Input) {
        clips.retain(|clip| !source::is_row_name(&clip.id.name));
        check_wav_names(split, &clips)?;
        let root = source.root();
        let stale = root.as_deref().map(rows_in).unwrap_or_default();
        (root, stale)
    } else if wavs_in(plan, WavsIn::Output) {
        check_wav_twins(split, &clips)?;
        let folder = plan.output.path.join(AUGMENTED_FOLDER).join(&split.name);
        let stale = source::written_rows(&folder);
        (Some(folder), stale)
    } else {
        (None, Vec::new())
    };
    Ok(Split {
        plan: split.clone(),
        source,
        excluded: excluded(split, &clips, watch)?,
        clips,
        wavs,
        stale,
    })
}

/// What is left out of a split's recordings.
fn excluded(
    split: &SplitPlan,
    recordings: &[Entry],
    watch: &dyn Watch,
) -> Result<Arc<Excluded>, BuildError> {
    let list = split.recordings.as_ref().and_then(|of| of.exclude.as_ref());
    let Some(list) = list else {
        return Ok(Arc::default());
    };
    let excluded = Excluded::read(&list.path).map_err(|error| BuildError::Input {
        split: split.name.clone(),
        error,
    })?;
    let unmatched = excluded.unmatched(recordings);
    if let Some(first) = unmatched.first() {
        watch.warn(&format!(
            "split '{}': {} of the names in {list} are of none of its recordings, '{first}' the first; nothing is left out for them",
            split.name,
            unmatched.len()
        ));
    }
    Ok(excluded.into())
}

/// What was passed over in a place, if anything.
fn passed(place: &str, listing: &Listing) -> Option<PassedOver> {
    let files = &listing.passed_over;
    (!files.0.is_empty()).then(|| PassedOver {
        place: place.to_owned(),
        files: files.clone(),
    })
}

fn listing(
    plan: &Plan,
    split: &SplitPlan,
    source: &dyn ClipSource,
    watch: &dyn Watch,
) -> Result<Listing, BuildError> {
    let listing = match split.missing {
        Missing::Error => source.list(),
        Missing::Skip => tolerate(source.list(), &split.name, watch),
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
    Ok(listing)
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

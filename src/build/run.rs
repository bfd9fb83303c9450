//! The whole build: from what is in the output folder to the finished data set.

use std::path::Path;

use crate::config::plan::{FailurePolicy, Layout, Plan};
use crate::dataset::RowSink;
use crate::dataset::audit::AuditSettings;
use crate::dataset::folder::{Existing, Folder, State};
use crate::dataset::journal::{Journal, Opened};
use crate::dataset::layout::{AUDIT_FILE, index_file};
use crate::dataset::manifest::{AuditReport, Dataset};
use crate::dataset::seal::Seal;
use crate::dataset::write::{
    Commit, Finished, RecordingsSettings, SplitSettings, Step, Told, WriteError, WriteSettings,
    Writer, Written,
};
use crate::flow::{CancelToken, Sheltered, both};
use crate::records::EMBEDDING;

use super::levels::RecordingLevels;
use super::manifest::manifest;
use super::origin::{Named, Origin, Stamped, lists};
use super::stream::Streamed;
use super::timeline::{Moment, Timeline};
use super::{BuildError, Event, Ready, Split, Watch};

/// What `dataset.json` and the journal take on the disk, about.
const DATASET_BYTES: u64 = 64 << 10;

/// Why a finished data set does not serve that is the same but for clips left out.
pub(super) const FEWER: &str = "more clips were left out of it than 'failures' allows now";

/// How a build ended well.
#[derive(Debug)]
pub enum Outcome {
    /// The data set was there already, from the same configuration and inputs.
    UpToDate,
    /// It was built.
    Built(Box<Built>),
}

/// A data set that was just built. As long as this lives, no other build may
/// write to its folder.
#[derive(Debug)]
pub struct Built {
    /// What it is.
    pub dataset: Dataset,
    /// How the flow went over time.
    pub moments: Vec<Moment>,
    /// How loud the longest recordings are over time, the longest first.
    pub levels: Vec<RecordingLevels>,
    pub(super) folder: Folder,
}

impl Built {
    /// The output folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// What a build or a shard came to.
pub(super) struct Made<S> {
    /// The file that completes it.
    pub(super) seal: S,
    /// Where it is, locked.
    pub(super) folder: Folder,
    /// How the flow went over time.
    pub(super) moments: Vec<Moment>,
    /// How loud the longest recordings are over time.
    pub(super) levels: Vec<RecordingLevels>,
}

/// An output folder that a build may write to.
struct Begun {
    folder: Folder,
    journal: Journal,
    /// What an earlier run had committed last.
    last: Option<Commit>,
}

/// A flow that has come to its end, with all files but the one that completes them.
pub(super) struct Ended {
    folder: Folder,
    pub(super) streamed: Streamed,
    pub(super) written: Written,
    /// What the audit found of the whole set.
    pub(super) audit: AuditReport,
    /// Rows that earlier runs had committed.
    pub(super) rows_resumed: u64,
    /// How loud the longest recordings are.
    pub(super) levels: Vec<RecordingLevels>,
}

impl Ended {
    /// Where it is.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }
}

impl Ready {
    /// Builds the data set in the plan's output folder.
    ///
    /// # Errors
    /// An output folder that cannot be used as `existing` says; whatever stops
    /// the flow: a clip under the policy `stop`, a full disk, a cancel.
    pub fn run(
        &self,
        existing: Existing,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Outcome, BuildError> {
        let stamped = Stamped::look(&self.inputs, self.sounds());
        let origin = Origin::new(&self.plan, stamped, &self.front_end);
        let serves = |found: &Dataset| match found.fingerprint == origin.fingerprint {
            true if self.tolerates(found.failed()) => Ok(()),
            true => Err(FEWER.to_owned()),
            false => Err(origin.since(found, &|| self.names())),
        };
        let seal = |ended: &Ended| manifest(self, &origin, ended);
        let made = self.make(&origin, serves, seal, existing, watch, cancel)?;
        Ok(match made {
            None => Outcome::UpToDate,
            Some(made) => Outcome::Built(Box::new(Built {
                dataset: made.seal,
                moments: made.moments,
                levels: made.levels,
                folder: made.folder,
            })),
        })
    }

    /// Builds into the plan's output folder what `seal` completes; `None` where it
    /// is there already, and `serves`.
    pub(super) fn make<S: Seal>(
        &self,
        origin: &Origin,
        serves: impl Fn(&S) -> Result<(), String>,
        seal: impl FnOnce(&Ended) -> Result<S, BuildError>,
        existing: Existing,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Option<Made<S>>, BuildError> {
        let watch = &Sheltered(watch);
        let Some(begun) = self.begin(origin, serves, existing, watch)? else {
            return Ok(None);
        };
        let timeline = Timeline::new(watch);
        let mut ended = self.write(begun, &timeline, watch, cancel)?;
        let (moments, levels) = timeline.into_parts();
        ended.levels = levels;
        let seal = seal(&ended)?;
        self.warn_of_differences(watch);
        let (folder, spans) = (ended.folder, self.inputs.span_count());
        folder
            .complete(&seal)
            .map_err(|cause| self.unfinished(cause.into(), spans, watch))?;
        watch.hear(Event::Reached(Step::Renamed));
        folder.remove_journal()?;
        Ok(Some(Made {
            seal,
            folder,
            moments,
            levels: ended.levels,
        }))
    }

    /// The names of all inputs, with what they look like now.
    fn names(&self) -> Vec<(String, Vec<Named<'_>>)> {
        lists(&self.inputs, self.sounds()).collect()
    }

    /// Opens the output folder, and settles how much of the build is in it;
    /// `None` where all is.
    fn begin<S: Seal>(
        &self,
        origin: &Origin,
        serves: impl Fn(&S) -> Result<(), String>,
        existing: Existing,
        watch: &dyn Watch,
    ) -> Result<Option<Begun>, BuildError> {
        let plan = &self.plan;
        let begun = match Folder::open(&plan.output.path, &row_files(plan), serves, existing)? {
            State::UpToDate => return Ok(None),
            State::Empty(folder) => Begun {
                journal: Journal::create(&folder.journal(), origin)?,
                folder,
                last: None,
            },
            State::Begun(folder, opened) => {
                self.check(origin, &opened, watch)?;
                Begun {
                    folder,
                    journal: opened.journal,
                    last: opened.last,
                }
            }
        };
        if begun.last.is_none() {
            for split in &self.inputs.splits {
                split.remove_stale_wavs()?;
            }
        }
        for split in &self.inputs.splits {
            split.make_wav_folders(&self.plan.output.path)?;
        }
        watch.hear(Event::Started(&self.inputs));
        Ok(Some(begun))
    }

    /// Runs the flow into the files of the output folder.
    fn write(
        &self,
        begun: Begun,
        timeline: &Timeline<'_>,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Ended, BuildError> {
        let Begun {
            folder,
            journal,
            last,
        } = begun;
        let told = |told: Told<'_>| match told {
            Told::Taken(taken) => {
                timeline.took(&taken);
                watch.hear(Event::Taken(&taken));
            }
            Told::Step(step) => watch.hear(Event::Reached(step)),
        };
        let settings = self.write_settings(self.audit_settings(last.as_ref(), watch));
        let mut write = Writer::open(folder.path(), settings, journal, last.as_ref(), told)
            .map_err(|error| match error {
                WriteError::File(error) if error.is_loss() => BuildError::Lost(error),
                error => error.into(),
            })?;
        if let Some(last) = &last {
            watch.hear(Event::Resumed(last));
        }

        let turns = last.as_ref().and_then(|last| last.turns.clone());
        let batches = self.batches(write.spans(), turns);
        let (streamed, ended) = self.flow(batches, &mut write, timeline, cancel);
        let committed = write.commit().map_err(BuildError::from);
        let kept = write.kept();
        let unfinished = |cause| self.unfinished(cause, kept, watch);
        // The flow's own end is the cause, if it had one.
        ended
            .map_err(BuildError::from)
            .and(committed)
            .map_err(unfinished)?;
        let failed = |error: WriteError| unfinished(error.into());
        let lines = write.finish_lines().map_err(failed)?;
        // What the audit reads of the lines, it reads while the features are hashed.
        let are_audited = lines.are_audited();
        let known = || self.audit_lines(folder.path(), are_audited);
        let (known, finished) = both(known, || lines.finish());
        let Finished { mut written, audit } = finished.map_err(failed)?;
        let audited = known.and_then(|known| self.audit_set(folder.path(), known, audit));
        let (sha256, audit) = audited.map_err(unfinished)?;
        written
            .files
            .extend(sha256.map(|sha256| (AUDIT_FILE.to_owned(), sha256)));
        Ok(Ended {
            folder,
            streamed,
            written,
            audit,
            rows_resumed: last.as_ref().map_or(0, Commit::rows),
            levels: Vec::new(),
        })
    }

    /// Says where the features are not those of the published graphs.
    fn warn_of_differences(&self, watch: &dyn Watch) {
        let differences = self.front_end.differences();
        if let Some(found) = differences.filter(|found| !found.is_small()) {
            watch.warn(&format!(
                "the features are further from the published graphs' than they should be: up to {} dB, and {} in an embedding",
                found.mel_db, found.embedding
            ));
        }
    }

    /// Whether an unfinished build can be gone on with to the bytes of one
    /// build.
    fn check(
        &self,
        origin: &Origin,
        begun: &Opened<Origin, Commit>,
        watch: &dyn Watch,
    ) -> Result<(), BuildError> {
        if !origin.continues(&begun.first) {
            return Err(BuildError::Changed {
                path: self.plan.output.path.clone(),
                changes: origin.changes(&begun.first, &|| self.names()),
            });
        }
        if begun.last.is_some() && !origin.judges_as(&begun.first) {
            watch.warn("the audit's rules have changed: what was committed before was judged by those of then (--overwrite judges all anew)");
        }
        if begun.torn {
            watch.warn("the journal's last record is torn: going on from the one before");
        }
        Ok(())
    }

    /// Says what an unfinished build keeps, and what a full disk lacks.
    fn unfinished(&self, cause: BuildError, kept: u64, watch: &dyn Watch) -> BuildError {
        let planned = self.inputs.span_count();
        let go_on = match self.inputs.shard {
            Some(_) => "the same command goes on",
            None => "go on with --resume (with the same inputs)",
        };
        watch.warn(&format!(
            "{kept} of {planned} clips{} are kept in {}: {go_on}, or start over with --overwrite",
            self.inputs.each_round(),
            self.plan.output
        ));
        if cause.is_file_too_large() {
            return BuildError::FileTooLarge(Box::new(cause));
        }
        if !cause.is_disk_full() {
            return cause;
        }
        let rows = (planned - kept) * u64::from(self.inputs.passes.rows());
        BuildError::DiskFull {
            needed: rows * self.bytes_per_row() + DATASET_BYTES,
            cause: Box::new(cause),
        }
    }

    /// What one row takes on the disk, in bytes, about.
    fn bytes_per_row(&self) -> u64 {
        /// A line of `rows.jsonl` with an equalizer is 1.3 kB, one without 0.3.
        const LINE: usize = 600;
        let plan = &self.plan;
        let features = plan.features.timesteps * EMBEDDING * size_of::<f32>();
        let line = if plan.output_files.rows { LINE } else { 0 };
        let wav = match plan.output_files.wavs {
            true => plan.audio.clip_samples * size_of::<i16>(),
            false => 0,
        };
        (features + line + wav) as u64
    }

    /// Spans that may be left out, by a shard as many as by the whole build; `None`
    /// where the first stops it.
    pub fn tolerated(&self) -> Option<u64> {
        tolerated(&self.plan, self.inputs.planned)
    }

    pub(super) fn tolerates(&self, left_out: u64) -> bool {
        left_out <= self.tolerated().unwrap_or(0)
    }

    fn write_settings(&self, audit: Option<AuditSettings>) -> WriteSettings {
        let plan = &self.plan;
        let rate = f64::from(plan.audio.sample_rate);
        let split = |split: &Split| SplitSettings {
            name: split.plan.name.clone(),
            features: split.plan.features.clone(),
            dtype: split.plan.dtype.into(),
            recordings: split.plan.recordings.as_ref().map(|of| RecordingsSettings {
                count: u32::try_from(split.clips.len()).unwrap_or(u32::MAX),
                steps: of.layout == Layout::Steps,
                lines: of.augment,
                hop_seconds: plan.hop_samples(of) as f64 / rate,
            }),
        };
        let splits = self.inputs.splits.iter();
        WriteSettings {
            splits: splits.map(split).collect(),
            row_shape: [plan.features.timesteps, EMBEDDING],
            rows: plan.output_files.rows,
            audit,
            tolerated: self.tolerated(),
        }
    }
}

/// The names of the files that hold the rows of a plan, and of their indices.
pub(super) fn row_files(plan: &Plan) -> Vec<String> {
    let recordings = plan.splits.iter().filter(|of| of.recordings.is_some());
    let indices = recordings.map(|split| index_file(&split.name));
    let features = plan.splits.iter().map(|split| split.features.clone());
    features.chain(indices).collect()
}

/// Of so many spans, those that may be left out; `None` where the first stops the
/// build.
pub(super) fn tolerated(plan: &Plan, planned: u64) -> Option<u64> {
    match plan.failures.policy {
        FailurePolicy::Stop => None,
        FailurePolicy::Skip => Some((plan.failures.max_rate * planned as f64).floor() as u64),
    }
}

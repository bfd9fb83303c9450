//! The whole build: from what is in the output folder to the finished data set.

use std::path::Path;

use crate::config::plan::{ElementType, FailurePolicy, Layout};
use crate::dataset::RowSink;
use crate::dataset::folder::{Existing, Folder, State};
use crate::dataset::journal::{Journal, Opened};
use crate::dataset::layout::INDEX_ENDING;
use crate::dataset::manifest::Dataset;
use crate::dataset::npy::DType;
use crate::dataset::write::{
    Commit, RecordingsSettings, SplitSettings, Step, Told, WriteError, WriteSettings, Writer,
    Written,
};
use crate::flow::{CancelToken, Sheltered};
use crate::records::EMBEDDING;

use super::manifest::manifest;
use super::origin::Origin;
use super::stream::Streamed;
use super::timeline::{Moment, Timeline};
use super::{BuildError, Event, Ready, Split, Watch};

/// What `dataset.json` and the journal take on the disk, about.
const DATASET_BYTES: u64 = 64 << 10;

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
    folder: Folder,
}

impl Built {
    /// The output folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// An output folder that a build may write to.
struct Begun {
    folder: Folder,
    journal: Journal,
    /// What an earlier run had committed last.
    last: Option<Commit>,
}

/// A flow that has come to its end, with all files of the data set but
/// `dataset.json`.
struct Ended {
    folder: Folder,
    streamed: Streamed,
    written: Written,
    /// Rows that earlier runs had committed.
    rows_resumed: u64,
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
        let watch = &Sheltered(watch);
        let origin = Origin::new(&self.plan, &self.inputs, self.sounds(), &self.front_end);
        let Some(begun) = self.begin(&origin, existing, watch)? else {
            return Ok(Outcome::UpToDate);
        };
        let timeline = Timeline::new(watch);
        let Ended {
            folder,
            streamed,
            written,
            rows_resumed,
        } = self.write(begun, &timeline, watch, cancel)?;
        let dataset = manifest(self, &origin, streamed, written, rows_resumed)?;
        self.warn_of_differences(watch);
        let spans = self.inputs.span_count();
        folder
            .complete(&dataset)
            .map_err(|cause| self.unfinished(cause.into(), spans, watch))?;
        watch.hear(Event::Reached(Step::Renamed));
        folder.remove_journal()?;
        Ok(Outcome::Built(Box::new(Built {
            dataset,
            moments: timeline.into_moments(),
            folder,
        })))
    }

    /// Opens the output folder, and settles how much of the build is in it;
    /// `None` where all is.
    fn begin(
        &self,
        origin: &Origin,
        existing: Existing,
        watch: &dyn Watch,
    ) -> Result<Option<Begun>, BuildError> {
        let plan = &self.plan;
        let splits = plan.splits.iter();
        let indices: Vec<String> = splits
            .clone()
            .filter(|split| split.recordings.is_some())
            .map(|split| format!("{}{INDEX_ENDING}", split.name))
            .collect();
        let features = splits.map(|split| &*split.features);
        let features: Vec<&str> = features.chain(indices.iter().map(String::as_str)).collect();
        let serves = |found: &Dataset| match found.fingerprint == origin.fingerprint {
            true if self.tolerates(found.left_out()) => Ok(()),
            true => Err("more clips were left out of it than 'failures' allows now".to_owned()),
            false => Err(origin.since(found, &self.inputs, self.sounds())),
        };
        let begun = match Folder::open(&plan.output.path, &features, serves, existing)? {
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
                timeline.wrote(taken.rows);
                watch.hear(Event::Taken(&taken));
            }
            Told::Step(step) => watch.hear(Event::Reached(step)),
        };
        let settings = self.write_settings();
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
        let written = write.finish().map_err(|error| unfinished(error.into()))?;
        Ok(Ended {
            folder,
            streamed,
            written,
            rows_resumed: last.as_ref().map_or(0, Commit::rows),
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
        if begun.first.fingerprint != origin.fingerprint {
            return Err(BuildError::Changed {
                path: self.plan.output.path.clone(),
                changes: origin.changes(&begun.first, &self.inputs, self.sounds()),
            });
        }
        if begun.torn {
            watch.warn("the journal's last record is torn: going on from the one before");
        }
        Ok(())
    }

    /// Says what an unfinished build keeps, and what a full disk lacks.
    fn unfinished(&self, cause: BuildError, kept: u64, watch: &dyn Watch) -> BuildError {
        let planned = self.inputs.span_count();
        watch.warn(&format!(
            "{kept} of {planned} clips{} are kept in {}: go on with --resume (with the same inputs), or start over with --overwrite",
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

    /// Spans that may be left out; `None` where the first stops the build.
    pub fn tolerated(&self) -> Option<u64> {
        let failures = self.plan.failures;
        let planned = self.inputs.span_count() as f64;
        match failures.policy {
            FailurePolicy::Stop => None,
            FailurePolicy::Skip => Some((failures.max_rate * planned).floor() as u64),
        }
    }

    fn tolerates(&self, left_out: u64) -> bool {
        left_out <= self.tolerated().unwrap_or(0)
    }

    fn write_settings(&self) -> WriteSettings {
        let plan = &self.plan;
        let rate = f64::from(plan.audio.sample_rate);
        let split = |split: &Split| SplitSettings {
            name: split.plan.name.clone(),
            features: split.plan.features.clone(),
            dtype: match split.plan.dtype {
                ElementType::Float32 => DType::Float32,
                ElementType::Float16 => DType::Float16,
            },
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
            tolerated: self.tolerated(),
        }
    }
}

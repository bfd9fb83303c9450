//! The composition root: from a plan to a data set.
//!
//! [`prepare`] finds every input and settles every number, so that a plan can
//! be shown or refused before any work starts; [`Build::run`] is the whole build,
//! `stream.rs` the flow in it. [`faults`] says what happens when something goes wrong.

pub mod balance;

mod dataset;
mod describe;
mod error;
#[doc = include_str!("faults.md")]
pub mod faults {}
mod folder;
mod inputs;
pub mod inspect;
mod origin;
mod render;
mod report;
mod sizing;
mod stream;
mod tune;

use std::sync::Arc;

pub use dataset::{Dataset, StageTimes};
pub use error::BuildError;
pub use folder::{Existing, JOURNAL_FILE, LOCK_FILE};
pub use inputs::Inputs;
pub use report::REPORT_FILE;
pub use sizing::{STAGES, Sizing, cores};
pub use tune::{Prediction, Sample, StageCost, Tuning, sample_rows};

use crate::config::plan::{FailurePolicy, Plan};
use crate::flow::{CancelToken, Observer};
use crate::formats::audio::Limits;
use crate::formats::journal::{Journal, Opened};
use crate::models::FrontEnd;
use crate::stages::Buffers;
use crate::stages::augment::Augment;
use crate::stages::decode::Decode;
use crate::stages::embed::EMBEDDING_SIZE;
use crate::stages::write::{Commit, Step, Taken, Told, WriteError, WriteSettings, Writer};

use folder::{Folder, State};
use origin::Origin;
use render::Renderer;
use report::Timeline;

/// What `dataset.json` and the journal take on the disk, about.
const DATASET_BYTES: u64 = 64 << 10;

/// Is told how a build goes.
pub trait Watch: Observer {
    /// Something the user should know.
    fn warn(&self, text: &str);

    /// The flow starts.
    fn started(&self, _splits: &[&str], _inputs: &Inputs) {}

    /// The writer has taken a batch.
    fn taken(&self, _taken: &Taken<'_>) {}

    /// The flow goes on where an earlier one was interrupted, after what it had
    /// committed.
    fn resumed(&self, _commit: &Commit) {}

    /// The writer has made a step that a crash must be able to follow.
    fn reached(&self, _step: Step) {}
}

/// A build that is ready to run.
#[derive(Debug)]
pub struct Build {
    /// What will run.
    pub plan: Plan,
    /// Every clip, background and impulse response.
    pub inputs: Inputs,
    /// Workers, batches and memory.
    pub sizing: Sizing,
}

/// How a build ended well.
#[derive(Debug)]
pub enum Outcome {
    /// The data set was built.
    Built(Box<Dataset>),
    /// It was there already, from the same configuration and inputs.
    UpToDate,
}

/// Finds every input and settles every number.
///
/// # Errors
/// A split without clips, an input that is missing or unreadable.
pub fn prepare(mut plan: Plan, cores: usize, watch: &dyn Watch) -> Result<Build, BuildError> {
    inputs::skip_missing(&mut plan, watch);
    let inputs = inputs::find(&plan, watch)?;
    let sizing = sizing::settle(&plan, cores);
    Ok(Build {
        plan,
        inputs,
        sizing,
    })
}

impl Build {
    /// Builds the data set.
    ///
    /// # Errors
    /// An output folder that cannot be used as `existing` says; whatever stops
    /// the flow: a clip under the policy `stop`, a full disk, a cancel.
    pub fn run(
        &self,
        front_end: FrontEnd,
        existing: Existing,
        watch: &dyn Watch,
        cancel: &CancelToken,
    ) -> Result<Outcome, BuildError> {
        let plan = &self.plan;
        let front_end = Arc::new(front_end);
        let origin = Origin::new(plan, &self.inputs, &front_end);
        let features: Vec<&str> = plan
            .splits
            .iter()
            .map(|split| split.features.as_str())
            .collect();
        let serves = |found: &Dataset| {
            found.fingerprint == origin.fingerprint && self.tolerates(found.left_out())
        };
        let (folder, journal, last) = match Folder::open(&plan.output, &features, serves, existing)?
        {
            State::UpToDate => return Ok(Outcome::UpToDate),
            State::Empty(folder) => {
                let journal = Journal::create(&folder.journal(), &origin)?;
                (folder, journal, None)
            }
            State::Begun(folder, begun) => {
                self.check(&origin, &begun, watch)?;
                (folder, begun.journal, begun.last)
            }
        };
        if plan.output_files.wavs && last.is_none() {
            self.inputs.remove_stale_wavs()?;
        }
        let names: Vec<&str> = plan
            .splits
            .iter()
            .map(|split| split.name.as_str())
            .collect();
        watch.started(&names, &self.inputs);
        let stages = self.stages(&front_end, watch)?;
        let timeline = Timeline::new(watch);
        let told = |told: Told<'_>| match told {
            Told::Taken(taken) => {
                timeline.wrote(taken.rows);
                watch.taken(&taken);
            }
            Told::Step(step) => watch.reached(step),
        };
        let settings = self.write_settings();
        let mut write = Writer::open(
            folder.path(),
            settings,
            journal,
            last.as_ref(),
            stages.buffers.clone(),
            told,
        )
        .map_err(|error| match error {
            WriteError::File(error) if error.is_loss() => BuildError::Lost(error),
            error => error.into(),
        })?;
        if let Some(last) = &last {
            watch.resumed(last);
        }

        let skip = write.clips();
        let (streamed, ended) = self.stream(&stages, skip, &mut write, &timeline, cancel);
        let committed = write.commit().map_err(BuildError::from);
        let kept = write.kept();
        let unfinished = |cause| self.unfinished(cause, kept, watch);
        // The flow's own end is the cause, if it had one.
        ended
            .map_err(BuildError::from)
            .and(committed)
            .map_err(unfinished)?;
        let written = write.finish().map_err(|error| unfinished(error.into()))?;
        let before = last.as_ref().map_or(0, Commit::rows);
        let dataset = Dataset::new(
            self,
            origin.fingerprint,
            streamed,
            written,
            &front_end,
            before,
        )?;
        let facts = report::Facts {
            build: self,
            dataset: &dataset,
            timeline: &timeline,
            front_end: &front_end,
            full_scale: stages.mel.full_scale,
        };
        let renderer = Renderer::new(&stages.decode, &stages.augment)?;
        // A data set without a report is still one.
        if let Err(error) = report::write(folder.path(), facts, renderer) {
            watch.warn(&format!("there is no {REPORT_FILE}: {error}"));
        }
        folder.complete(&dataset).map_err(unfinished)?;
        watch.reached(Step::Renamed);
        folder.close()?;
        Ok(Outcome::Built(Box::new(dataset)))
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
                path: self.plan.output.clone(),
                changes: origin.changes(&begun.first, &self.plan, &self.inputs),
            });
        }
        if begun.torn {
            watch.warn("the journal's last record is torn: going on from the one before");
        }
        Ok(())
    }

    /// Says what an unfinished build keeps, and what a full disk lacks.
    fn unfinished(&self, cause: BuildError, kept: u64, watch: &dyn Watch) -> BuildError {
        let planned = self.inputs.clip_count();
        watch.warn(&format!(
            "{kept} of {planned} clips are kept in {}: go on with --resume",
            self.plan.output.display()
        ));
        if !cause.is_disk_full() {
            return cause;
        }
        let rows = (planned - kept) * u64::from(self.rounds());
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
        let features = plan.features.timesteps * EMBEDDING_SIZE * size_of::<f32>();
        let line = if plan.output_files.rows { LINE } else { 0 };
        let wav = match plan.output_files.wavs {
            true => plan.audio.clip_samples * size_of::<i16>(),
            false => 0,
        };
        (features + line + wav) as u64
    }

    /// Rows a clip.
    fn rounds(&self) -> u32 {
        self.plan
            .augment
            .as_ref()
            .map_or(1, |augment| augment.rounds)
    }

    /// Clips that may be left out; `None` where the first stops the build.
    fn tolerated(&self) -> Option<u64> {
        let failures = self.plan.failures;
        let planned = self.inputs.clip_count() as f64;
        match failures.policy {
            FailurePolicy::Stop => None,
            FailurePolicy::Skip => Some((failures.max_rate * planned).floor() as u64),
        }
    }

    fn tolerates(&self, left_out: u64) -> bool {
        left_out <= self.tolerated().unwrap_or(0)
    }

    /// The stage that reads clips.
    fn decode(&self, buffers: &Buffers) -> Decode {
        Decode {
            sample_rate: self.plan.audio.sample_rate,
            limits: Limits {
                max_seconds: self.plan.audio.max_seconds,
            },
            buffers: buffers.clone(),
        }
    }

    /// The stage that augments clips.
    ///
    /// # Errors
    /// A background or impulse response that cannot be read, under the policy
    /// `stop`.
    pub fn augment(&self, watch: &dyn Watch, buffers: &Buffers) -> Result<Augment, BuildError> {
        Ok(Augment {
            effects: Arc::new(inputs::effects(&self.plan)),
            splits: inputs::rules(&self.plan).into(),
            sounds: Arc::new(inputs::sounds(&self.plan, &self.inputs, watch)?),
            buffers: buffers.clone(),
        })
    }

    fn write_settings(&self) -> WriteSettings {
        let plan = &self.plan;
        let splits = plan.splits.iter();
        WriteSettings {
            splits: splits
                .map(|split| (split.name.clone(), split.features.clone()))
                .collect(),
            row_shape: [plan.features.timesteps, EMBEDDING_SIZE],
            rows: plan.output_files.rows,
            tolerated: self.tolerated(),
            commit_every: plan.flow.commit_every,
        }
    }
}

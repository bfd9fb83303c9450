//! Why a build failed.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::audio::AudioError;
use crate::augment::SoundError;
use crate::dataset::DatasetError;
use crate::dataset::partial::WriteError as FileError;
use crate::dataset::shards::ShardsError;
use crate::dataset::write::WriteError;
use crate::dsp::resample::ResampleError;
use crate::flow::FlowError;
use crate::runtime::ModelError;
use crate::source::DiscoverError;

/// Why a build failed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A split's clips cannot be found.
    #[error("split '{split}': {error}\n  check the split's `input`")]
    Input {
        /// The split.
        split: String,
        /// Why.
        #[source]
        error: DiscoverError,
    },
    /// Something in a split's input looks like a clip and cannot be one.
    #[error("split '{split}': {}: {reason}\n  mend or remove it, or leave it out with failures.policy = \"skip\"", path.display())]
    Unusable {
        /// The split.
        split: String,
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// No split has a clip.
    #[error("there is nothing to build: no split has a clip\n  looked in: {}", places.join(", "))]
    NoClips {
        /// Where clips were looked for.
        places: Vec<String>,
    },
    /// No clip of the split that tells the window says how long it is.
    #[error(
        "audio.clip_seconds is \"auto\", and no clip of split '{split}' says how long it is: give a number of seconds (such as --set audio.clip_seconds=2)"
    )]
    NoLength {
        /// The split.
        split: String,
    },
    /// More recordings would be open at once than there is memory for.
    #[error(
        "the recordings that are open at once take up to {} MiB, more than half of flow.memory, which is {} MiB: lower the split's interleave, or raise flow.memory",
        open >> 20,
        memory >> 20
    )]
    OpenRecordings {
        /// What they take, in bytes.
        open: u64,
        /// What there is.
        memory: u64,
    },
    /// Rows of a clip would be written outside of the output folder.
    #[error(
        "split '{split}': the rows of {clip} would be written outside of the output folder: name it by a path below the list's folder, or set output_files.wavs to false"
    )]
    WavOutside {
        /// The split.
        split: String,
        /// The clip.
        clip: String,
    },
    /// Rows of two clips would be written to one file.
    #[error(
        "split '{split}': the rows of {first} and of {second} would have the same names: rename one, or set output_files.wavs to false"
    )]
    WavTwins {
        /// The split.
        split: String,
        /// One clip.
        first: String,
        /// The other.
        second: String,
    },
    /// Backgrounds or impulse responses cannot be found.
    #[error("{key}: {error}")]
    Sounds {
        /// The key that names them.
        key: &'static str,
        /// Why.
        #[source]
        error: DiscoverError,
    },
    /// Two files have one name in `rows.jsonl`: the same relative path, configured
    /// in two places that start from different folders.
    #[error("{key}: '{name}' names two files, {} and {}\n  write one of the two folders by its absolute path", first.display(), second.display())]
    SameName {
        /// The key that names them.
        key: &'static str,
        /// The name of both.
        name: String,
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A background or impulse response cannot be read.
    #[error(
        "background or impulse response {0}\n  mend or remove it, or go on without it with failures.policy = \"skip\""
    )]
    Sound(#[source] AudioError),
    /// A background or impulse response cannot be used.
    #[error(transparent)]
    SoundUse(#[from] SoundError),
    /// WAVs can only be written beside clips named as livekit-wakeword names them.
    #[error(
        "split '{split}': output_files.wavs needs clips named clip_NNNNNN.wav right in the input folder, and there is {clip}"
    )]
    WavName {
        /// The split.
        split: String,
        /// The clip.
        clip: String,
    },
    /// WAVs of a split have no folder of their own to go to.
    #[error("split '{split}': output_files.wavs needs a folder of its own as input, and {reason}")]
    WavFolder {
        /// The split.
        split: String,
        /// What it has instead.
        reason: String,
    },
    /// An unfinished build has lost what was committed to it.
    #[error("{0}\n  start over (--overwrite instead of --resume), or choose another output")]
    Lost(#[source] FileError),
    /// An unfinished build was begun from something else.
    #[error("cannot go on with {}: the result would not be that of one build, because this has changed:\n    {}\n  undo that, start over (--overwrite instead of --resume), or choose another output", path.display(), changes.join("\n    "))]
    Changed {
        /// The output folder.
        path: PathBuf,
        /// What has changed.
        changes: Vec<String>,
    },
    /// The disk is full.
    #[error("the disk is full, and the rest of the data set needs about {} more\n  make room, and go on with --resume", size(*needed))]
    DiskFull {
        /// Bytes that what is not yet committed needs.
        needed: u64,
        /// Where it was noticed.
        #[source]
        cause: Box<BuildError>,
    },
    /// A file may not grow further.
    #[error(
        "a limit on the size of files is met: this process's (ulimit -f), or the file system's\n  raise it, and go on with --resume"
    )]
    FileTooLarge(#[source] Box<BuildError>),
    /// The operating system refused.
    #[error("cannot {action} {}: {error}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// Why it failed.
        #[source]
        error: std::io::Error,
    },
    /// A network or its runtime cannot be had.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Rows were asked for in a way that cannot be.
    #[error("{0}")]
    Stream(String),
    /// A clip of a stream cannot be processed, and none may be left out.
    #[error(
        "split '{split}', clip '{clip}', {stage}: {reason}\n  mend or remove it, or go on without such clips with failures.policy = \"skip\""
    )]
    Rejected {
        /// The split.
        split: String,
        /// The clip.
        clip: String,
        /// The stage that refused it.
        stage: &'static str,
        /// Why.
        reason: String,
    },
    /// More clips of an epoch were left out than allowed.
    #[error(
        "more clips of an epoch are left out than failures.max_rate allows ({tolerated}); the last was '{clip}', {stage}: {reason}\n  mend or remove such clips, or raise failures.max_rate"
    )]
    TooMany {
        /// Clips that may be.
        tolerated: u64,
        /// The last one.
        clip: String,
        /// The stage that refused it.
        stage: &'static str,
        /// Why.
        reason: String,
    },
    /// A rule of the audit ends the build, when all rows are there.
    #[error(
        "the audit ends the build: {findings} findings of the set by a rule that says \"fail\", the first {first}\n  mend the inputs and start over (--overwrite), or change the rule and go on (--resume)"
    )]
    Audit {
        /// How many.
        findings: u64,
        /// The first one.
        first: String,
    },
    /// The audit's classifier takes rows of another length.
    #[error(
        "audit.classifier: {} takes {steps} embeddings a row, and the rows of this build have {timesteps}\n  name a classifier of such rows, or leave audit.classifier out",
        path.display()
    )]
    Classifier {
        /// The classifier.
        path: PathBuf,
        /// Embeddings that it takes.
        steps: usize,
        /// Embeddings of a row.
        timesteps: usize,
    },
    /// There are no more threads to be had.
    #[error("cannot start a thread: {0}")]
    Threads(#[source] io::Error),
    /// A stream of rows ended before its data set did.
    #[error("the build broke off before its last row")]
    BrokenOff,
    /// No such row.
    #[error("{0}")]
    NoSuchRow(String),
    /// A clip cannot be processed.
    #[error("clip '{clip}': {reason}")]
    Clip {
        /// The clip.
        clip: String,
        /// Why.
        reason: String,
    },
    /// The pipeline's sample rate cannot be worked with.
    #[error(transparent)]
    Rate(#[from] ResampleError),
    /// An output file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The output folder cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A build in shards cannot go on.
    #[error(transparent)]
    Shards(#[from] ShardsError),
    /// An output file could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The flow ended early.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl BuildError {
    pub(super) fn io(
        action: &'static str,
        path: &std::path::Path,
    ) -> impl FnOnce(std::io::Error) -> Self {
        move |error| Self::Io {
            action,
            path: path.to_path_buf(),
            error,
        }
    }

    /// Whether the caller has to change a setting, a flag or an input before
    /// any work can start.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Dataset(error) => return error.is_usage(),
            Self::Model(error) => return error.is_usage(),
            Self::Shards(error) => return error.is_usage(),
            _ => {}
        }
        matches!(
            self,
            Self::Input { .. }
                | Self::Unusable { .. }
                | Self::NoClips { .. }
                | Self::NoLength { .. }
                | Self::WavTwins { .. }
                | Self::WavOutside { .. }
                | Self::Sounds { .. }
                | Self::SameName { .. }
                | Self::WavName { .. }
                | Self::WavFolder { .. }
                | Self::Lost(_)
                | Self::Changed { .. }
                | Self::Classifier { .. }
                | Self::NoSuchRow(_)
                | Self::Stream(_)
        )
    }

    /// Whether it is because a disk, or the user's share of it, is full.
    pub(super) fn is_disk_full(&self) -> bool {
        let kinds = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded];
        self.kind().is_some_and(|kind| kinds.contains(&kind))
    }

    /// Whether it is because a file may not grow further.
    pub(super) fn is_file_too_large(&self) -> bool {
        self.kind() == Some(io::ErrorKind::FileTooLarge)
    }

    /// What the operating system said, if it is the cause.
    fn kind(&self) -> Option<io::ErrorKind> {
        let mut cause: Option<&dyn Error> = Some(self);
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<io::Error>() {
                return Some(error.kind());
            }
            cause = error.source();
        }
        None
    }

    /// Whether somebody asked for the end.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Flow(FlowError::Cancelled))
    }
}

/// A number of bytes, for a person.
fn size(bytes: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let fits = |(_, shift): &&(&str, u32)| bytes >> shift > 0;
    match units.iter().find(fits) {
        Some((unit, shift)) => format!("{:.1} {unit}", bytes as f64 / (1_u64 << shift) as f64),
        None => format!("{bytes} bytes"),
    }
}

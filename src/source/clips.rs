//! The seam between a build and where its clips are.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::audio::FileRange;
use crate::records::ClipId;

use super::{
    DiscoverError, Kinds, Listing, folder, glob, list, livekit_augmented, livekit_clips,
    openwakeword_clips, segments, split_pattern, tar,
};

/// Where a split's clips come from. Each clip is read at its
/// [`ClipId::file`].
pub trait ClipSource: Debug + Send + Sync {
    /// Every clip there is, and whatever looks like one and cannot be.
    ///
    /// # Errors
    /// [`DiscoverError`] where there is nothing to list.
    fn list(&self) -> Result<Listing, DiscoverError>;

    /// Where it looks, as a person would write it.
    fn place(&self) -> String;

    /// The folder that clips are named relative to, where it is one alone.
    fn root(&self) -> Option<PathBuf>;

    /// Where the clip of a name is.
    fn path_of(&self, name: &str) -> PathBuf;

    /// What shows that a clip has changed; `None` where it cannot be looked
    /// at.
    fn stamp(&self, clip: &ClipId) -> Option<Stamp> {
        Stamp::of(&clip.file)
    }
}

/// What shows that a file, or what is read of it, has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The file's size in bytes.
    pub bytes: u64,
    /// When it was last modified, in nanoseconds since 1970; 0 where that is
    /// not known.
    pub modified: u128,
    /// Where what is read begins and ends, where it is not all of the file.
    pub range: Option<(u64, u64)>,
}

impl Stamp {
    /// The stamp of a file or a part of one; `None` where it cannot be looked at.
    pub fn of(file: &FileRange) -> Option<Self> {
        let metadata = fs::metadata(&file.path).ok()?;
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Some(Self {
            bytes: metadata.len(),
            modified: since.map_or(0, |since| since.as_nanos()),
            range: (!file.is_whole()).then_some((file.start, file.end)),
        })
    }

    /// Bytes that are read.
    pub fn length(&self) -> u64 {
        self.range.map_or(self.bytes, |(start, end)| end - start)
    }
}

/// Which file it is, or which part of one, by whatever name it is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity(Same, u64);

#[cfg(unix)]
type Same = (u64, u64);
#[cfg(not(unix))]
type Same = PathBuf;

impl Identity {
    /// That of a file or a part of one; `None` where it cannot be looked at.
    #[cfg(unix)]
    pub fn of(file: &FileRange) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(&file.path).ok()?;
        Some(Self((metadata.dev(), metadata.ino()), file.start))
    }

    /// That of a file or a part of one; `None` where it cannot be looked at.
    #[cfg(not(unix))]
    pub fn of(file: &FileRange) -> Option<Self> {
        let path = file.path.canonicalize().ok()?;
        Some(Self(path, file.start))
    }
}

/// The files of a folder, or of a tar.
#[derive(Clone, Debug)]
pub struct FolderSource {
    /// The folder, or the tar.
    pub path: PathBuf,
    /// Which of its files are clips.
    pub names: Names,
}

/// Which files of a folder are clips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Every audio file, at any depth.
    Audio,
    /// The files `*.wav` right in the folder: openWakeWord's clips.
    Wav,
    /// The files `clip_NNNNNN.wav` right in the folder: livekit-wakeword's clips.
    Numbered,
    /// The files `clip_NNNNNN_rR.wav` right in the folder: its augmented clips.
    Augmented,
}

impl ClipSource for FolderSource {
    fn list(&self) -> Result<Listing, DiscoverError> {
        match self.names {
            Names::Audio => folder(&self.path, Kinds::Any),
            Names::Wav => openwakeword_clips(&self.path),
            Names::Numbered => livekit_clips(&self.path),
            Names::Augmented => livekit_augmented(&self.path),
        }
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn root(&self) -> Option<PathBuf> {
        match tar::is_tar(&self.path) {
            true => self.path.parent().map(Path::to_path_buf),
            false => Some(self.path.clone()),
        }
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.root().unwrap_or_default().join(name)
    }
}

/// The files that a pattern matches.
#[derive(Clone, Debug)]
pub struct GlobSource {
    /// The pattern.
    pub pattern: String,
}

impl ClipSource for GlobSource {
    fn list(&self) -> Result<Listing, DiscoverError> {
        glob(&self.pattern)
    }

    fn place(&self) -> String {
        self.pattern.clone()
    }

    fn root(&self) -> Option<PathBuf> {
        None
    }

    fn path_of(&self, name: &str) -> PathBuf {
        Path::new(split_pattern(&self.pattern).0).join(name)
    }
}

/// The files that a list names.
#[derive(Clone, Debug)]
pub struct ListSource {
    /// The list file.
    pub path: PathBuf,
    /// Whether its lines may name parts of recordings.
    pub parts: bool,
}

impl ClipSource for ListSource {
    fn list(&self) -> Result<Listing, DiscoverError> {
        match self.parts {
            true => segments(&self.path),
            false => list(&self.path),
        }
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn root(&self) -> Option<PathBuf> {
        self.path.parent().map(Path::to_path_buf)
    }

    fn path_of(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }
}

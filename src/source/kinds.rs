//! Which files of a folder are clips, by their names as far as these tell.

use std::path::Path;

use super::tar;
use crate::audio::{self, FileRange};
use crate::records::FilesByExtension;

/// The extensions of the formats that can be read, in lower case: files that
/// are called so are clips, unseen.
pub const EXTENSIONS: [&str; 19] = [
    "wav", "wave", "flac", "mp3", "ogg", "oga", "m4a", "aac", "mp4", "aif", "aiff", "aifc", "opus",
    "webm", "mkv", "mka", "weba", "m4b", "mov",
];

/// What lies beside clips and says something of them: no news.
const COMPANIONS: [&str; 11] = [
    "txt", "json", "jsonl", "csv", "tsv", "md", "yaml", "yml", "lab", "textgrid", "npy",
];

/// What is still being written, whatever is in it.
const UNFINISHED: [&str; 4] = ["partial", "part", "crdownload", "tmp"];

/// Folders that a system or a program makes for itself; hidden ones, the
/// notebooks' and most systems' trash among them, are told by their dot.
const NOT_OURS: [&str; 5] = [
    "@eaDir",
    "__MACOSX",
    "$RECYCLE.BIN",
    "System Volume Information",
    "lost+found",
];

/// Which files count as audio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// Every file that is audio: by its extension, or where that says nothing,
    /// by its first bytes.
    Any,
    /// Exactly `.wav`: what livekit-wakeword takes.
    WavOnly,
    /// `.wav` in any case: what openWakeWord takes of backgrounds.
    WavNoCase,
}

/// What a name says of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A clip, or something that should be one.
    Clip,
    /// Nothing: its content decides.
    Unknown,
    /// A tar, whose members are looked at.
    Tar,
    /// No clip, and to be counted.
    PassedOver,
    /// No clip, and no news.
    Nothing,
}

impl Kinds {
    /// What a relative name says.
    pub(super) fn judge(self, name: &str) -> Verdict {
        let extension = extension(name);
        let among = |known: &[&str]| known.iter().any(|k| k.eq_ignore_ascii_case(extension));
        let wav = match self {
            Self::WavOnly => extension == "wav",
            Self::WavNoCase => among(&["wav"]),
            Self::Any => false,
        };
        match self {
            _ if wav => Verdict::Clip,
            Self::WavOnly | Self::WavNoCase => match Self::Any.judge(name) {
                Verdict::Nothing => Verdict::Nothing,
                _ => Verdict::PassedOver,
            },
            Self::Any if among(&EXTENSIONS) => Verdict::Clip,
            Self::Any if among(&COMPANIONS) => Verdict::Nothing,
            Self::Any if among(&UNFINISHED) => Verdict::PassedOver,
            Self::Any if tar::has_extension(Path::new(name)) => Verdict::Tar,
            Self::Any => Verdict::Unknown,
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::Any => format!("{}, and audio by any other name", EXTENSIONS.join(", ")),
            Self::WavOnly | Self::WavNoCase => "wav".to_owned(),
        }
    }
}

/// The verdict where nothing but certain names counts.
pub(super) fn only(counts: bool) -> Verdict {
    match counts {
        true => Verdict::Clip,
        false => Verdict::Nothing,
    }
}

/// Whether a file or folder of this name is none of ours.
pub(super) fn is_foreign(name: &str) -> bool {
    NOT_OURS.contains(&name)
}

/// Whether a file or folder of this name is hidden.
pub(super) fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}

/// The verdict that a file's content adds to that of its name.
pub(super) fn look(verdict: Verdict, file: impl Into<FileRange>) -> Verdict {
    match verdict {
        Verdict::Unknown if audio::is_audio(file) => Verdict::Clip,
        Verdict::Unknown => Verdict::PassedOver,
        known => known,
    }
}

fn extension(name: &str) -> &str {
    let extension = Path::new(name).extension();
    extension.and_then(|e| e.to_str()).unwrap_or_default()
}

pub(super) fn count(passed: &mut FilesByExtension, name: &str) {
    let extension = match tar::compressed(Path::new(name)) {
        Some((end, _)) => end.to_owned(),
        None => extension(name).to_lowercase(),
    };
    *passed.0.entry(extension).or_default() += 1;
}

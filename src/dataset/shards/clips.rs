//! `clips/IIIII`: the clips and recordings of one shard, and what they looked like.
//!
//! JSON lines: for each run of the sequence `{"split":0,"rounds":[0,2]}`, below it
//! a line `["name",[bytes,modified]]` for each of its clips, with what else is known
//! of it behind, and at last the SHA-256 of all lines before.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::ShardsError;
use crate::dataset::error::DatasetError;
use crate::dataset::partial::hex;

/// Consecutive clips of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedRun {
    /// Index of the split in the plan.
    pub split: usize,
    /// The rounds of each.
    pub rounds: std::ops::Range<u32>,
    /// The clips.
    pub clips: Vec<PlannedClip>,
}

/// A clip, a recording or a part of one as it was found: the name of its file, its
/// size in bytes, when it was last modified in nanoseconds since 1970, and more.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct PlannedClip(
    /// Name.
    pub String,
    /// Size and time; nothing of what could not be looked at.
    pub Option<(u64, u64)>,
    /// What else is known.
    #[serde(default, skip_serializing_if = "Known::is_nothing")]
    pub Known,
);

/// What else is known of a clip.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Known {
    /// Why it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Of a part of a recording, where that begins and ends, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<(f64, f64)>,
    /// Of a member of a tar, its first byte there and the one behind its last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<(u64, u64)>,
    /// What is left out of the recording: where that begins, in seconds, and where it
    /// ends, unless at the recording's end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<(f64, Option<f64>)>,
}

impl Known {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Deserialize, Serialize)]
struct Heading {
    split: usize,
    rounds: [u32; 2],
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Clip(PlannedClip),
    Heading(Heading),
}

/// Writes the clips of a shard.
pub struct ClipsWriter {
    file: BufWriter<File>,
    path: PathBuf,
    hash: Sha256,
    line: Vec<u8>,
}

impl ClipsWriter {
    pub(super) fn create(path: &Path) -> Result<Self, ShardsError> {
        let file = File::create(path).map_err(DatasetError::io("create", path))?;
        Ok(Self {
            file: BufWriter::new(file),
            path: path.to_path_buf(),
            hash: Sha256::new(),
            line: Vec::new(),
        })
    }

    /// Begins a run of clips of a split, each with the same rounds.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn begin(
        &mut self,
        split: usize,
        rounds: &std::ops::Range<u32>,
    ) -> Result<(), ShardsError> {
        let rounds = [rounds.start, rounds.end];
        self.append(&Heading { split, rounds })
    }

    /// Adds a clip to it.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn clip(&mut self, clip: &PlannedClip) -> Result<(), ShardsError> {
        self.append(clip)
    }

    /// No flush to the disk: what is not whole is found by its hash.
    pub(super) fn finish(mut self) -> Result<(), ShardsError> {
        let last = format!("{}\n", hex(&self.hash.finalize()));
        let written = self.file.write_all(last.as_bytes());
        let flushed = written.and_then(|()| self.file.flush());
        Ok(flushed.map_err(DatasetError::io("write", &self.path))?)
    }

    fn append(&mut self, value: &impl Serialize) -> Result<(), ShardsError> {
        let io = |error| DatasetError::io("write", &self.path)(error);
        self.line.clear();
        serde_json::to_writer(&mut self.line, value).map_err(|error| io(error.into()))?;
        self.line.push(b'\n');
        self.hash.update(&self.line);
        Ok(self.file.write_all(&self.line).map_err(io)?)
    }
}

/// Reads the clips of a shard.
///
/// # Errors
/// A file that cannot be read, or is not as it was written.
pub fn read(path: &Path) -> Result<Vec<PlannedRun>, ShardsError> {
    let damaged = |reason: String| ShardsError::Plan {
        path: path.to_path_buf(),
        reason,
    };
    let text = std::fs::read(path).map_err(|error| damaged(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| damaged("it is not text".to_owned()))?;
    let body = text.strip_suffix('\n').unwrap_or_default();
    let (body, hash) = match body.rsplit_once('\n') {
        Some((_, hash)) => (&text[..body.len() - hash.len()], hash),
        None => ("", body),
    };
    if hex(&Sha256::digest(body)) != hash {
        return Err(damaged("it is damaged".to_owned()));
    }
    let mut runs: Vec<PlannedRun> = Vec::new();
    for line in body.lines() {
        match serde_json::from_str(line).map_err(|error| damaged(error.to_string()))? {
            Line::Heading(Heading { split, rounds }) => runs.push(PlannedRun {
                split,
                rounds: rounds[0]..rounds[1],
                clips: Vec::new(),
            }),
            Line::Clip(clip) => match runs.last_mut() {
                Some(run) => run.clips.push(clip),
                None => return Err(damaged("a clip without a split".to_owned())),
            },
        }
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_are_read_as_they_were_written_and_damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("00000");
        let problem = Known {
            problem: Some("a folder".to_owned()),
            ..Known::default()
        };
        let part = Known {
            part: Some((0.1 + 0.2, 1e300)),
            excluded: vec![(0.0, None), (1e-7, Some(0.3))],
            ..Known::default()
        };
        let runs = [
            PlannedRun {
                split: 0,
                rounds: 0..2,
                clips: vec![
                    PlannedClip(
                        "a\n\"ü\".wav".to_owned(),
                        Some((44, u64::MAX)),
                        Known::default(),
                    ),
                    PlannedClip("b.wav".to_owned(), None, problem),
                ],
            },
            PlannedRun {
                split: 2,
                rounds: 1..2,
                clips: vec![PlannedClip("c".to_owned(), Some((0, 0)), part)],
            },
        ];
        for runs in [&runs[..], &[]] {
            let mut writer = ClipsWriter::create(&path).unwrap();
            for run in runs {
                writer.begin(run.split, &run.rounds).unwrap();
                run.clips.iter().for_each(|clip| writer.clip(clip).unwrap());
            }
            writer.finish().unwrap();
            assert_eq!(read(&path).unwrap(), runs);
            let whole = std::fs::read(&path).unwrap();
            for cut in 0..whole.len() {
                std::fs::write(&path, &whole[..cut]).unwrap();
                assert!(read(&path).is_err(), "{cut}");
                let mut changed = whole.clone();
                changed[cut] ^= 1;
                std::fs::write(&path, changed).unwrap();
                assert!(read(&path).is_err(), "{cut}");
            }
        }
    }
}

//! The exact audio of one row, computed alone.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use crate::audio;
use crate::augment::{Augment, Augmenter, RoundFrom, SplitRules};
use crate::records::{ClipId, Findings, Pcm, Row, Samples};
use crate::source::sequence::Entry;
use crate::stages::decode::{Decode, Decoder};
use crate::stages::recordings::{self, Reads};
use crate::stages::{Buffers, Refusal};

use super::{BuildError, Prepared, Split, Watch, effects};

/// Makes the rows of single clips.
pub struct Renderer {
    decoder: Decoder,
    augmenter: Augmenter,
    /// Rounds of a clip.
    rounds: u32,
    /// Whether a round needs none of those before it.
    is_fresh: bool,
}

impl Renderer {
    /// Makes what these stages make, without writing any WAV.
    pub(super) fn new(decode: &Decode, augment: &Augment, rounds: u32) -> Result<Self, BuildError> {
        let rules = augment.splits.iter().cloned().map(|rules| SplitRules {
            wavs: None,
            ..rules
        });
        let is_fresh = augment.effects.round_from == RoundFrom::Clip;
        let augment = Augment {
            audit: None,
            splits: rules.collect(),
            ..augment.clone()
        };
        Ok(Self {
            // What is asked for is rendered, whatever rules say.
            decoder: Decode {
                audit: None,
                ..decode.clone()
            }
            .decoder()?,
            augmenter: augment.augmenter(),
            rounds,
            is_fresh,
        })
    }

    /// The samples of a clip.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn decoded(&mut self, clip: &ClipId) -> Result<Samples, Refusal> {
        self.decoder.decode(clip, &mut Findings::default())
    }

    /// Whether a clip is no longer than some seconds; it is decoded as far as that where
    /// its header does not say.
    pub fn is_within(&mut self, clip: &ClipId, seconds: f64) -> bool {
        let info = audio::probe(&clip.file).ok();
        let frames = info.and_then(|info| Some((info.frames?, info.sample_rate)));
        if let Some((frames, rate)) = frames {
            return frames as f64 <= seconds * f64::from(rate);
        }
        let most = (seconds * f64::from(self.decoder.sample_rate())) as usize + 1;
        let samples = self.beginning(clip, most);
        samples.is_ok_and(|samples| samples.len() < most)
    }

    /// The first samples of a clip, up to so many: no more of it is decoded.
    ///
    /// # Errors
    /// One that cannot be read.
    pub fn beginning(&mut self, clip: &ClipId, most: usize) -> Result<Samples, Refusal> {
        self.decoder.beginning(clip, most)
    }

    /// The first samples of a clip, up to so many, and its row in a round: `None` where
    /// there is none of that number.
    ///
    /// # Errors
    /// A clip that cannot be processed.
    pub fn row(
        &mut self,
        split: usize,
        clip: &ClipId,
        round: u32,
        most: usize,
    ) -> Result<Option<(Samples, Row<Pcm>)>, Refusal> {
        let mut samples = self.decoded(clip)?;
        if round >= self.rounds {
            return Ok(None);
        }
        let first = if self.is_fresh { round } else { 0 };
        let start = samples[..samples.len().min(most)].to_vec();
        let row = self.augmented(split, clip, first..round + 1, &mut samples)?;
        Ok(row.map(|row| (start, row)))
    }

    /// The samples of a recording's row, and the row: `None` where there is none of
    /// that number.
    ///
    /// # Errors
    /// A recording that cannot be opened; a sound drawn for the row that cannot be
    /// used.
    pub fn recording_row(
        &mut self,
        (split, reads): (usize, &Reads),
        entry: &Entry,
        number: u64,
    ) -> Result<Option<(Samples, Row<Pcm>)>, Refusal> {
        let Some(samples) = recordings::row(reads, entry, number)? else {
            return Ok(None);
        };
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if !reads.augment {
            let row = Row {
                round: number,
                data: self.augmenter.encode(&samples),
                provenance: Arc::default(),
            };
            return Ok(Some((samples, row)));
        }
        let row = self.augmented(split, &entry.id, number..number + 1, &mut samples.clone())?;
        Ok(row.map(|row| (samples, row)))
    }

    /// The last of the rows of those numbers that the augmenter makes of samples; what
    /// these are afterwards is of no use.
    fn augmented(
        &mut self,
        split: usize,
        clip: &ClipId,
        numbers: Range<u32>,
        samples: &mut Samples,
    ) -> Result<Option<Row<Pcm>>, Refusal> {
        let rows = self.augmenter.rows(
            (split, 0),
            clip,
            &numbers,
            samples,
            &mut Findings::default(),
            Pcm::new,
        )?;
        let last = numbers.end - 1;
        // They are in the order of a data set, by name where it is livekit's.
        Ok(rows.into_iter().find(|row| row.round == last))
    }
}

impl Prepared {
    /// The row that a build makes of one clip in one round: the same samples,
    /// and what was drawn for it. `clip` is the clip's name, with or without
    /// its extension.
    ///
    /// # Errors
    /// No such split, clip or round; a clip that cannot be processed.
    pub fn render(
        &self,
        split: &str,
        clip: &str,
        round: u32,
        watch: &dyn Watch,
    ) -> Result<Row<Pcm>, BuildError> {
        let (split, clip) = self.find(split, clip)?;
        let mut renderer = self.renderer(watch)?;
        let row = renderer.row(split, &clip, round, 0);
        let row = row.map_err(|refusal| refused(&clip, &refusal))?;
        row.map(|(_, row)| row).ok_or_else(|| {
            let rounds = self.plan.rounds();
            BuildError::NoSuchRow(format!(
                "there is no round {round}: the clip has {rounds}, counted from 0"
            ))
        })
    }

    /// The samples of one clip that the effects of a build start from. `clip`
    /// is the clip's name, with or without its extension.
    ///
    /// # Errors
    /// No such split or clip; a clip that cannot be read.
    pub fn decoded(&self, split: &str, clip: &str) -> Result<Samples, BuildError> {
        let (_, clip) = self.find(split, clip)?;
        let buffers = Buffers::new(1, self.plan.audio.clip_samples);
        let decode = Decode {
            audit: None,
            ..effects::decode(&self.plan, 1.0, &buffers)
        };
        let mut decoder = decode.decoder()?;
        decoder
            .decode(&clip, &mut Findings::default())
            .map_err(|refusal| refused(&clip, &refusal))
    }

    /// Whether a split has recordings.
    pub fn has_recordings(&self, split: &str) -> bool {
        let mut splits = self.splits().iter();
        splits.any(|found| found.name() == split && found.plan.recordings.is_some())
    }

    /// The samples of a recording as it is decoded, a block at a time.
    ///
    /// # Errors
    /// No such split or recording; one that cannot be opened; what `take` fails
    /// with.
    pub fn recording(
        &self,
        split: &str,
        recording: &str,
        take: &mut dyn FnMut(&[f32]) -> io::Result<()>,
    ) -> Result<(), BuildError> {
        let (_, entry, reads) = self.find_recording(split, recording)?;
        let mut take = |samples: &[f32]| Ok(take(samples)?);
        recordings::decoded(&reads, &entry, &mut take).map_err(|error| refused(&entry.id, &error))
    }

    /// One row of a recording: the same samples as in a build, and what was drawn
    /// for it.
    ///
    /// # Errors
    /// As [`recording`](Self::recording); no such row.
    pub fn recording_row(
        &self,
        split: &str,
        recording: &str,
        number: u64,
        watch: &dyn Watch,
    ) -> Result<Row<Pcm>, BuildError> {
        let (index, entry, reads) = self.find_recording(split, recording)?;
        let mut renderer = self.renderer(watch)?;
        let row = renderer.recording_row((index, &reads), &entry, number);
        let row = row.map_err(|error| refused(&entry.id, &error))?;
        row.map(|(_, row)| row).ok_or_else(|| {
            BuildError::NoSuchRow(format!(
                "'{recording}' has no row {number}: rows are counted from 0, {} s apart",
                reads.hop as f64 / f64::from(reads.sample_rate)
            ))
        })
    }

    fn renderer(&self, watch: &dyn Watch) -> Result<Renderer, BuildError> {
        let buffers = Buffers::new(1, self.plan.audio.clip_samples);
        let augment = self.augment(watch)?;
        let decode = effects::decode(&self.plan, 1.0, &buffers);
        Renderer::new(&decode, &augment, self.plan.rounds())
    }

    fn find_recording(
        &self,
        split: &str,
        recording: &str,
    ) -> Result<(usize, Entry, Reads), BuildError> {
        let (index, clip) = self.find(split, recording)?;
        let split = &self.splits()[index];
        let mut entries = split.clips.iter();
        let entry = entries.find(|entry| entry.id == clip);
        match (entry, &split.plan.recordings) {
            (Some(entry), Some(planned)) => {
                Ok((index, entry.clone(), effects::reads(&self.plan, planned)))
            }
            _ => Err(BuildError::NoSuchRow(format!(
                "split '{}' has clips, not recordings: their rows are told by --round",
                split.name()
            ))),
        }
    }

    fn find(&self, split: &str, clip: &str) -> Result<(usize, ClipId), BuildError> {
        let splits = self.splits();
        let Some(index) = splits
            .iter()
            .position(|candidate| candidate.name() == split)
        else {
            let names: Vec<_> = splits.iter().map(Split::name).collect();
            let known = names.join(", ");
            return Err(BuildError::NoSuchRow(format!(
                "there is no split '{split}'; there are: {known}"
            )));
        };
        let clips = &splits[index].clips;
        let stem = |name: &str| {
            name.rsplit_once('.')
                .map_or(name, |(stem, _)| stem)
                .to_owned()
        };
        let found = clips
            .iter()
            .find(|candidate| &*candidate.id.name == clip)
            .or_else(|| {
                clips
                    .iter()
                    .find(|candidate| stem(&candidate.id.name) == clip)
            });
        match found {
            Some(found) => Ok((index, found.id.clone())),
            None => Err(BuildError::NoSuchRow(format!(
                "split '{split}' has no clip '{clip}'; clips are named as in rows.jsonl"
            ))),
        }
    }
}

fn refused(clip: &ClipId, refusal: &Refusal) -> BuildError {
    BuildError::Clip {
        clip: clip.name.to_string(),
        reason: refusal.to_string(),
    }
}

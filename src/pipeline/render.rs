//! The exact audio of one row, computed alone.

use crate::formats::audio::Limits;
use crate::records::{ClipId, Pcm, Row};
use crate::stages::Buffers;
use crate::stages::augment::SplitRules;
use crate::stages::decode::Decode;

use super::{Build, BuildError, Watch};

impl Build {
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
        let buffers = Buffers::new(1);
        let decode = Decode {
            sample_rate: self.plan.audio.sample_rate,
            limits: Limits {
                max_seconds: self.plan.audio.max_seconds,
            },
            buffers: buffers.clone(),
        };
        let reject = |reason| BuildError::Clip {
            clip: clip.name.to_string(),
            reason,
        };
        let mut augment = self.augment(watch, &buffers)?;
        // Rendering writes one file: the one that was asked for.
        augment.splits = augment
            .splits
            .iter()
            .cloned()
            .map(|rules| SplitRules {
                wavs: None,
                ..rules
            })
            .collect();
        let samples = decode.decoder()?.decode(&clip).map_err(reject)?;
        let rows = augment
            .augmenter()?
            .augment(split, &clip, samples)
            .map_err(|refusal| reject(refusal.to_string()))?;
        let rounds = rows.len();
        rows.into_iter()
            .find(|row| row.round == round)
            .ok_or_else(|| {
                BuildError::NoSuchRow(format!(
                    "there is no round {round}: the clip has {rounds}, counted from 0"
                ))
            })
    }

    fn find(&self, split: &str, clip: &str) -> Result<(usize, ClipId), BuildError> {
        let splits = &self.plan.splits;
        let Some(index) = splits.iter().position(|candidate| candidate.name == split) else {
            let names: Vec<_> = splits.iter().map(|split| split.name.as_str()).collect();
            let known = names.join(", ");
            return Err(BuildError::NoSuchRow(format!(
                "there is no split '{split}'; there are: {known}"
            )));
        };
        let clips = &self.inputs.clips[index];
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

//! What is done to clips.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Channel;
use crate::config::location::Location;
use crate::dsp::chain::{EffectKind, EffectSpec};
use crate::dsp::pcm16::Overflow;

/// Augmentation.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct AugmentPlan {
    /// Whether more is done than placing clips.
    pub enabled: bool,
    /// Rounds, and so rows, a clip; at least 1.
    pub rounds: u32,
    /// What a round starts from.
    #[serde(default)]
    pub round_from: RoundFrom,
    /// The order of rows.
    pub row_order: RowOrder,
    /// The effects, in the order in which they are applied.
    pub chain: Vec<EffectSpec>,
    /// What becomes of samples that 16 bits cannot hold.
    #[serde(default)]
    pub overflow: Overflow,
    /// Files or folders of background noise.
    pub backgrounds: Vec<Location>,
    /// How often the files of each are listed; once where this is empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub background_repeats: Vec<u32>,
    /// Which channel of a background is taken; `None` is that of a clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub background_channel: Option<Channel>,
    /// Files or folders of room impulse responses.
    pub rirs: Vec<Location>,
    /// Which files below the folders of backgrounds count.
    pub sound_files: SoundFiles,
    /// Which files below the folders of impulse responses count.
    pub rir_files: SoundFiles,
    /// Memory for decoded backgrounds and impulse responses, in bytes.
    pub cache_bytes: u64,
}

impl AugmentPlan {
    pub(super) fn essence(&self) -> Value {
        if !self.enabled {
            return json!({ "enabled": false, "chain": self.chain });
        }
        json!({
            "enabled": true,
            "rounds": self.rounds,
            "round_from": self.round_from,
            "row_order": self.row_order,
            "chain": self.chain,
            "backgrounds": self.backgrounds,
            "background_repeats": self.background_repeats,
            "background_channel": self.background_channel,
            "rirs": self.rirs,
            "sound_files": self.sound_files,
            "rir_files": self.rir_files,
            "overflow": self.overflow,
        })
    }

    /// Whether an effect is in the chain, and does something.
    pub fn applies(&self, kind: EffectKind) -> bool {
        let placing = kind == EffectKind::Place;
        (self.enabled || placing) && self.chain.iter().any(|effect| effect.kind() == kind)
    }
}

/// Which files below a folder are backgrounds or impulse responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SoundFiles {
    /// Every audio file; a folder without any is an error.
    Audio,
    /// Only `.wav`; a folder without any is warned about.
    Wav,
    /// The same in any case.
    #[serde(rename = "wav_nocase")]
    WavNoCase,
}

/// What a round starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoundFrom {
    /// The round before.
    #[default]
    Previous,
    /// The clip itself.
    Clip,
}

/// The order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowOrder {
    /// By clip, and by round: 0, 1, 2, … 10.
    Round,
    /// By clip, and as the names of the rounds' files sort: 0, 1, 10, 2, …
    Name,
    /// By round, and by clip: all clips of round 0, all of round 1, …
    Pass,
}

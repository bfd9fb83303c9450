//! What is odd about a clip that has rows all the same.

use super::{Audited, Noted};

/// One oddity. What is silent, and how much is clipped or lost, is measured in
/// the channel that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Finding {
    /// It is below −60 dBFS throughout, and so is every other channel.
    Silent,
    /// It is below −60 dBFS throughout, and another channel is not.
    Elsewhere,
    /// More than 1 % of its samples are at full scale.
    Clipped,
    /// Less than half of it reaches its row.
    Short,
    /// A piece of a background was drawn for it that is below −60 dBFS throughout.
    Quiet,
    /// It is longer than its window, and its end is lost.
    LostEnd,
    /// A row of it has samples that 16 bits cannot hold.
    Overflow,
    /// An impulse response was drawn for it that is below −60 dBFS throughout: what
    /// is heard of it may be no more than its noise.
    Dead,
    /// Parts of it are damaged: silence in its place, or passed over.
    Mended,
}

impl Finding {
    /// Every one, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Silent,
        Self::Elsewhere,
        Self::Clipped,
        Self::Short,
        Self::Quiet,
        Self::LostEnd,
        Self::Overflow,
        Self::Dead,
        Self::Mended,
    ];

    /// Its name in `dataset.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Elsewhere => "sound_in_another_channel",
            Self::Clipped => "clipped",
            Self::Short => "less_than_half_in_its_row",
            Self::Quiet => "silent_background",
            Self::LostEnd => "end_lost",
            Self::Overflow => "row_out_of_range",
            Self::Dead => "silent_impulse_response",
            Self::Mended => "damaged_in_part",
        }
    }

    /// What it says of clips, after their number.
    pub fn words(self) -> &'static str {
        match self {
            Self::Silent => "silent (below -60 dBFS)",
            Self::Elsewhere => {
                "silent in the channel taken, with sound in another one alone (see audio.channel)"
            }
            Self::Clipped => "clipped in over 1 % of the samples",
            Self::Short => "longer than twice what reaches the row",
            Self::Quiet => "with a piece of background that is silent (below -60 dBFS)",
            Self::LostEnd => {
                "longer than the window, so that the end is lost (split.place = \"end\" keeps it)"
            }
            Self::Overflow => {
                "with samples in a row that 16 bits cannot hold (augment.overflow says what becomes of them)"
            }
            Self::Dead => "with an impulse response that is silent (below -60 dBFS)",
            Self::Mended => "damaged in parts, which are silence or passed over",
        }
    }
}

/// The oddities of one clip.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    bits: u16,
    /// What the audit has found, where it looks.
    pub audit: Option<Box<Audited>>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, finding: Finding) {
        self.bits |= 1 << finding as u8;
    }

    /// Adds what the audit has found.
    pub fn note(&mut self, noted: impl IntoIterator<Item = Noted>) {
        for noted in noted {
            self.audit.get_or_insert_default().noted.push(noted);
        }
    }

    /// Adds those of another part.
    pub fn extend(&mut self, others: &Self) {
        self.bits |= others.bits;
    }

    /// Those that were added, in the order of [`Finding::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = Finding> + use<> {
        let bits = self.bits;
        let all = Finding::ALL.into_iter();
        all.filter(move |finding| bits & (1 << *finding as u8) != 0)
    }
}

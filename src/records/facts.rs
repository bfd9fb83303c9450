//! What an audit has found out about a clip and its rows.

use super::Noted;

/// Numbers of a [`ClipFacts`] in a file.
pub const FACTS: usize = 16;

/// What the checks of the whole set need to know of a clip.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClipFacts {
    /// Hash of its samples; 0 where there are none.
    pub hash: u128,
    /// Its print, see [`crate::dsp::sketch`]; zeros where it is too short or silent.
    pub print: [u32; 8],
    /// Its length in samples at the pipeline's rate.
    pub samples: u32,
    /// How far its sound is spread, in such samples: see [`crate::dsp::extent`].
    pub spread: u32,
}

impl ClipFacts {
    /// As numbers of a file.
    pub fn numbers(&self) -> [i32; FACTS] {
        let mut numbers = [0; FACTS];
        for (index, number) in numbers.iter_mut().take(4).enumerate() {
            *number = (self.hash >> (32 * index)) as u32 as i32;
        }
        for (number, word) in numbers[4..12].iter_mut().zip(self.print) {
            *number = word as i32;
        }
        numbers[12] = self.samples as i32;
        numbers[13] = self.spread as i32;
        numbers
    }

    /// From these.
    pub fn from_numbers(numbers: &[i32]) -> Self {
        let at = |index: usize| numbers.get(index).copied().unwrap_or(0) as u32;
        let mut print = [0; 8];
        for (index, word) in print.iter_mut().enumerate() {
            *word = at(4 + index);
        }
        Self {
            hash: (0..4).fold(0, |hash, index| {
                hash | u128::from(at(index)) << (32 * index)
            }),
            print,
            samples: at(12),
            spread: at(13),
        }
    }
}

/// What an audit has found out about a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audited {
    /// What the checks of the whole set need, of a clip with its first round.
    pub facts: ClipFacts,
    /// Where its speech ends, in samples at the pipeline's rate.
    pub speech_end: Option<usize>,
    /// What was found, clips before rows.
    pub noted: Vec<Noted>,
    /// What a classifier says of its rows, in their order, where one is asked.
    pub scores: Vec<f32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_read_as_they_were_written() {
        let facts = ClipFacts {
            hash: 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210,
            print: [u32::MAX, 1, 2, 3, 4, 5, 6, 1 << 31],
            samples: u32::MAX,
            spread: 7,
        };
        assert_eq!(ClipFacts::from_numbers(&facts.numbers()), facts);
    }
}

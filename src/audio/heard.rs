//! Which of the samples that a decoder gives are heard.

use std::ops::Range;

/// Stretches of decoded samples, in order and apart; what lies between them is
/// an encoder's delay or padding, or cut away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heard(Vec<Range<u64>>);

impl Heard {
    /// Everything.
    pub fn all() -> Self {
        Self::from(0)
    }

    /// Everything from a sample on.
    pub fn from(start: u64) -> Self {
        Self(std::iter::once(start..u64::MAX).collect())
    }

    /// These stretches.
    pub fn new(ranges: Vec<Range<u64>>) -> Self {
        Self(ranges)
    }

    /// How many samples of a stretch are heard.
    pub fn of(&self, stretch: Range<u64>) -> u64 {
        let parts = self.0.iter().map(|range| overlap(range, &stretch));
        parts.map(|part| part.end - part.start).sum()
    }

    /// What is heard of a block that begins at a sample.
    pub fn cut<'a>(&self, at: u64, block: &'a [f32]) -> impl Iterator<Item = &'a [f32]> {
        let stretch = at..at + block.len() as u64;
        let parts = self.0.iter().map(move |range| overlap(range, &stretch));
        parts.map(move |part| &block[(part.start - at) as usize..(part.end - at) as usize])
    }
}

/// What two stretches share; empty, and within the second, where that is nothing.
fn overlap(a: &Range<u64>, b: &Range<u64>) -> Range<u64> {
    let start = a.start.clamp(b.start, b.end);
    start..a.end.clamp(start, b.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heard_does_not_depend_on_how_it_is_cut() {
        let samples: Vec<f32> = (0..40).map(|n| n as f32).collect();
        let heard = Heard::new(vec![3..17, 20..21, 30..u64::MAX]);
        let expected: Vec<f32> = [&samples[3..17], &samples[20..21], &samples[30..]].concat();
        for size in [1, 2, 7, 40] {
            let mut found = Vec::new();
            for (n, block) in samples.chunks(size).enumerate() {
                for piece in heard.cut((n * size) as u64, block) {
                    found.extend_from_slice(piece);
                }
            }
            assert_eq!(found, expected, "blocks of {size}");
        }
        assert_eq!(heard.of(0..40), expected.len() as u64);
        assert_eq!(
            (heard.of(5..6), heard.of(17..20), heard.of(16..21)),
            (1, 0, 2)
        );
    }
}

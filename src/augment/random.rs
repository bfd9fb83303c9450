//! The random streams: one for each effect of each round of each clip.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// What keys a random stream.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// The seed of the build.
    pub seed: u64,
    /// The epoch: 0 in a build.
    pub epoch: u64,
    /// The split's name.
    pub split: &'a str,
    /// The clip's name.
    pub clip: &'a str,
    /// The round.
    pub round: u32,
}

impl Key<'_> {
    /// The stream of one effect. No effect reads another's, so taking one out,
    /// or changing its probability, leaves every other draw as it was.
    ///
    /// The stream's key is the SHA-256 of all parts, each name behind its
    /// length, so that no two keys are alike and neighbours have nothing in
    /// common.
    pub fn stream(&self, effect: &str) -> ChaCha8Rng {
        let mut hash = Sha256::new();
        hash.update(b"wakemill stream 2");
        hash.update(self.seed.to_le_bytes());
        hash.update(self.epoch.to_le_bytes());
        hash.update(self.round.to_le_bytes());
        for name in [self.split, self.clip, effect] {
            hash.update((name.len() as u64).to_le_bytes());
            hash.update(name);
        }
        ChaCha8Rng::from_seed(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::Rng;

    use super::*;

    #[test]
    fn every_part_of_the_key_counts() {
        let mut firsts = HashSet::new();
        let names = [
            ("a", "bc", "d"),
            ("ab", "c", "d"),
            ("", "abc", "d"),
            ("a", "b", "cd"),
        ];
        for (seed, epoch) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            for (split, clip, effect) in names {
                for round in 0..3 {
                    let key = Key {
                        seed,
                        epoch,
                        split,
                        clip,
                        round,
                    };
                    firsts.insert(key.stream(effect).next_u64());
                }
            }
        }
        assert_eq!(firsts.len(), 4 * 4 * 3);
    }

    /// Pinned: a change of this number changes every data set.
    #[test]
    fn the_stream_never_changes() {
        let key = Key {
            seed: 7,
            epoch: 0,
            split: "positive_train",
            clip: "clip_000000.wav",
            round: 0,
        };
        assert_eq!(
            key.stream("equalizer").next_u64(),
            17_133_738_063_831_952_124
        );
    }
}

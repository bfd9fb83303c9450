//! Clips that are the same audio, or nearly, among very many.
//!
//! Equal hashes are equal audio. Near ones are found by their prints as in Manku,
//! Jain and Das Sarma, "Detecting Near-Duplicates for Web Crawling" (WWW 2007):
//! the prints are sorted by each of their 16 parts in turn, and each is compared
//! with those behind it that have the same part. Two prints that differ in at most
//! 15 bits share a part; where 18 differ, wherever they are, nearly always one is left,
//! and where 32 do, the most that is asked for, about nine times in ten.
//! Prints that are near say so of any two sounds of the same course: copies have the
//! same spread in time as well.
//! Memory is that of the facts (64 bytes a clip), 16 bytes of order and 16 of
//! results.

use std::collections::HashMap;

use crate::dsp::sketch::{WORDS, distance};
use crate::records::ClipFacts;

/// Parts of a print, of 16 bits each.
const PARTS: usize = 2 * WORDS;
/// Prints that one is compared with at most, in each order: parts that very many
/// share say little.
const REACH: usize = 48;
/// How far the spreads of two copies are apart at most, as a share; and of those whose
/// prints are the same but for a few bits, which are the same course of a sound.
const SPREAD: f64 = 0.015;
const FEW_BITS: u32 = 4;
const SPREAD_OF_FEW: f64 = 0.05;

/// Two clips that are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The later one.
    pub clip: u32,
    /// The one that it is like.
    pub other: u32,
    /// Bits that their prints differ in; `None` of the same audio.
    pub bits: Option<u32>,
}

/// The nearest clip that comes before another, if any.
#[derive(Clone, Copy)]
struct Nearest {
    other: u32,
    bits: u16,
}

const NONE: Nearest = Nearest {
    other: u32::MAX,
    bits: u16::MAX,
};

/// Pairs of clips that are alike: of each clip the nearest one before it on its own
/// side, and the nearest before it on the other; with at most so many bits
/// between prints. `side` says which of two sides a clip is on. In the order of the
/// clips.
pub fn pairs(facts: &[ClipFacts], most_bits: u32, side: impl Fn(u32) -> bool) -> Vec<Pair> {
    let mut pairs = same(facts, &side);
    let mut nearest = vec![[NONE; 2]; facts.len()];
    let prints = |index: &u32| facts[*index as usize].print != [0; WORDS];
    let clips = (0..facts.len() as u32).filter(prints);
    let mut order: Vec<(u64, u32)> = clips.map(|index| (0, index)).collect();
    for part in 0..PARTS {
        let turned = |index: u32| rotated(&facts[index as usize].print, part);
        for (lead, index) in &mut order {
            *lead = self::lead(turned(*index));
        }
        order.sort_unstable_by(|a, b| {
            let whole = || (turned(a.1), a.1).cmp(&(turned(b.1), b.1));
            a.0.cmp(&b.0).then_with(whole)
        });
        compare(facts, &order, most_bits, &side, &mut nearest);
    }
    for (clip, of_clip) in (0u32..).zip(&nearest) {
        for near in of_clip.iter().filter(|near| near.other != u32::MAX) {
            pairs.push(Pair {
                clip,
                other: near.other,
                bits: Some(u32::from(near.bits)),
            });
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Clips of the same audio, each with the first of its side and of the other.
fn same(facts: &[ClipFacts], side: &impl Fn(u32) -> bool) -> Vec<Pair> {
    let mut order: Vec<u32> = (0..facts.len() as u32).collect();
    order.retain(|index| facts[*index as usize].hash != 0);
    order.sort_unstable_by_key(|index| (facts[*index as usize].hash, *index));
    let mut pairs = Vec::new();
    let same = |a: &u32, b: &u32| facts[*a as usize].hash == facts[*b as usize].hash;
    for group in order.chunk_by(same) {
        let mut firsts: [Option<u32>; 2] = [None; 2];
        for &clip in group {
            for other in firsts.iter().flatten() {
                pairs.push(Pair {
                    clip,
                    other: *other,
                    bits: None,
                });
            }
            firsts[usize::from(side(clip))].get_or_insert(clip);
        }
    }
    pairs
}

/// A print whose part of that number comes first.
fn rotated(print: &[u32; WORDS], part: usize) -> [u16; PARTS] {
    let at = |index: usize| {
        let index = (index + part) % PARTS;
        (print[index / 2] >> (16 * (index % 2))) as u16
    };
    std::array::from_fn(at)
}

/// The first four parts, in which most prints differ already.
fn lead([a, b, c, d, ..]: [u16; PARTS]) -> u64 {
    let [a, b, c, d] = [a, b, c, d].map(u64::from);
    a << 48 | b << 32 | c << 16 | d
}

fn compare(
    facts: &[ClipFacts],
    order: &[(u64, u32)],
    most_bits: u32,
    side: &impl Fn(u32) -> bool,
    nearest: &mut [[Nearest; 2]],
) {
    for (place, &(lead, one)) in order.iter().enumerate() {
        let behind = order[place + 1..].iter().take(REACH);
        for &(_, two) in behind.take_while(|two| two.0 >> 48 == lead >> 48) {
            let (a, b) = (&facts[one as usize], &facts[two as usize]);
            let bits = distance(&a.print, &b.print);
            if bits > most_bits || !spread_alike(a, b, bits) || a.hash == b.hash {
                continue;
            }
            let (clip, other) = (one.max(two), one.min(two));
            let of_clip = &mut nearest[clip as usize][usize::from(side(clip) != side(other))];
            let found = Nearest {
                other,
                bits: bits as u16,
            };
            if (found.bits, found.other) < (of_clip.bits, of_clip.other) {
                *of_clip = found;
            }
        }
    }
}

/// Whether two sounds are spread alike in time.
fn spread_alike(a: &ClipFacts, b: &ClipFacts, bits: u32) -> bool {
    let share = if bits > FEW_BITS {
        SPREAD
    } else {
        SPREAD_OF_FEW
    };
    f64::from(a.spread.abs_diff(b.spread)) <= share * f64::from(a.spread.max(b.spread))
}

/// Clips whose length is not the habit of their group, with how far off it is: in
/// median deviations of the logarithm, of those over a factor of two off. `groups`
/// says which group each clip is of; those of no length are passed over.
pub fn odd_lengths(facts: &[ClipFacts], group: impl Fn(u32) -> usize) -> Vec<(u32, f64)> {
    /// Fewer have no habit.
    const ENOUGH: usize = 20;
    /// The least deviation: clips all of one length have none.
    const LEAST: f64 = 0.05;
    let lengths = (0u32..).zip(facts).filter(|(_, facts)| facts.samples > 0);
    let mut groups: HashMap<usize, Vec<u32>> = HashMap::new();
    for (clip, facts) in lengths.clone() {
        groups.entry(group(clip)).or_default().push(facts.samples);
    }
    let habits: HashMap<usize, (f64, f64)> = groups
        .into_iter()
        .filter(|(_, lengths)| lengths.len() >= ENOUGH)
        .map(|(group, mut lengths)| {
            lengths.sort_unstable();
            let log = |samples: u32| f64::from(samples).ln();
            let median = log(lengths[lengths.len() / 2]);
            let mut off: Vec<f64> = lengths.iter().map(|n| (log(*n) - median).abs()).collect();
            off.sort_unstable_by(f64::total_cmp);
            (group, (median, off[off.len() / 2].max(LEAST)))
        })
        .collect();
    lengths
        .filter_map(|(clip, facts)| {
            let (median, deviation) = habits.get(&group(clip))?;
            let off = (f64::from(facts.samples).ln() - median).abs();
            (off > std::f64::consts::LN_2).then_some((clip, off / deviation))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Clips of random prints.
    fn clips(count: usize) -> (Vec<ClipFacts>, ChaCha8Rng) {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut facts = Vec::new();
        for hash in 1..=count as u128 {
            facts.push(ClipFacts {
                hash,
                print: std::array::from_fn(|_| rng.random()),
                samples: 16_000,
                spread: 4_000,
            });
        }
        (facts, rng)
    }

    #[test]
    fn what_is_alike_is_found_and_nothing_else() {
        let (mut facts, mut rng) = clips(2_000);
        let mut expected = Vec::new();
        for copy in 0..200u32 {
            let (clip, bits) = (1_000 + copy, copy % 16);
            let mut print = facts[copy as usize].print;
            let mut flipped = std::collections::BTreeSet::new();
            while flipped.len() < bits as usize {
                flipped.insert(rng.random_range(0..256usize));
            }
            for bit in flipped {
                print[bit / 32] ^= 1 << (bit % 32);
            }
            facts[clip as usize].print = print;
            expected.push(Pair {
                clip,
                other: copy,
                bits: Some(bits),
            });
        }
        assert_eq!(pairs(&facts, 15, |_| false), expected);
    }

    #[test]
    fn prints_that_are_near_are_copies_where_the_sounds_are_spread_alike() {
        let (mut facts, _) = clips(6);
        // Twelve bits apart, and two.
        for (clip, bits, spread) in [(1, 0xfff, 4_050), (2, 0xfff, 4_200), (3, 3, 4_200)] {
            facts[clip].print = facts[0].print;
            facts[clip].print[5] ^= bits;
            facts[clip].spread = spread;
        }
        let found = pairs(&facts, 20, |_| false);
        let of_first: Vec<_> = found.iter().filter(|pair| pair.other == 0).collect();
        let clips: Vec<u32> = of_first.iter().map(|pair| pair.clip).collect();
        assert_eq!(clips, [1, 3]);
    }

    #[test]
    fn the_same_audio_is_told_of_each_side() {
        let (mut facts, _) = clips(6);
        for index in [1, 3, 4, 5] {
            facts[index] = facts[0];
        }
        let test = |clip: u32| clip >= 3;
        let found: Vec<_> = pairs(&facts, 8, test)
            .iter()
            .map(|pair| (pair.clip, pair.other, pair.bits))
            .collect();
        let expected = [
            (1, 0, None),
            (3, 0, None),
            (4, 0, None),
            (4, 3, None),
            (5, 0, None),
            (5, 3, None),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_length_that_is_no_habit_is_found() {
        let (mut facts, _) = clips(100);
        for (index, facts) in facts.iter_mut().enumerate() {
            facts.samples = 16_000 + 100 * (index as u32 % 7);
        }
        facts[9].samples = 160_000;
        facts[10].samples = 0;
        facts[11].samples = 1_600;
        let odd = odd_lengths(&facts, |_| 0);
        let clips: Vec<u32> = odd.iter().map(|(clip, _)| *clip).collect();
        assert_eq!(clips, [9, 11]);
        assert!(odd.iter().all(|(_, off)| *off > 8.0), "{odd:?}");
        assert!(odd_lengths(&facts[..19], |_| 0).is_empty());
    }
}

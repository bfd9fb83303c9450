//! What was done to the rows of a data set: one pass over `rows.jsonl`, for
//! `inspect` and for the report. Memory follows the number of splits and of
//! distinct sounds, never that of rows.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Serialize;

use super::jsonl::{JsonlError, JsonlReader};
use super::layout::ROWS_FILE;
use super::rows::RowRecord;
use crate::config::plan::Plan;
pub use crate::dsp::Range;
use crate::dsp::chain::{EffectKind, EffectSpec};
use crate::dsp::effect::Measure;

/// Most bins of a histogram.
const MOST_BINS: f64 = 30.0;

/// What was done to the rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statistics {
    /// Rows.
    pub rows: u64,
    /// Rows of each split.
    pub splits: BTreeMap<String, u64>,
    /// Each effect of the chain, in its order.
    pub effects: Vec<EffectStatistics>,
}

/// What one effect did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EffectStatistics {
    /// Its name in the chain.
    pub effect: &'static str,
    /// What it is called for a person.
    pub label: &'static str,
    /// Rows that it was applied to.
    pub rows: u64,
    /// The same by kind, where it has several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<&'static str, u64>,
    /// Rows by the number that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure: Option<MeasureStatistics>,
    /// How often each sound was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sounds: Option<SoundStatistics>,
}

/// How a number was distributed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MeasureStatistics {
    /// What the number is.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// How often it fell into which bin.
    pub histogram: Histogram,
}

/// How often sounds were used.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SoundStatistics {
    /// What one is called for a person.
    pub label: &'static str,
    /// Every sound with the number of rows, the most used first; those that
    /// could have been used and never were, included.
    pub uses: Vec<(String, u64)>,
}

/// How often values fell into bins of equal width.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// Lower end of the first bin.
    pub from: f64,
    /// Width of a bin.
    pub width: f64,
    /// Values in each bin.
    pub counts: Vec<u64>,
}

impl Statistics {
    /// Reads `rows.jsonl` of a folder; `sounds` are the names that the build
    /// could draw from.
    ///
    /// # Errors
    /// A line that cannot be read: which, and why.
    pub fn read(folder: &Path, plan: &Plan, sounds: &Sounds) -> Result<Self, JsonlError> {
        let mut counts = Counts::new(plan, sounds);
        for line in JsonlReader::<RowRecord>::open(&folder.join(ROWS_FILE))? {
            counts.add(&line?);
        }
        Ok(counts.statistics())
    }

    /// What an effect did; `None` where it is not in the chain.
    pub fn effect(&self, kind: EffectKind) -> Option<&EffectStatistics> {
        let mut effects = self.effects.iter();
        effects.find(|effect| effect.effect == kind.name())
    }
}

/// The names of the sounds that each effect could draw from, by its name.
pub type Sounds = BTreeMap<String, Vec<String>>;

struct Counts {
    splits: BTreeMap<String, u64>,
    sample_rate: u32,
    effects: Vec<(EffectKind, EffectCounts)>,
}

#[derive(Default)]
struct EffectCounts {
    rows: u64,
    variants: BTreeMap<&'static str, u64>,
    measure: Option<MeasureStatistics>,
    sounds: HashMap<String, u64>,
}

impl Counts {
    fn new(plan: &Plan, sounds: &Sounds) -> Self {
        let chains: Vec<_> = plan
            .splits
            .iter()
            .map(|split| plan.chain_of(split))
            .collect();
        // Over all splits: each may draw from a range of its own.
        let measure = |kind: EffectKind| {
            let of_splits = chains
                .iter()
                .flatten()
                .filter(|effect| effect.kind() == kind);
            let measures = of_splits.filter_map(EffectSpec::measure);
            measures.reduce(|a, b| Measure {
                range: Range::new(a.range.min.min(b.range.min), a.range.max.max(b.range.max)),
                ..a
            })
        };
        let effect = |effect: &EffectSpec| {
            let kind = effect.kind();
            let there = sounds.get(kind.name()).into_iter().flatten();
            let counts = EffectCounts {
                measure: measure(kind).map(|measure| MeasureStatistics {
                    name: measure.name,
                    unit: measure.unit,
                    histogram: Histogram::new(measure.range),
                }),
                sounds: there.map(|name| (name.clone(), 0)).collect(),
                ..EffectCounts::default()
            };
            (kind, counts)
        };
        Self {
            splits: BTreeMap::new(),
            sample_rate: plan.audio.sample_rate,
            effects: plan.augment.chain.iter().map(effect).collect(),
        }
    }

    fn add(&mut self, row: &RowRecord) {
        match self.splits.get_mut(&*row.split) {
            Some(rows) => *rows += 1,
            None => drop(self.splits.insert(row.split.to_string(), 1)),
        }
        for (kind, counts) in &mut self.effects {
            if let Some(drawn) = row.provenance.get(*kind) {
                counts.add(&drawn.facts(self.sample_rate));
            }
        }
    }

    fn statistics(self) -> Statistics {
        let effects = self.effects.into_iter();
        Statistics {
            rows: self.splits.values().sum(),
            splits: self.splits,
            effects: effects
                .map(|(kind, counts)| counts.statistics(kind))
                .collect(),
        }
    }
}

impl EffectCounts {
    fn add(&mut self, facts: &crate::dsp::effect::Facts<'_>) {
        self.rows += 1;
        if let Some(variant) = facts.variant {
            *self.variants.entry(variant).or_default() += 1;
        }
        for &sound in &facts.sounds {
            match self.sounds.get_mut(&**sound) {
                Some(rows) => *rows += 1,
                None => drop(self.sounds.insert(sound.to_string(), 1)),
            }
        }
        if let (Some(measure), Some(value)) = (&mut self.measure, facts.value) {
            measure.histogram.add(value);
        }
    }

    fn statistics(self, kind: EffectKind) -> EffectStatistics {
        let mut uses: Vec<_> = self.sounds.into_iter().collect();
        uses.sort_by(|(a_name, a), (b_name, b)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
        EffectStatistics {
            effect: kind.name(),
            label: kind.label(),
            rows: self.rows,
            variants: self.variants,
            measure: self.measure.filter(|_| self.rows > 0),
            sounds: kind.sound().map(|sound| SoundStatistics {
                label: sound.label(),
                uses,
            }),
        }
    }
}

impl SoundStatistics {
    /// Those that were used, the most used first.
    pub fn used(&self) -> &[(String, u64)] {
        &self.uses[..self.uses.partition_point(|(_, rows)| *rows > 0)]
    }

    /// Those that were not.
    pub fn never(&self) -> &[(String, u64)] {
        &self.uses[self.used().len()..]
    }
}

impl Histogram {
    /// Bins over a range, of a width of 1, 2 or 5 times a power of ten.
    pub fn new(range: Range) -> Self {
        let span = (range.max - range.min).max(f64::EPSILON);
        let power = 10f64.powf((span / MOST_BINS).log10().floor());
        let widths = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let width = match range.min < range.max {
            true => widths.into_iter().find(|width| span / width <= MOST_BINS),
            // A range of one value gets a bin around it.
            false => Some(1.0),
        };
        let width = width.unwrap_or(span);
        let from = match range.min < range.max {
            true => (range.min / width).floor() * width,
            false => range.min - 0.5,
        };
        let bins = ((range.max - from) / width).ceil().max(1.0);
        Self {
            from,
            width,
            counts: vec![0; bins as usize],
        }
    }

    /// Upper end of the last bin.
    pub fn to(&self) -> f64 {
        self.from + self.width * self.counts.len() as f64
    }

    /// Counts a value; one outside goes to the bin at that end.
    pub fn add(&mut self, value: f64) {
        let place = ((value - self.from) / self.width).max(0.0) as usize;
        let last = self.counts.len() - 1;
        self.counts[place.min(last)] += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_range_of_one_value_has_a_histogram() {
        let mut histogram = Histogram::new(Range::new(10.0, 10.0));
        histogram.add(10.0);
        assert_eq!(histogram.counts, [1]);
    }

    proptest! {
        #[test]
        fn every_value_falls_into_the_bin_that_holds_it(
            min in -60f64..60.0,
            span in 0.01f64..100.0,
            share in 0f64..=1.0,
        ) {
            let range = Range::new(min, min + span);
            let mut histogram = Histogram::new(range);
            let value = min + share * span;
            histogram.add(value);
            let bin = histogram.counts.iter().position(|count| *count == 1).unwrap();
            let from = histogram.from + bin as f64 * histogram.width;
            let slack = 1e-9 * (1.0 + value.abs());
            prop_assert!(from - slack <= value && value <= from + histogram.width + slack);
            prop_assert!(histogram.counts.len() <= MOST_BINS as usize + 1);
            prop_assert!(histogram.from <= range.min + slack && histogram.to() >= range.max - slack);
        }
    }
}

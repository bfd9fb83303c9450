//! What went into a data set, counted from its own files: so it covers all of
//! it, whatever part a resumed build has added.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::audio;
use crate::build::Inputs;
use crate::dataset::jsonl::{JsonlError, JsonlReader};
use crate::dataset::layout::{QUARANTINE_FILE, ROWS_FILE};
use crate::dsp::Range;

/// Bins of a histogram.
const BINS: usize = 30;
/// Most clips whose length is looked up.
const MOST_LENGTHS: usize = 4000;
/// Most clips left out that are shown one by one.
const MOST_SHOWN: usize = 50;

/// How often values fell into bins of equal width.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Histogram {
    pub from: f64,
    pub to: f64,
    pub counts: Vec<u64>,
}

/// What the rows hold.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub rows: u64,
    pub equalized: u64,
    pub distorted: u64,
    pub snr_db: Histogram,
    pub backgrounds: Uses,
    pub rirs: Uses,
}

/// How often each of some files was used.
#[derive(Clone, Debug, Default)]
pub(super) struct Uses {
    /// Files there are.
    pub files: usize,
    counts: HashMap<String, u64>,
}

/// What was left out.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftOut {
    pub clips: u64,
    /// By split and stage.
    pub groups: BTreeMap<(String, String), u64>,
    /// The first ones.
    pub first: Vec<Quarantined>,
}

/// One clip left out.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Quarantined {
    pub split: String,
    pub clip: String,
    pub stage: String,
    pub reason: String,
}

/// The lengths of a sample of all clips.
#[derive(Clone, Debug)]
pub(super) struct Lengths {
    pub clips: u64,
    pub looked_at: usize,
    pub seconds: Histogram,
}

#[derive(Deserialize)]
struct RowLine {
    equalizer: Option<IgnoredAny>,
    tanh_distortion: Option<IgnoredAny>,
    rir: Option<String>,
    background: Option<BackgroundLine>,
}

#[derive(Deserialize)]
struct BackgroundLine {
    file: String,
    snr_db: f64,
}

impl Histogram {
    pub fn new(range: Range) -> Self {
        // A range of one value gets a bin around it.
        let (from, to) = match range.min < range.max {
            true => (range.min, range.max),
            false => (range.min - 0.5, range.min + 0.5),
        };
        Self {
            from,
            to,
            counts: vec![0; BINS],
        }
    }

    /// Counts a value; one outside goes to the bin at that end.
    pub fn add(&mut self, value: f64) {
        let place = (value - self.from) / (self.to - self.from) * BINS as f64;
        self.counts[(place.max(0.0) as usize).min(BINS - 1)] += 1;
    }

    pub fn width(&self) -> f64 {
        (self.to - self.from) / BINS as f64
    }
}

impl Uses {
    fn new(files: usize) -> Self {
        Self {
            files,
            counts: HashMap::new(),
        }
    }

    fn add(&mut self, file: String) {
        *self.counts.entry(file).or_default() += 1;
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How often each file was used, the most used first, those that never
    /// were included.
    pub fn sorted(&self) -> Vec<u64> {
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        counts.resize(counts.len().max(self.files), 0);
        counts.sort_unstable_by(|a, b| b.cmp(a));
        counts
    }
}

impl Rows {
    /// Counts all rows of a finished `rows.jsonl`.
    pub fn read(folder: &Path, inputs: &Inputs, snr_db: Range) -> Result<Self, JsonlError> {
        let mut this = Self {
            rows: 0,
            equalized: 0,
            distorted: 0,
            snr_db: Histogram::new(snr_db),
            backgrounds: Uses::new(inputs.backgrounds.len()),
            rirs: Uses::new(inputs.impulses.len()),
        };
        for line in JsonlReader::<RowLine>::open(&folder.join(ROWS_FILE))? {
            this.add(line?);
        }
        Ok(this)
    }

    fn add(&mut self, line: RowLine) {
        self.rows += 1;
        self.equalized += u64::from(line.equalizer.is_some());
        self.distorted += u64::from(line.tanh_distortion.is_some());
        if let Some(rir) = line.rir {
            self.rirs.add(rir);
        }
        if let Some(background) = line.background {
            self.snr_db.add(background.snr_db);
            self.backgrounds.add(background.file);
        }
    }
}

impl LeftOut {
    /// Counts all lines of a finished `quarantine.jsonl`.
    pub fn read(folder: &Path) -> Result<Self, JsonlError> {
        let mut this = Self::default();
        for line in JsonlReader::<Quarantined>::open(&folder.join(QUARANTINE_FILE))? {
            let line = line?;
            this.clips += 1;
            let group = (line.split.clone(), line.stage.clone());
            *this.groups.entry(group).or_default() += 1;
            if this.first.len() < MOST_SHOWN {
                this.first.push(line);
            }
        }
        Ok(this)
    }
}

impl Lengths {
    /// Looks at the headers of clips, evenly spread over all of them. Clips
    /// that cannot be read, or whose header gives no length, do not count.
    pub fn look(inputs: &Inputs, window: f64) -> Self {
        let clips = inputs.clip_count();
        let step = (clips as usize).div_ceil(MOST_LENGTHS).max(1);
        let seconds: Vec<f64> = inputs
            .splits
            .iter()
            .flat_map(|split| &split.clips)
            .step_by(step)
            .filter_map(|clip| {
                let info = audio::probe(&clip.id.path).ok()?;
                Some(info.frames? as f64 / f64::from(info.sample_rate))
            })
            .collect();
        let longest = seconds.iter().copied().fold(window, f64::max);
        let mut histogram = Histogram::new(Range::new(0.0, 1.1 * longest));
        for &length in &seconds {
            histogram.add(length);
        }
        Self {
            clips,
            looked_at: seconds.len(),
            seconds: histogram,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn files_that_were_never_used_count_too() {
        let mut uses = Uses::new(4);
        for file in ["a", "b", "a", "a"] {
            uses.add(file.to_owned());
        }
        assert_eq!(uses.sorted(), [3, 1, 0, 0]);
        assert_eq!(uses.total(), 4);
    }

    #[test]
    fn a_range_of_one_value_has_a_histogram() {
        let mut histogram = Histogram::new(Range::new(10.0, 10.0));
        histogram.add(10.0);
        assert_eq!(histogram.counts[BINS / 2], 1);
    }

    proptest! {
        #[test]
        fn every_value_falls_into_the_bin_that_holds_it(value in 5.0..15.0) {
            let mut histogram = Histogram::new(Range::new(5.0, 15.0));
            histogram.add(value);
            let bin = histogram.counts.iter().position(|count| *count == 1).unwrap();
            let from = histogram.from + bin as f64 * histogram.width();
            prop_assert!(from - 1e-9 <= value && value <= from + histogram.width() + 1e-9);
        }
    }
}

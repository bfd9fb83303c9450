//! What was left out of a data set, counted from its own files: so it covers all
//! of it, whatever part a resumed build has added; and the lengths of its clips.

use std::collections::BTreeMap;
use std::path::Path;

use crate::build::Ready;
use crate::dataset::audit::read_some_facts;
use crate::dataset::jsonl::{JsonlError, JsonlReader};
use crate::dataset::layout::QUARANTINE_FILE;
use crate::dataset::rows::QuarantineRecord;
use crate::dataset::statistics::{Histogram, Range};

/// Most clips whose length is looked up.
const MOST_LENGTHS: usize = 4000;
/// Most clips left out that are shown one by one.
const MOST_SHOWN: usize = 50;

/// What was left out.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftOut {
    pub clips: u64,
    /// By split and stage.
    pub groups: BTreeMap<(String, String), u64>,
    /// The first ones.
    pub first: Vec<QuarantineRecord<'static>>,
}

/// The lengths of a sample of all clips.
#[derive(Clone, Debug)]
pub(super) struct Lengths {
    pub clips: u64,
    pub looked_at: usize,
    pub seconds: Histogram,
}

impl LeftOut {
    /// Counts all lines of a finished `quarantine.jsonl`.
    pub fn read(folder: &Path) -> Result<Self, JsonlError> {
        let mut this = Self::default();
        for line in JsonlReader::<QuarantineRecord<'static>>::open(&folder.join(QUARANTINE_FILE))? {
            let line = line?;
            this.clips += 1;
            let group = (line.split.to_string(), line.stage.to_string());
            *this.groups.entry(group).or_default() += 1;
            if this.first.len() < MOST_SHOWN {
                this.first.push(line);
            }
        }
        Ok(this)
    }
}

impl Lengths {
    /// Looks at clips evenly spread over all of them: at what the audit knows of them,
    /// or else at their headers.
    pub fn look(ready: &Ready, folder: &Path) -> Self {
        let (inputs, audio) = (ready.inputs(), &ready.plan().audio);
        let facts = read_some_facts(folder, MOST_LENGTHS).ok().flatten();
        let seconds = match facts {
            Some(facts) => {
                let decoded = facts.iter().filter(|facts| facts.samples > 0);
                let rate = f64::from(audio.sample_rate);
                decoded.map(|of| f64::from(of.samples) / rate).collect()
            }
            None => inputs.lengths(MOST_LENGTHS),
        };
        let window = audio.window_seconds();
        let longest = seconds.iter().copied().fold(window, f64::max);
        let mut histogram = Histogram::new(Range::new(0.0, longest));
        for &length in &seconds {
            histogram.add(length);
        }
        Self {
            clips: inputs.clip_count(),
            looked_at: seconds.len(),
            seconds: histogram,
        }
    }
}

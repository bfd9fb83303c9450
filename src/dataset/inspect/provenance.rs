//! What `rows.jsonl` says was done to the rows, counted as it is read.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::dataset::jsonl::JsonlReader;
use crate::source::{self, Kinds};

use super::InspectError;

/// Sounds named at either end of the list.
const NAMED: usize = 5;

/// What was done to the rows of a data set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Rows.
    pub rows: u64,
    /// How many of them each effect was applied to, in the order of the effects.
    pub effects: Vec<Share>,
    /// Rows by signal-to-noise ratio, in bins of 1 dB named by their lower end.
    pub snr_db: BTreeMap<i64, u64>,
    /// How often each background was used.
    pub backgrounds: SoundUse,
    /// How often each impulse response was used.
    pub rirs: SoundUse,
}

/// How many rows something happened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Share {
    /// What.
    pub effect: &'static str,
    /// To how many rows.
    pub rows: u64,
}

/// How often sounds were used.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SoundUse {
    /// Distinct sounds that were used.
    pub used: usize,
    /// The most used, with the number of rows.
    pub most: Vec<(String, u64)>,
    /// The least used of the rest.
    pub least: Vec<(String, u64)>,
    /// Those that are there and were never used; `None` where it cannot be
    /// told which are there.
    pub never: Option<Vec<String>>,
}

/// Where the sounds of a build came from.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sources {
    pub backgrounds: Vec<PathBuf>,
    pub rirs: Vec<PathBuf>,
    pub wav_only: bool,
}

/// The rows of each split.
pub(super) type RowCounts = HashMap<String, u64>;

#[derive(Deserialize)]
struct Line {
    split: String,
    equalizer: Option<IgnoredAny>,
    tanh_distortion: Option<f64>,
    rir: Option<String>,
    background: Option<Background>,
    place: Option<Place>,
}

#[derive(Deserialize)]
struct Background {
    file: String,
    snr_db: f64,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Place {
    End {},
    Center,
}

/// Reads `rows.jsonl`.
///
/// # Errors
/// A line that cannot be read: which, and why.
pub(super) fn summarize(
    path: &Path,
    sources: &Sources,
) -> Result<(Summary, RowCounts), InspectError> {
    let mut counts = Counts::default();
    for line in JsonlReader::open(path)? {
        counts.add(line?);
    }
    let summary = Summary {
        rows: counts.rows.values().sum(),
        effects: counts.effects(),
        snr_db: counts.snr_db,
        backgrounds: sound_use(counts.backgrounds, &sources.backgrounds, sources.wav_only),
        rirs: sound_use(counts.rirs, &sources.rirs, sources.wav_only),
    };
    Ok((summary, counts.rows))
}

#[derive(Default)]
struct Counts {
    rows: RowCounts,
    equalizer: u64,
    tanh_distortion: u64,
    reverb: u64,
    background: u64,
    end: u64,
    center: u64,
    snr_db: BTreeMap<i64, u64>,
    backgrounds: HashMap<String, u64>,
    rirs: HashMap<String, u64>,
}

impl Counts {
    fn add(&mut self, line: Line) {
        *self.rows.entry(line.split).or_default() += 1;
        self.equalizer += u64::from(line.equalizer.is_some());
        self.tanh_distortion += u64::from(line.tanh_distortion.is_some());
        if let Some(file) = line.rir {
            self.reverb += 1;
            *self.rirs.entry(file).or_default() += 1;
        }
        if let Some(Background { file, snr_db }) = line.background {
            self.background += 1;
            *self.backgrounds.entry(file).or_default() += 1;
            *self.snr_db.entry(snr_db.floor() as i64).or_default() += 1;
        }
        match line.place {
            Some(Place::End {}) => self.end += 1,
            Some(Place::Center) => self.center += 1,
            None => {}
        }
    }

    fn effects(&self) -> Vec<Share> {
        let shares = [
            ("equalizer", self.equalizer),
            ("tanh distortion", self.tanh_distortion),
            ("impulse response", self.reverb),
            ("background", self.background),
            ("placed at the end", self.end),
            ("placed in the center", self.center),
        ];
        shares.map(|(effect, rows)| Share { effect, rows }).to_vec()
    }
}

fn sound_use(uses: HashMap<String, u64>, sources: &[PathBuf], wav_only: bool) -> SoundUse {
    let never = there(sources, wav_only).map(|there| {
        let unused = there.into_iter().filter(|name| !uses.contains_key(name));
        unused.collect()
    });
    let mut uses: Vec<_> = uses.into_iter().collect();
    uses.sort_by(|(a_name, a), (b_name, b)| b.cmp(a).then_with(|| a_name.cmp(b_name)));
    let most = uses.iter().take(NAMED).cloned().collect();
    let rest = uses.get(NAMED..).unwrap_or_default();
    let least = rest.iter().rev().take(NAMED).cloned().collect();
    SoundUse {
        used: uses.len(),
        most,
        least,
        never,
    }
}

/// The sounds that a build would find now, named as in `rows.jsonl`.
fn there(sources: &[PathBuf], wav_only: bool) -> Option<Vec<String>> {
    let kinds = if wav_only { Kinds::WavOnly } else { Kinds::Any };
    let mut names = Vec::new();
    for path in sources {
        if path.is_file() {
            names.push(path.to_string_lossy().into_owned());
        } else {
            let listing = source::folder(path, kinds).ok()?;
            let paths = listing
                .files
                .iter()
                .map(|found| found.path.to_string_lossy());
            names.extend(paths.map(|path| path.into_owned()));
        }
    }
    names.sort();
    names.dedup();
    Some(names)
}

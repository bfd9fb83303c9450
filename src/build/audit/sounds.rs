//! Backgrounds and impulse responses: what is wrong with them, and how they are
//! used.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::{Set, Told};
use crate::audit::sound;
use crate::build::BuildError;
use crate::dataset::jsonl::JsonlReader;
use crate::dataset::layout::ROWS_FILE;
use crate::dataset::rows::RowRecord;
use crate::dsp::effect::SoundKind;
use crate::records::{Check, Noted, Policy, Provenance, Scope};

/// Judges every sound, in order, by its first seconds. One that cannot be read is
/// passed over: where it was drawn, the build has told.
pub(super) fn judge(set: &Set<'_>) -> Vec<(Noted, Arc<str>)> {
    let (plan, rate) = (set.plan, set.plan.audio.sample_rate);
    let mut found = Vec::new();
    let rules = &plan.audit.rules;
    let Some(sounds) = set.sounds.filter(|_| rules.looks_at(&[Scope::Sound])) else {
        return found;
    };
    for kind in SoundKind::ALL {
        for file in sounds.files(kind) {
            let judge =
                |samples: &[f32]| sound::judge(rules, kind, samples, rate, plan.audio.clip_samples);
            // A background that is neither silent nor constant so far is not so in all.
            let mut enough = |samples: &[f32]| {
                let is_heard = kind == SoundKind::Background && !samples.is_empty();
                is_heard && judge(samples).is_empty()
            };
            let probed = sounds.probe(kind, &file.name, sound::SECONDS, &mut enough);
            let Ok(samples) = probed else {
                continue;
            };
            let noted = judge(&samples);
            let of_file = |noted| (noted, Arc::clone(&file.name));
            found.extend(noted.into_iter().map(of_file));
        }
    }
    found
}

/// How often training and test rows use a sound, by its name.
type OfKind = BTreeMap<String, [u64; 2]>;

/// Who uses which sound.
pub(in crate::build) struct Uses {
    /// Backgrounds, and impulse responses.
    kinds: [OfKind; 2],
    sample_rate: u32,
}

impl Uses {
    /// Of the sounds that there are, none yet.
    pub(in crate::build) fn new(set: &Set<'_>) -> Self {
        let kinds = [&set.inputs.backgrounds, &set.inputs.impulses];
        Self {
            kinds: kinds.map(|files| {
                let names = files.iter().map(|file| (file.name.to_string(), [0; 2]));
                names.collect()
            }),
            sample_rate: set.plan.audio.sample_rate,
        }
    }

    /// Reads those of a folder's rows.
    pub(super) fn read(set: &Set<'_>, folder: &Path) -> Result<Self, BuildError> {
        let mut this = Self::new(set);
        if this.kinds.iter().all(BTreeMap::is_empty) {
            return Ok(this);
        }
        let path = folder.join(ROWS_FILE);
        let read = |error| BuildError::io("read", &path)(std::io::Error::other(error));
        for line in JsonlReader::<RowRecord<'static>>::open(&path).map_err(read)? {
            let line = line.map_err(read)?;
            let mut splits = set.inputs.splits.iter();
            let test = splits.any(|split| split.name() == line.split && split.plan.is_test());
            this.add(test, &line.provenance);
        }
        Ok(this)
    }

    /// Counts those of a row.
    pub(in crate::build) fn add(&mut self, test: bool, provenance: &Provenance) {
        for (kind, drawn) in provenance.applied() {
            let Some(of_kind) = kind.sound() else {
                continue;
            };
            let of_kind = &mut self.kinds[usize::from(of_kind == SoundKind::Impulse)];
            for sound in drawn.facts(self.sample_rate).sounds {
                if let Some(uses) = of_kind.get_mut(&**sound) {
                    uses[usize::from(test)] += 1;
                }
            }
        }
    }

    /// Tells what is shared or uneven.
    pub(in crate::build) fn tell(
        &self,
        set: &Set<'_>,
        told: &mut Told<'_, '_>,
    ) -> Result<(), BuildError> {
        for (kind, uses) in SoundKind::ALL.into_iter().zip(&self.kinds) {
            shared(set, kind, uses, told)?;
        }
        for (kind, uses) in SoundKind::ALL.into_iter().zip(&self.kinds) {
            uneven(set, kind, uses, told)?;
        }
        Ok(())
    }
}

/// Sounds on both sides.
fn shared(
    set: &Set<'_>,
    kind: SoundKind,
    uses: &OfKind,
    told: &mut Told<'_, '_>,
) -> Result<(), BuildError> {
    let tested = uses.values().filter(|[_, test]| *test > 0);
    let both = tested.clone().filter(|[train, _]| *train > 0).count();
    let tested = tested.count();
    if tested == 0 {
        return Ok(());
    }
    let share = both as f64 / tested as f64;
    let noted = set.plan.audit.rules.judge(Check::SharedSound, share);
    let detail = format!("{both} of {tested} {}s of test rows", kind.label());
    told.set(noted, Some(detail))
}

/// Sounds of which some are used far more often than independent draws do.
fn uneven(
    set: &Set<'_>,
    kind: SoundKind,
    uses: &OfKind,
    told: &mut Told<'_, '_>,
) -> Result<(), BuildError> {
    /// Fewer uses than that of a sound on average say nothing.
    const ENOUGH: f64 = 5.0;
    if set.plan.audit.rules.policy(Check::UnevenUse) == Policy::Off || uses.len() < 2 {
        return Ok(());
    }
    let counts: Vec<f64> = uses
        .values()
        .map(|[train, test]| (train + test) as f64)
        .collect();
    let mean = counts.iter().sum::<f64>() / counts.len() as f64;
    let variance = counts
        .iter()
        .map(|count| (count - mean).powi(2))
        .sum::<f64>();
    let chance = mean * (1.0 - 1.0 / counts.len() as f64);
    if mean < ENOUGH {
        return Ok(());
    }
    let times = (variance / counts.len() as f64 / chance).sqrt();
    let noted = set.plan.audit.rules.judge(Check::UnevenUse, times);
    let most = uses.iter().max_by_key(|(_, uses)| uses.iter().sum::<u64>());
    let most = most.map_or("", |(name, _)| name);
    let detail = format!("{} {}s, most often {most}", uses.len(), kind.label());
    told.set(noted, Some(detail))
}

//! What the bytes of a data set come from, and what of it has changed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::augment::Sounds;
use crate::config::plan::Plan;
use crate::dataset::manifest::Dataset;
use crate::dataset::partial::hex;
use crate::dsp::effect::SoundKind;
use crate::frontend::FrontEnd;

use crate::source::Stamp;
use crate::source::order::Shard;

use super::Inputs;
use super::platform::platform;

/// Hexadecimal digits that stand for a file in an [`Origin`].
const STAMP: usize = 8;

/// Everything that the output's bytes depend on: the program's version, the
/// platform, the plan without its speed settings, how the networks run, and the
/// names, sizes and times of all inputs in use.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Origin {
    /// SHA-256 over all of it.
    pub(super) fingerprint: String,
    program: String,
    pub(super) platform: String,
    pub(super) configuration: Value,
    networks: Value,
    /// SHA-256 over the inputs.
    pub(super) inputs: String,
    /// What stands for each of them; a shard does not know those of others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<Stamps>,
    /// What the audit judges by; not in the fingerprint.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    audit: Value,
    /// Which shard this is of, where it is of one; not in the fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shard: Option<(usize, usize)>,
}

/// What stands for a list of files: a few digits for each, so that a change
/// can be named.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Stamps {
    of: String,
    stamps: String,
}

/// What stands for all inputs.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamped {
    /// SHA-256 over name, size and time of every file.
    pub(super) inputs: String,
    /// What stands for each.
    pub(super) files: Vec<Stamps>,
}

impl Stamped {
    /// Looks at every input.
    pub(super) fn look(inputs: &Inputs, sounds: &Sounds) -> Self {
        Self::of(lists(inputs, sounds))
    }

    /// Of inputs that were looked at.
    pub(super) fn of<'a>(lists: impl Iterator<Item = (String, Vec<Named<'a>>)>) -> Self {
        let mut hash = Sha256::new();
        let files = lists.map(|(of, files)| {
            let mut stamps = String::with_capacity(files.len() * STAMP);
            for (name, found) in files {
                let digest = stamp(name.as_bytes(), found);
                hash.update(digest);
                stamps.push_str(&hex(&digest[..STAMP / 2]));
            }
            hash.update(digest(of.as_bytes()));
            Stamps { of, stamps }
        });
        Self {
            files: files.collect(),
            inputs: hex(&hash.finalize()),
        }
    }
}

impl Origin {
    /// That of a build on this machine.
    pub(super) fn new(plan: &Plan, inputs: Stamped, front_end: &FrontEnd) -> Self {
        let report = serde_json::to_value(front_end.report()).unwrap_or_default();
        Self::of(
            platform(front_end),
            plan.essence(),
            networks(&report),
            inputs,
        )
        .judged_by(plan)
    }

    /// That of a build on such a machine, where the networks ran as a front end
    /// reported.
    pub(super) fn elsewhere(
        platform: &str,
        configuration: Value,
        front_end: &Value,
        inputs: Stamped,
    ) -> Self {
        let platform = platform.to_owned();
        Self::of(platform, configuration, networks(front_end), inputs)
    }

    fn of(platform: String, configuration: Value, networks: Value, inputs: Stamped) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let mut hash = Sha256::new();
        for part in [
            &program,
            &platform,
            &configuration.to_string(),
            &networks.to_string(),
            &inputs.inputs,
        ] {
            hash.update(digest(part.as_bytes()));
        }
        Self {
            fingerprint: hex(&hash.finalize()),
            program,
            platform,
            configuration,
            networks,
            inputs: inputs.inputs,
            files: inputs.files,
            audit: Value::Null,
            shard: None,
        }
    }

    /// The same of one shard.
    pub(super) fn of_shard(self, shard: Shard) -> Self {
        Self {
            shard: Some((shard.index, shard.count)),
            ..self
        }
    }

    /// The same with what the audit judges by.
    pub(super) fn judged_by(self, plan: &Plan) -> Self {
        let rules = plan.audits().then_some(&plan.audit);
        let audit = serde_json::to_value(rules).unwrap_or_default();
        Self { audit, ..self }
    }

    /// Whether the audit judges as it did then.
    pub(super) fn judges_as(&self, then: &Self) -> bool {
        self.audit == then.audit
    }

    /// Whether what was begun can be gone on with.
    pub(super) fn continues(&self, then: &Self) -> bool {
        self.fingerprint == then.fingerprint && self.shard == then.shard
    }

    /// On what the networks ran, in words.
    pub(super) fn machine(&self) -> String {
        let of = |key: &str| self.networks.get(key).and_then(Value::as_str);
        let (backend, provider) = (of("backend"), of("provider"));
        format!(
            "platform '{}' ({}, {})",
            self.platform,
            backend.unwrap_or_default(),
            provider.unwrap_or_default()
        )
    }

    /// What has changed since a data set was built, in words.
    pub(super) fn since(&self, then: &Dataset, names: Names<'_>) -> String {
        match Self::recorded(then) {
            Some(then) => format!(
                "it was made from something else; what has changed:\n    {}",
                self.changes(&then, names).join("\n    ")
            ),
            _ => "it was made from another configuration or other inputs, by another version, or on another kind of processor".to_owned(),
        }
    }

    /// What a data set was made from, as far as it tells.
    pub(super) fn recorded(then: &Dataset) -> Option<Self> {
        serde_json::from_value(then.origin.clone()?).ok()
    }

    /// What has changed since `then`, each in words; something is said
    /// wherever the fingerprints differ.
    pub(super) fn changes(&self, then: &Self, names: Names<'_>) -> Vec<String> {
        let mut changes = Vec::new();
        let text = |text: &String| Value::String(text.clone());
        let pairs = [
            ("wakemill", text(&then.program), text(&self.program)),
            ("platform", text(&then.platform), text(&self.platform)),
            (
                "configuration",
                then.configuration.clone(),
                self.configuration.clone(),
            ),
            ("networks", then.networks.clone(), self.networks.clone()),
        ];
        for (name, then, now) in &pairs {
            compare(name, then, now, &mut changes);
        }
        changes.extend(changed_files(&then.files, &self.files, names));
        if changes.is_empty() {
            changes.push(match self.shard == then.shard {
                true => "the inputs".to_owned(),
                false => "which shard it is".to_owned(),
            });
        }
        changes
    }
}

/// Gives every list of files, with their names.
pub(super) type Names<'a> = &'a dyn Fn() -> Vec<(String, Vec<Named<'a>>)>;

/// Which of the inputs have changed.
pub(super) fn changed_files(then: &[Stamps], now: &[Stamps], names: Names<'_>) -> Vec<String> {
    if then == now {
        return Vec::new();
    }
    let mut changes = Vec::new();
    for ((index, now), (_, names)) in now.iter().enumerate().zip(names()) {
        match then.get(index) {
            Some(then) if then == now => {}
            Some(then) => changes.push(difference(then, now, names)),
            None => changes.push(format!("{} is new", now.of)),
        }
    }
    changes
}

/// A file's name, and what shows that it has changed; `None` counts as nothing
/// here, and fails when it is read.
pub(super) type Named<'a> = (&'a str, Option<Stamp>);

/// Every list of files, with a name for it.
pub(super) fn lists<'a>(
    inputs: &'a Inputs,
    sounds: &'a Sounds,
) -> impl Iterator<Item = (String, Vec<Named<'a>>)> {
    let splits = inputs.splits.iter().map(|split| {
        let clips = split.clips.iter();
        let clips = clips.map(|clip| (&*clip.id.name, split.source.stamp(&clip.id)));
        (list_of(split.name()), clips.collect())
    });
    let sounds = SoundKind::ALL.map(|kind| {
        let files = sounds.files(kind).into_iter();
        let files = files.map(|file| (&*file.name, Stamp::of(&file.file)));
        (key_of(kind).to_owned(), files.collect())
    });
    let exclusions = inputs.splits.iter().filter_map(|split| {
        let list = split.plan.recordings.as_ref()?.exclude.as_ref()?;
        let of = format!("what split '{}' excludes", split.name());
        Some((
            of,
            vec![(&*list.configured, Stamp::of(&(&list.path).into()))],
        ))
    });
    splits.chain(sounds).chain(exclusions)
}

/// What the list of a split's clips is called.
fn list_of(split: &str) -> String {
    format!("split '{split}'")
}

/// What the list of a kind of sounds is called: its key.
fn key_of(kind: SoundKind) -> &'static str {
    match kind {
        SoundKind::Background => "augment.backgrounds",
        SoundKind::Impulse => "augment.rirs",
    }
}

/// Says which file is the first to differ.
fn difference(then: &Stamps, now: &Stamps, names: Vec<Named<'_>>) -> String {
    let chunks = |stamps: &Stamps| {
        let digits = stamps.stamps.as_bytes();
        digits.chunks(STAMP).map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let (then, now, of) = (chunks(then), chunks(now), &now.of);
    let differs = |(index, stamp): &(usize, &Vec<u8>)| then.get(*index) != Some(*stamp);
    let first = now.iter().enumerate().find(differs);
    let first = first.and_then(|(index, _)| names.get(index));
    let which = first.map_or_else(
        || "the last ones are gone".to_owned(),
        |(name, _)| format!("'{name}' is the first with another name, size or time"),
    );
    if then.len() == now.len() {
        format!("{of}: {which}")
    } else {
        format!("{of}: {} files, were {}; {which}", now.len(), then.len())
    }
}

/// Names every key whose value differs.
pub(super) fn compare(key: &str, then: &Value, now: &Value, changes: &mut Vec<String>) {
    let null = &Value::Null;
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let mut keys: Vec<&String> = then.keys().chain(now.keys()).collect();
            keys.sort();
            keys.dedup();
            for name in keys {
                let (then, now) = (then.get(name), now.get(name));
                let key = format!("{key}.{name}");
                compare(&key, then.unwrap_or(null), now.unwrap_or(null), changes);
            }
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            for (index, (then, now)) in then.iter().zip(now).enumerate() {
                compare(&format!("{key}.{index}"), then, now, changes);
            }
        }
        _ if then == now => {}
        _ => changes.push(format!("{key} is {now}, was {then}")),
    }
}

/// How the networks run, as far as the output's bytes depend on it, by what a front
/// end reports.
fn networks(report: &Value) -> Value {
    let of = |key: &str| report.get(key).cloned().unwrap_or_default();
    json!({
        "backend": of("backend"),
        "strategy": of("strategy"),
        "provider": of("provider"),
        "runtime": report.pointer("/runtime/version"),
        "mel_sha256": of("mel_sha256"),
        "embedding_sha256": of("embedding_sha256"),
    })
}

/// Name, size and time of a file.
fn stamp(name: &[u8], found: Option<Stamp>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
    if let Some(found) = found {
        hash.update(found.bytes.to_le_bytes());
        hash.update(found.modified.to_le_bytes());
        if let Some((start, end)) = found.range {
            hash.update(start.to_le_bytes());
            hash.update(end.to_le_bytes());
        }
    }
    hash.finalize().into()
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests;

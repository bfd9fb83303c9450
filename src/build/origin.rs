//! What the bytes of a data set come from, and what of it has changed.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::augment::Sounds;
use crate::config::plan::Plan;
use crate::dataset::manifest::Dataset;
use crate::dataset::partial::hex;
use crate::dsp::effect::SoundKind;
use crate::frontend::{Backend, FrontEnd};

use crate::source::Stamp;

use super::Inputs;

/// Hexadecimal digits that stand for a file in an [`Origin`].
const STAMP: usize = 8;

/// Everything that the output's bytes depend on: the program's version, the
/// platform, the plan without its speed settings, the names, sizes and times
/// of all inputs in use, and how the networks run.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Origin {
    /// SHA-256 over all of it.
    pub(super) fingerprint: String,
    program: String,
    platform: String,
    configuration: Value,
    networks: Value,
    files: Vec<Stamps>,
}

/// What stands for a list of files: a few digits for each, so that a change
/// can be named.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Stamps {
    of: String,
    stamps: String,
}

impl Origin {
    pub(super) fn new(plan: &Plan, inputs: &Inputs, sounds: &Sounds, front_end: &FrontEnd) -> Self {
        let program = env!("CARGO_PKG_VERSION").to_owned();
        let (platform, configuration) = (platform(front_end), plan.essence());
        let networks = networks(front_end);
        let mut hash = Sha256::new();
        for part in [
            &program,
            &platform,
            &configuration.to_string(),
            &networks.to_string(),
        ] {
            hash.update(digest(part.as_bytes()));
        }
        let files = lists(inputs, sounds).map(|(of, files)| {
            let mut stamps = String::new();
            for (name, found) in files {
                let digest = stamp(name.as_bytes(), found);
                hash.update(digest);
                stamps.push_str(&hex(&digest)[..STAMP]);
            }
            hash.update(digest(of.as_bytes()));
            Stamps { of, stamps }
        });
        let files = files.collect();
        Self {
            program,
            platform,
            configuration,
            networks,
            files,
            fingerprint: hex(&hash.finalize()),
        }
    }

    /// What has changed since a data set was built, in words.
    pub(super) fn since(&self, then: &Dataset, inputs: &Inputs, sounds: &Sounds) -> String {
        let recorded = then.origin.clone().map(serde_json::from_value::<Self>);
        match recorded {
            Some(Ok(then)) => format!(
                "it was made from something else; what has changed:\n    {}",
                self.changes(&then, inputs, sounds).join("\n    ")
            ),
            _ => "it was made from another configuration or other inputs, by another version, or on another kind of processor".to_owned(),
        }
    }

    /// What has changed since `then`, each in words; something is said
    /// wherever the fingerprints differ.
    pub(super) fn changes(&self, then: &Self, inputs: &Inputs, sounds: &Sounds) -> Vec<String> {
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
        for ((index, now), (_, names)) in self.files.iter().enumerate().zip(lists(inputs, sounds)) {
            match then.files.get(index) {
                Some(then) if then == now => {}
                Some(then) => changes.push(difference(then, now, names)),
                None => changes.push(format!("{} is new", now.of)),
            }
        }
        if changes.is_empty() {
            changes.push("the inputs".to_owned());
        }
        changes
    }
}

/// A file's name, and what shows that it has changed; `None` counts as nothing
/// here, and fails when it is read.
type Named<'a> = (&'a str, Option<Stamp>);

/// Every list of files, with a name for it.
fn lists<'a>(
    inputs: &'a Inputs,
    sounds: &'a Sounds,
) -> impl Iterator<Item = (String, Vec<Named<'a>>)> {
    let splits = inputs.splits.iter().map(|split| {
        let clips = split.clips.iter();
        let clips = clips.map(|clip| (&*clip.id.name, split.source.stamp(&clip.id)));
        (format!("split '{}'", split.name()), clips.collect())
    });
    let sounds = SoundKind::ALL.map(|kind| {
        let files = sounds.files(kind).into_iter();
        let files = files.map(|file| (&*file.name, Stamp::of(&file.path)));
        let key = match kind {
            SoundKind::Background => "augment.backgrounds",
            SoundKind::Impulse => "augment.rirs",
        };
        (key.to_owned(), files.collect())
    });
    let exclusions = inputs.splits.iter().filter_map(|split| {
        let list = split.plan.recordings.as_ref()?.exclude.as_ref()?;
        let of = format!("what split '{}' excludes", split.name());
        Some((of, vec![(&*list.configured, Stamp::of(&list.path))]))
    });
    splits.chain(sounds).chain(exclusions)
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
fn compare(key: &str, then: &Value, now: &Value, changes: &mut Vec<String>) {
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

/// How the networks run, as far as the output's bytes depend on it.
fn networks(front_end: &FrontEnd) -> Value {
    let report = front_end.report();
    json!({
        "backend": report.backend,
        "strategy": report.strategy,
        "provider": report.provider,
        "runtime": report.runtime.as_ref().map(|runtime| &runtime.version),
        "mel_sha256": report.mel_sha256,
        "embedding_sha256": report.embedding_sha256,
    })
}

/// What of this machine the bytes depend on: the architecture, and of the
/// processor's features those that round differently. The native kernels give
/// the same bytes wherever there are AVX2 and FMA; ONNX Runtime chooses kernels
/// by more of them.
fn platform(front_end: &FrontEnd) -> String {
    let mut text = std::env::consts::ARCH.to_owned();
    #[cfg(target_arch = "x86_64")]
    {
        let fused = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        let native = front_end.report().backend == Backend::Native;
        for (name, present) in [
            ("avx", !native && is_x86_feature_detected!("avx")),
            ("avx2+fma", fused),
            ("avx512f", !native && is_x86_feature_detected!("avx512f")),
        ] {
            if present {
                text.push('+');
                text.push_str(name);
            }
        }
    }
    text
}

/// Name, size and time of a file.
fn stamp(name: &[u8], found: Option<Stamp>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
    if let Some(Stamp { bytes, modified }) = found {
        hash.update(bytes.to_le_bytes());
        hash.update(modified.to_le_bytes());
    }
    hash.finalize().into()
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(then: Value, now: Value) -> Vec<String> {
        let mut changes = Vec::new();
        compare("configuration", &then, &now, &mut changes);
        changes
    }

    #[test]
    fn a_changed_key_is_named_with_both_values() {
        let then = json!({"seed": 1, "augment": {"rounds": 2}, "splits": [{"name": "a"}]});
        let now = json!({"seed": 1, "augment": {"rounds": 4}, "splits": [{"name": "b"}]});
        assert_eq!(said(then.clone(), then.clone()), [""; 0]);
        assert_eq!(
            said(then.clone(), now),
            [
                "configuration.augment.rounds is 4, was 2",
                "configuration.splits.0.name is \"b\", was \"a\"",
            ]
        );
        let gone = said(then, json!({"seed": 1, "augment": null}));
        assert_eq!(gone.len(), 2, "{gone:?}");
    }

    #[test]
    fn the_first_file_that_differs_is_named() {
        let list = |stamps: &str| Stamps {
            of: "split 'a'".to_owned(),
            stamps: stamps.to_owned(),
        };
        let names = || vec![("x", None), ("y", None)];
        let then = list("0000000011111111");
        let changed = difference(&then, &list("0000000022222222"), names());
        assert_eq!(
            changed,
            "split 'a': 'y' is the first with another name, size or time"
        );
        let gone = difference(&then, &list("00000000"), names());
        assert_eq!(gone, "split 'a': 1 files, were 2; the last ones are gone");
    }
}

//! Every key of a pipeline: its default, what it allows, and what it means.
//!
//! This table is the one source of the defaults, the range checks, the spelling
//! suggestions and the reference in the README. The keys of an effect stand in
//! its own file.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use super::preset;
use super::rules::Rule;
use crate::dsp::chain::EffectKind;
use crate::dsp::effect::{Allows, Parameter};
use crate::records::{Check, Policy, Rules, Scope};
use Rule::{
    Address, Auto, AutoNumber, Bytes, Chain, Counts, FileName, Flag, Interval, Name, Number, OneOf,
    Path, Paths, Providers, Whole,
};

/// One key.
#[derive(Clone, Debug)]
pub struct Key {
    /// The dotted path; for a key of `[[split]]` without the index.
    pub path: Cow<'static, str>,
    /// What it allows.
    pub rule: Rule,
    /// The default, as TOML; empty where there is none.
    pub default: &'static str,
    /// What it means.
    pub meaning: Cow<'static, str>,
    /// Whether the bytes of a data set depend on it; where they do not, it is
    /// not in the fingerprint.
    pub changes_bytes: bool,
}

/// A key that the bytes of a data set depend on.
const fn key(path: &'static str, rule: Rule, default: &'static str, meaning: &'static str) -> Key {
    Key {
        path: Cow::Borrowed(path),
        rule,
        default,
        meaning: Cow::Borrowed(meaning),
        changes_bytes: true,
    }
}

/// A key that changes no byte: how fast, how told, what happens on failure.
const fn free(path: &'static str, rule: Rule, default: &'static str, meaning: &'static str) -> Key {
    let mut key = key(path, rule, default, meaning);
    key.changes_bytes = false;
    key
}

/// A key of an effect.
fn of_effect(kind: EffectKind, parameter: &Parameter) -> Key {
    Key {
        path: format!("{}.{}", kind.table(), parameter.name).into(),
        rule: match parameter.allows {
            Allows::Number(min, max) => Number(min, max),
            Allows::Interval(min, max) => Interval(min, max),
            Allows::Flag => Flag,
            Allows::Word(words) => OneOf(words),
        },
        default: parameter.default,
        meaning: parameter.meaning.into(),
        changes_bytes: true,
    }
}

const WORKERS: Rule = Auto(1, 4096);
const CAPACITY: Rule = Auto(1, 65_536);

/// Every key but those of the effects, in the order in which the reference lists
/// them.
#[rustfmt::skip]
const FIXED: &[Key] = &[
    key("seed", Whole(0, i64::MAX as u64), "0", "Seed of every clip's random stream."),
    free("output", Path, "", "The output folder. Required."),
    key("audio.sample_rate", Whole(1_000, 384_000), "16000", "Sample rate between the stages, in Hz; the frozen models take 16000."),
    key("audio.clip_seconds", AutoNumber(0.01, 3_600.0), "2.0", "Length of a row's window, in seconds; auto takes openWakeWord's: from the median length of the clips of audio.clip_split."),
    free("audio.clip_split", Name, "", "The split whose clips tell an \"auto\" window; the first one by default."),
    key("audio.max_seconds", Number(0.01, 604_800.0), "600", "Longest clip accepted, in seconds."),
    key("audio.channel", Rule::Channel, "\"first\"", "Which channel of a file is taken; a clip with fewer is refused, a background or impulse response of one channel serves always."),
    key("split.name", Name, "", "The split's name. Required."),
    key("split.input", Path, "", "A folder, a tar (.tar), a list file (.txt, .lst, .list), or a glob (*, ?, [) where nothing has that very name. Required."),
    key("split.features", FileName("npy"), "", "The split's feature file in the output folder; <name>.npy by default."),
    key("split.place", OneOf(&["end", "center", "start", "none"]), "", "Where a clip goes in its window: end and start leave a random gap behind it, of a clip too long end keeps the end and start the start; none leaves its length alone; center by default."),
    key("split.files", OneOf(&["audio", "*.wav", "clip_NNNNNN.wav", "clip_NNNNNN_rR.wav"]), "", "Which files of an input folder are clips: every audio file below it (the default), or those of that name right in it, N a digit and R a number."),
    key("split.kind", OneOf(&["clips", "recordings"]), "", "Whether a file is one clip (the default), or a long recording that gives many rows."),
    key("split.hop_seconds", Number(0.01, 3_600.0), "", "Of recordings: from the start of one row to that of the next; by default timesteps × stride × 10 ms, so that rows continue each other."),
    key("split.interleave", Whole(1, 1_024), "", "Of recordings: how many are open at once, their rows taken in turn, up to 8 each; 16 by default, 1 keeps the order of the recordings."),
    key("split.dtype", OneOf(&["float32", "float16"]), "", "The type of the feature file; float16 by default for recordings, else float32."),
    key("split.layout", OneOf(&["rows", "steps"]), "", "Of recordings: rows, (N, timesteps, 96), is the default; steps, (timesteps × N, 96), is what openWakeWord takes for validation, and needs interleave = 1 and the default hop."),
    key("split.exclude", Path, "", "Of recordings: a list file; rows whose window meets what it names are left out."),
    key("split.augment", Flag, "", "Of recordings: whether every row is augmented as a clip of its own, once; false by default."),
    free("split.label", OneOf(&["positive", "negative"]), "", "Whether the split holds wake words, for the audit; by default as its name says, and positive where it says nothing and place is end."),
    free("split.part", OneOf(&["train", "test"]), "", "What the split's rows are used for, for the audit; by default as its name says (test, valid, eval, dev), else train."),
    key("split.snr_db", Interval(-100.0, 100.0), "", "Signal-to-noise ratio of this split's backgrounds, in dB; augment.background.snr_db by default."),
    free("split.missing", OneOf(&["error", "skip"]), "", "What a missing input folder means: an error (the default), or a split that is left out with a warning; an empty one then gives a file of no rows."),
    key("augment.enabled", Flag, "true", "Whether clips are augmented."),
    free("augment.preset", OneOf(preset::NAMES), "\"livekit\"", "Whose augmentation gives the defaults of the chain and of each effect."),
    key("augment.chain", Chain, "", "The effects, in the order in which they are applied; the preset's by default. What is not in it is not applied."),
    key("augment.rounds", Whole(1, 1_000), "1", "Rows a clip."),
    key("augment.round_from", OneOf(&["previous", "clip"]), "\"previous\"", "What a round starts from: the round before, or the clip itself."),
    key("augment.row_order", OneOf(&["round", "name", "pass"]), "\"round\"", "The order of rows: a clip's rows together, by round or as the names of the rounds' files sort (0, 1, 10, 2); or pass: all clips of round 0, then of round 1, ..., which needs round_from = \"clip\"."),
    key("augment.overflow", OneOf(&["clip", "wrap"]), "\"clip\"", "What becomes of samples that 16 bits cannot hold: they stay at the limit, or wrap around (openWakeWord, whose full scale is 32767, rounded toward zero)."),
    key("augment.backgrounds", Paths, "[]", "Files or folders of background noise."),
    key("augment.background_repeats", Counts(0, 1_000_000), "[]", "How often the files of each entry of augment.backgrounds are listed to draw from; once by default."),
    key("augment.background_channel", Rule::Channel, "", "Which channel of a background is taken; that of audio.channel by default."),
    key("augment.rirs", Paths, "[]", "Files or folders of room impulse responses."),
    key("augment.sound_files", OneOf(&["audio", "wav", "wav_nocase"]), "\"audio\"", "Which files below those folders count: every audio file, only .wav, or that in any case."),
    key("augment.rir_files", OneOf(&["audio", "wav", "wav_nocase"]), "", "The same for impulse responses alone; as augment.sound_files by default."),
    free("augment.cache", Bytes(0), "\"64MiB\"", "Memory for decoded backgrounds and impulse responses."),
    key("features.input_scale", OneOf(&["unit", "int16"]), "\"unit\"", "Scale of the mel network's input: [-1, 1] (livekit-wakeword) or int16 (openWakeWord)."),
    key("features.execution_providers", Providers, "[\"cpu\"]", "ONNX Runtime execution providers, in order of preference."),
    key("features.strategy", OneOf(&["auto", "dense", "windows"]), "\"auto\"", "How the embedding network covers a clip."),
    key("features.backend", OneOf(&["auto", "native", "onnxruntime"]), "\"auto\"", "What runs the networks."),
    free("features.verify", Flag, "false", "Whether a sample of rows is compared with the networks as published, on ONNX Runtime."),
    key("features.mel_model", Path, "", "Another mel network (ONNX)."),
    key("features.embedding_model", Path, "", "Another embedding network (ONNX)."),
    key("features.floor", OneOf(&["clip", "stream"]), "\"clip\"", "What the mel network's floor, 80 dB under the loudest, is taken of: the row's whole window (\"clip\", as openWakeWord and livekit-wakeword train), or eight frames at a time (\"stream\", as openWakeWord's detector hears)."),
    key("features.window", Whole(1, 100_000), "76", "Mel frames in one embedding window."),
    key("features.stride", Whole(1, 100_000), "8", "Mel frames between embedding windows."),
    key("features.timesteps", Auto(1, 100_000), "16", "Embeddings a row: the last ones of its clip; auto keeps all that the window gives."),
    key("output_files.wavs", Flag, "false", "Whether each augmented row's audio is written as a WAV."),
    key("output_files.wavs_in", OneOf(&["input", "output"]), "\"input\"", "Where to: beside the clips of its split (which must be called clip_NNNNNN.wav), or into augmented/<split> of the output folder."),
    key("output_files.rows", Flag, "true", "Whether rows.jsonl is written."),
    free("flow.batch", Auto(1, 65_536), "\"auto\"", "Rows a batch, rounded to whole clips."),
    free("flow.in_flight", Auto(1, 65_536), "\"auto\"", "Batches between scan and write."),
    free("flow.memory", Bytes(1 << 20), "\"256MiB\"", "Memory that the batches in flight may take."),
    free("flow.commit_seconds", Number(0.0, 3600.0), "5", "Seconds between two states that --resume can go on from; 0 makes one after every batch."),
    free("stages.decode.workers", WORKERS, "\"auto\"", "Worker threads that read files."),
    free("stages.decode.capacity", CAPACITY, "\"auto\"", "Batches that wait before decode."),
    free("stages.augment.workers", WORKERS, "\"auto\"", "Worker threads that augment."),
    free("stages.augment.capacity", CAPACITY, "\"auto\"", "Batches that wait before augment."),
    free("stages.mel.workers", WORKERS, "\"auto\"", "Worker threads of the mel network."),
    free("stages.mel.capacity", CAPACITY, "\"auto\"", "Batches that wait before mel."),
    free("stages.embed.workers", WORKERS, "\"auto\"", "Worker threads of the embedding network."),
    free("stages.embed.capacity", CAPACITY, "\"auto\"", "Batches that wait before embed."),
    free("failures.policy", OneOf(&["stop", "skip"]), "\"stop\"", "What happens when a clip cannot be processed."),
    free("failures.max_rate", Number(0.0, 1.0), "0.05", "Under skip, the greatest share of clips that may be left out."),
    free("metrics.address", Address, "", "Where to serve Prometheus metrics; not served by default."),
    free("metrics.linger", Number(0.0, 86_400.0), "0", "Seconds to keep serving after the build, for a last scrape."),
    free("runtime.library", Path, "", "The ONNX Runtime library to load."),
];

/// What holds for the checks of the audit that no other key names.
const CHECKS: Key = free(
    "audit.checks",
    OneOf(&["off", "warn", "fail"]),
    "\"warn\"",
    "What is done about the findings of every check that no key below names; off in a YAML of livekit-wakeword or openWakeWord.",
);

/// What looks for the wake word in negative rows. What a check leaves out by it
/// changes bytes.
const CLASSIFIER: [Key; 2] = [
    key(
        "audit.classifier",
        Path,
        "",
        "A wake-word classifier (ONNX) that scores every row of the negative splits, for audit.holds_word and hard.jsonl; none by default.",
    ),
    free(
        "audit.hard",
        Whole(0, 100_000),
        "100",
        "Rows of each negative split in hard.jsonl: those that audit.classifier scores highest.",
    ),
];

/// A check of the audit: what is done about its findings. What is left out changes
/// bytes.
fn of_check(check: Check) -> impl Iterator<Item = Key> {
    let threshold = check.threshold();
    let leaves_out = check.rules() == Rules::All;
    let key = |name, rule, default, meaning: Cow<'static, str>| Key {
        path: format!("audit.{name}").into(),
        rule,
        default,
        meaning,
        changes_bytes: leaves_out,
    };
    let policies = match leaves_out {
        true => Policy::NAMES,
        false => Policy::NAMES_AT_END,
    };
    let what = match check.scope() {
        Scope::Clip => "a clip that is ",
        Scope::Row => "a clip with a row that is ",
        Scope::Sound | Scope::Set => "",
    };
    let meaning = format!("What is done about {what}{}.", check.words());
    let (least, most) = threshold.range;
    let number = Number(least, most);
    let compared = (!threshold.key.is_empty()).then(|| {
        key(
            threshold.key,
            number,
            threshold.default,
            threshold.meaning.into(),
        )
    });
    let policy = key(check.name(), OneOf(policies), "", meaning.into());
    std::iter::once(policy).chain(compared)
}

/// Every key, in the order in which the reference lists them: those of the
/// effects behind the other keys of `augment`, those of the audit's checks
/// before those of metrics.
pub static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
    let of_augment = |key: &Key| key.path.starts_with("augment.");
    let place = FIXED
        .iter()
        .rposition(of_augment)
        .map_or(0, |last| last + 1);
    let (front, back) = FIXED.split_at(place);
    let of_metrics = |key: &Key| key.path.starts_with("metrics.");
    let end = back.iter().position(of_metrics).unwrap_or(back.len());
    let (back, last) = back.split_at(end);
    let effects = EffectKind::ALL.iter();
    let effects = effects.flat_map(|&kind| {
        let parameters = kind.parameters().iter();
        parameters.map(move |parameter| of_effect(kind, parameter))
    });
    front
        .iter()
        .cloned()
        .chain(effects)
        .chain(back.iter().cloned())
        .chain(std::iter::once(CHECKS))
        .chain(CLASSIFIER)
        .chain(Check::ALL.iter().copied().flat_map(of_check))
        .chain(last.iter().cloned())
        .collect()
});

/// What a dotted path, without indices, stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Node {
    /// A key.
    Leaf(&'static Key),
    /// A table of keys.
    Table,
    /// An array of tables.
    Tables,
}

/// Looks a path up.
pub(super) fn find(path: &str) -> Option<Node> {
    if path == "split" {
        return Some(Node::Tables);
    }
    if let Some(key) = KEYS.iter().find(|key| key.path == path) {
        return Some(Node::Leaf(key));
    }
    tables().contains(path).then_some(Node::Table)
}

/// Looks a path up as a user writes it, where an element of an array is
/// addressed by its index or its name.
pub(super) fn find_written(path: &str) -> Option<Node> {
    let mut parts: Vec<&str> = path.split('.').collect();
    if parts.len() > 1 && matches!(find(parts[0]), Some(Node::Tables)) {
        parts.remove(1);
    }
    find(&parts.join("."))
}

/// The defaults as a TOML document.
pub(super) fn defaults() -> String {
    KEYS.iter()
        .filter(|key| !key.default.is_empty())
        .map(|key| format!("{} = {}\n", key.path, key.default))
        .collect()
}

/// The known path most like an unknown one.
///
/// A neighbour in the same table is preferred to a like-named key elsewhere.
pub(super) fn nearest(path: &str) -> Option<&'static str> {
    const ENOUGH: f64 = 0.8;
    const ELSEWHERE: f64 = 0.1;
    let (parent, leaf) = split_leaf(path);
    KEYS.iter()
        .map(|key| &*key.path)
        .chain(tables())
        .map(|known| {
            let (known_parent, known_leaf) = split_leaf(known);
            let likeness = strsim::jaro_winkler(leaf, known_leaf);
            let distance = if parent == known_parent {
                0.0
            } else {
                ELSEWHERE
            };
            let whole = strsim::jaro_winkler(path, known);
            (known, likeness - distance, whole)
        })
        .filter(|&(_, likeness, _)| likeness > ENOUGH)
        .max_by(|a, b| a.1.total_cmp(&b.1).then(a.2.total_cmp(&b.2)))
        .map(|(known, ..)| known)
}

/// The names of what is in a table; none for a path that is not one.
pub(super) fn children(table: &str) -> Vec<&'static str> {
    KEYS.iter()
        .map(|key| &*key.path)
        .chain(tables())
        .filter(|path| !path.is_empty() && split_leaf(path).0 == table)
        .map(|path| split_leaf(path).1)
        .collect()
}

fn tables() -> BTreeSet<&'static str> {
    let parents = |path: &'static str| {
        std::iter::successors(Some(split_leaf(path).0), |path| {
            (!path.is_empty()).then(|| split_leaf(path).0)
        })
    };
    KEYS.iter().flat_map(|key| parents(&key.path)).collect()
}

fn split_leaf(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)
    }
}

//! Every key of a pipeline: its default, what it allows, and what it means.
//!
//! This table is the one source of the defaults, the range checks, the spelling
//! suggestions and the reference in the README.

use std::collections::BTreeSet;
use std::fmt;

use super::rules::Rule;
use Rule::{
    Address, Auto, Bytes, FileName, Flag, Interval, Name, Number, OneOf, Path, Paths, Providers,
    Whole,
};

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The dotted path; for a key of `[[split]]` without the index.
    pub path: &'static str,
    /// What it allows.
    pub rule: Rule,
    /// The default, as TOML; empty where there is none.
    pub default: &'static str,
    /// What it means.
    pub meaning: &'static str,
}

const fn key(path: &'static str, rule: Rule, default: &'static str, meaning: &'static str) -> Key {
    Key {
        path,
        rule,
        default,
        meaning,
    }
}

const PROBABILITY: Rule = Number(0.0, 1.0);
const WORKERS: Rule = Auto(1, 4096);
const CAPACITY: Rule = Auto(1, 65_536);

/// Every key, in the order in which the reference lists them.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("seed", Whole(0, i64::MAX as u64), "0", "Seed of every clip's random stream."),
    key("output", Path, "", "The output folder. Required."),
    key("audio.sample_rate", Whole(1_000, 384_000), "16000", "Sample rate between the stages, in Hz; the frozen models take 16000."),
    key("audio.clip_seconds", Number(0.01, 3_600.0), "2.0", "Length of a row's window, in seconds."),
    key("audio.max_seconds", Number(0.01, 604_800.0), "600", "Longest clip accepted, in seconds."),
    key("split.name", Name, "", "The split's name. Required."),
    key("split.input", Path, "", "A folder, a list file (.txt, .lst, .list), or a glob (*, ?, [) where nothing has that very name. Required."),
    key("split.features", FileName("npy"), "", "The split's feature file in the output folder; <name>.npy by default."),
    key("split.place", OneOf(&["end", "center"]), "", "Where a clip goes in its window; center by default."),
    key("augment.enabled", Flag, "true", "Whether clips are augmented."),
    key("augment.rounds", Whole(1, 1_000), "1", "Rows a clip; each round starts from the round before."),
    key("augment.order", OneOf(&["place-first", "place-last"]), "\"place-first\"", "Whether clips are placed in their window before the effects, or after."),
    key("augment.backgrounds", Paths, "[]", "Files or folders of background noise."),
    key("augment.rirs", Paths, "[]", "Files or folders of room impulse responses."),
    key("augment.jitter_ms", Number(0.0, 60_000.0), "200", "Greatest gap behind a clip placed at the end, in milliseconds."),
    key("augment.cache", Bytes(0), "\"64MiB\"", "Memory for decoded backgrounds and impulse responses."),
    key("augment.equalizer.probability", PROBABILITY, "0.25", "Probability of the seven-band equalizer."),
    key("augment.equalizer.gain_db", Interval(-60.0, 60.0), "[-12, 12]", "Gain of each band, in dB."),
    key("augment.equalizer.peaking_q", Interval(0.01, 100.0), "[0.5, 5]", "Q of the five peaking bands."),
    key("augment.equalizer.shelf_q", Interval(0.01, 100.0), "[0.1, 0.999]", "Q of the two shelves."),
    key("augment.distortion.probability", PROBABILITY, "0.25", "Probability of tanh distortion."),
    key("augment.distortion.amount", Interval(0.0, 1.0), "[0.01, 0.7]", "Share of the loudest samples pushed into the knee."),
    key("augment.reverb.probability", PROBABILITY, "0.5", "Probability of a room impulse response."),
    key("augment.background.probability", PROBABILITY, "1.0", "Probability of background noise."),
    key("augment.background.snr_db", Interval(-100.0, 100.0), "[5, 15]", "Signal-to-noise ratio, in dB."),
    key("features.input_scale", OneOf(&["unit", "int16"]), "\"unit\"", "Scale of the mel network's input: [-1, 1] (livekit-wakeword) or int16 (openWakeWord)."),
    key("features.execution_providers", Providers, "[\"cpu\"]", "ONNX Runtime execution providers, in order of preference."),
    key("features.strategy", OneOf(&["auto", "dense", "windows"]), "\"auto\"", "How the embedding network covers a clip."),
    key("features.backend", OneOf(&["auto", "native", "onnxruntime"]), "\"auto\"", "What runs the networks."),
    key("features.verify", Flag, "false", "Whether a sample of rows is compared with the networks as published, on ONNX Runtime."),
    key("features.mel_model", Path, "", "Another mel network (ONNX)."),
    key("features.embedding_model", Path, "", "Another embedding network (ONNX)."),
    key("features.window", Whole(1, 100_000), "76", "Mel frames in one embedding window."),
    key("features.stride", Whole(1, 100_000), "8", "Mel frames between embedding windows."),
    key("features.timesteps", Whole(1, 100_000), "16", "Embeddings a row: the last ones of its clip."),
    key("output_files.wavs", Flag, "false", "Whether each augmented row's audio is written into its split's input folder."),
    key("output_files.rows", Flag, "true", "Whether rows.jsonl is written."),
    key("flow.batch", Auto(1, 65_536), "\"auto\"", "Rows a batch, rounded to whole clips."),
    key("flow.in_flight", Auto(1, 65_536), "\"auto\"", "Batches between scan and write."),
    key("flow.memory", Bytes(1 << 20), "\"256MiB\"", "Memory that the batches in flight may take."),
    key("flow.commit_seconds", Number(0.0, 3600.0), "5", "Seconds between two states that --resume can go on from; 0 makes one after every batch."),
    key("stages.decode.workers", WORKERS, "\"auto\"", "Worker threads that read files."),
    key("stages.decode.capacity", CAPACITY, "\"auto\"", "Batches that wait before decode."),
    key("stages.augment.workers", WORKERS, "\"auto\"", "Worker threads that augment."),
    key("stages.augment.capacity", CAPACITY, "\"auto\"", "Batches that wait before augment."),
    key("stages.mel.workers", WORKERS, "\"auto\"", "Worker threads of the mel network."),
    key("stages.mel.capacity", CAPACITY, "\"auto\"", "Batches that wait before mel."),
    key("stages.embed.workers", WORKERS, "\"auto\"", "Worker threads of the embedding network."),
    key("stages.embed.capacity", CAPACITY, "\"auto\"", "Batches that wait before embed."),
    key("failures.policy", OneOf(&["stop", "skip"]), "\"stop\"", "What happens when a clip cannot be processed."),
    key("failures.max_rate", Number(0.0, 1.0), "0.05", "Under skip, the greatest share of clips that may be left out."),
    key("metrics.address", Address, "", "Where to serve Prometheus metrics; not served by default."),
    key("metrics.linger", Number(0.0, 86_400.0), "0", "Seconds to keep serving after the build, for a last scrape."),
    key("runtime.library", Path, "", "The ONNX Runtime library to load."),
];

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
        .map(|key| key.path)
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
        .map(|key| key.path)
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
    KEYS.iter().flat_map(|key| parents(key.path)).collect()
}

fn split_leaf(path: &str) -> (&str, &str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path)
    }
}

//! Every key of the table either changes the fingerprint, or is declared to
//! change no byte: and then a build with another value gives the same bytes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;
use std::process::Command;

use wakemill::config::keys::{KEYS, Key};
use wakemill::config::{Rule, Source};
use wakemill::dsp::chain::EffectKind;
use wakemill::presets;
use wakemill::records::{Check, Rules};

/// A pipeline over a few of the quickstart's clips with every effect in its chain, in a
/// folder of its own.
struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Self {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/quickstart");
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("wake")).unwrap();
        let clips = fs::read_dir(data.join("wake")).unwrap().take(4);
        for clip in clips.map(Result::unwrap) {
            let to = folder.path().join("wake").join(clip.file_name());
            fs::copy(clip.path(), to).unwrap();
        }
        let data = data.display();
        let text = format!(
            "output = 'out'\n[[split]]\nname = 'wake'\ninput = 'wake'\n\
             [augment]\nrounds = 1\nbackgrounds = '{data}/noise'\nrirs = '{data}/rooms'\n\
             chain = {:?}\n",
            EffectKind::NAMES
        );
        fs::write(folder.path().join("pipeline.toml"), text).unwrap();
        Self { folder }
    }

    /// What the fingerprint holds of the configuration.
    fn essence(&self, set: &[String]) -> String {
        let path = self.folder.path().join("pipeline.toml");
        let source = Source {
            set,
            environment: Vec::new(),
            ..Source::new(&path)
        };
        let loaded = presets::load(&source).unwrap_or_else(|error| panic!("{set:?}: {error}"));
        loaded.plan.essence().to_string()
    }

    /// The bytes of a build, and its fingerprint.
    fn build(&self, set: &[String]) -> (Vec<Vec<u8>>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wakemill"));
        command
            .args(["run", "pipeline.toml", "--overwrite", "--progress", "none"])
            .args(set.iter().flat_map(|set| ["--set", set]))
            .current_dir(self.folder.path());
        let run = command.output().unwrap();
        let errors = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{set:?}: {errors}");
        let out = set.iter().find_map(|set| set.strip_prefix("output="));
        let out = self.folder.path().join(out.unwrap_or("out"));
        let files = ["wake.npy", "rows.jsonl", "quarantine.jsonl"];
        let bytes = files.map(|name| fs::read(out.join(name)).unwrap());
        let dataset = fs::read(out.join("dataset.json")).unwrap();
        let dataset: serde_json::Value = serde_json::from_slice(&dataset).unwrap();
        (
            bytes.into(),
            dataset["fingerprint"].as_str().unwrap().into(),
        )
    }
}

/// The effects that take any sample rate.
fn at_any_rate() -> String {
    let names = EffectKind::NAMES
        .iter()
        .filter(|name| **name != "pitch_shift");
    format!("augment.chain={:?}", names.collect::<Vec<_>>())
}

/// Whether a key concerns recordings alone.
fn of_recordings(key: &Key) -> bool {
    let names = ["hop_seconds", "interleave", "layout", "exclude", "augment"];
    let name = key.path.strip_prefix("split.");
    name.is_some_and(|name| names.contains(&name))
}

/// The check whose threshold a key is.
fn check_of(key: &Key) -> Option<Check> {
    let name = key.path.strip_prefix("audit.")?;
    let mut checks = Check::ALL.iter().copied();
    checks.find(|check| check.threshold().key == name)
}

/// The rule that leaves out what a check finds, where there may be one.
fn leaving_out(check: Check) -> Vec<String> {
    match check.rules() {
        // It looks at nothing without.
        Rules::All if check == Check::HoldsWord => vec![
            "audit.holds_word=leave-out".to_owned(),
            // Any file: none is loaded here.
            "audit.classifier=Cargo.toml".to_owned(),
        ],
        Rules::All => vec![format!("audit.{}=leave-out", check.name())],
        Rules::Told => Vec::new(),
    }
}

/// The split with recordings, one at a time.
fn recordings() -> Vec<String> {
    ["split.0.kind=recordings", "split.0.interleave=2"]
        .map(str::to_owned)
        .into()
}

/// The key with another value than in the case, and what has to go with it.
fn other(key: &Key) -> Vec<String> {
    let path = key.path.replacen("split.", "split.0.", 1);
    if of_recordings(key) {
        let value = match &*key.path {
            "split.hop_seconds" => "0.64",
            "split.layout" => "steps",
            "split.exclude" => "list.txt",
            "split.augment" => "true",
            _ => "1",
        };
        let mut set = recordings();
        if key.path == "split.layout" {
            set.push("split.0.interleave=1".to_owned());
        }
        set.push(format!("{path}={value}"));
        return set;
    }
    if let Some(check) = check_of(key) {
        // A threshold changes bytes where what is beyond it is left out.
        let mut set = leaving_out(check);
        let (least, most) = check.threshold().range;
        let middle = (least + most) / 3.0 + 0.1;
        set.push(format!(
            "{path}={}",
            if least == most { least } else { middle }
        ));
        return set;
    }
    if ["audit.classifier", "audit.holds_word"].contains(&&*key.path) {
        return leaving_out(Check::HoldsWord);
    }
    let value = match (&*key.path, key.rule) {
        ("output", _) => "elsewhere",
        ("audio.sample_rate", _) => {
            return vec![
                "audio.sample_rate=8000".to_owned(),
                "features.mel_model=m.onnx".to_owned(),
                // Which filters below half the rate alone.
                "augment.band_stop.center_hz=[200, 1000]".to_owned(),
                at_any_rate(),
            ];
        }
        // Of two presets one is the default; of three orders "pass" needs more.
        ("augment.row_order", _) => "name",
        ("features.window", _) => {
            return vec![
                "features.window=80".to_owned(),
                "features.embedding_model=m.onnx".to_owned(),
            ];
        }
        ("split.features", _) => "other.npy",
        ("augment.chain", _) => "[\"place\", \"gain\"]",
        ("augment.preset", _) => "livekit",
        ("features.execution_providers", _) => "[\"cuda\", \"cpu\"]",
        ("metrics.address", _) => "127.0.0.1:0",
        ("metrics.linger", _) => "0.1",
        // That of this process, which no build here loads.
        ("runtime.library", _) => "library.so",
        ("flow.memory", _) => "8MiB",
        ("flow.commit_seconds", _) => "0",
        (_, Rule::Flag) if key.default == "true" => "false",
        (_, Rule::Flag) => "true",
        // Whatever it finds, the build goes on.
        (path, Rule::OneOf(_)) if path.starts_with("audit.") && !key.changes_bytes => "warn",
        (_, Rule::OneOf(words)) => {
            let default = key.default.trim_matches('"');
            let word = words.iter().rfind(|word| **word != default);
            return vec![format!("{path}={}", word.expect("another word"))];
        }
        (_, Rule::Whole(..) | Rule::Auto(..)) => "3",
        (_, Rule::Number(..) | Rule::AutoNumber(..)) => "0.75",
        (_, Rule::Counts(..)) => "[2]",
        (_, Rule::Channel) => "mean",
        (_, Rule::Interval(..)) => "[0.5, 0.625]",
        (_, Rule::Bytes(_)) => "2MiB",
        (_, Rule::Name | Rule::Path | Rule::Paths) => "another",
        (_, rule) => panic!("{key}: no other value of {rule:?}"),
    };
    let value = match (&*key.path, value) {
        ("audio.clip_seconds", _) => "2.5",
        ("augment.band_stop.center_hz", _) => "[500, 625]",
        (_, value) => value,
    };
    vec![format!("{path}={value}")]
}

#[test]
fn every_key_is_in_the_fingerprint_or_declared_not_to_be() {
    let case = Case::new();
    let plain = case.essence(&[]);
    for key in KEYS.iter() {
        let essence = case.essence(&other(key));
        let plain = match &*key.path {
            "audio.sample_rate" => &case.essence(&[at_any_rate()]),
            _ if of_recordings(key) => &case.essence(&recordings()),
            _ => match check_of(key) {
                Some(check) => &case.essence(&leaving_out(check)),
                None => &plain,
            },
        };
        let declared = match key.changes_bytes {
            true => "changes bytes",
            false => "changes none",
        };
        assert_eq!(
            essence != *plain,
            key.changes_bytes,
            "{key}, which {declared}"
        );
    }
}

#[test]
fn keys_that_are_declared_to_change_no_byte_change_none() {
    let case = Case::new();
    let (bytes, fingerprint) = case.build(&[]);
    for key in KEYS.iter().filter(|key| !key.changes_bytes) {
        // It needs ONNX Runtime, whose tests it has in tests/models.
        if key.path == "features.verify" {
            continue;
        }
        let set = other(key);
        let (other, found) = case.build(&set);
        assert!(other == bytes, "{set:?} changes bytes");
        assert_eq!(found, fingerprint, "{set:?}");
    }
}

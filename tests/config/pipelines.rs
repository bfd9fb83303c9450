//! The pipelines that come with the program.

use std::fs;
use std::path::Path;

use wakemill::config;
use wakemill::config::keys;
use wakemill::dsp::chain::{EffectKind, EffectSpec};
use wakemill::records::Check;

use crate::Case;

#[test]
fn every_pipeline_loads() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = fs::read_to_string(&path).unwrap();
            let mut case = Case::toml(&text);
            case.file.clone_from(&path);
            let loaded = case.load().unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(loaded.warnings, Vec::<String>::new(), "{}", path.display());
            names.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    names.sort();
    assert_eq!(
        names,
        [
            "gpu.toml",
            "livekit.toml",
            "negatives.toml",
            "openwakeword.toml",
            "quickstart.toml",
            "starter.toml"
        ]
    );
    for preset in [None, Some("livekit"), Some("openwakeword")] {
        let text = config::starter(preset).unwrap();
        assert!(Case::toml(text).load().is_ok(), "{preset:?}");
    }
}

#[test]
fn the_reference_pipeline_has_every_key() {
    let text = include_str!("../../pipelines/livekit.toml");
    // Uncommented, the documented defaults and examples are valid too.
    let uncommented: String = text
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(code)
                if code
                    .split_once(" = ")
                    .is_some_and(|(key, _)| !key.contains([' ', '`'])) =>
            {
                code
            }
            _ => line,
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let table: toml::Table = uncommented.parse().unwrap();
    let case = Case::toml(&uncommented);
    // Which is known by what is in it.
    std::fs::write(case.file.with_file_name("hey_livekit.onnx"), "").unwrap();
    let plan = case.plan();
    let chain = plan.augment.chain.iter().map(EffectSpec::kind);
    let left_out = |kind: &&EffectKind| !chain.clone().any(|used| used == **kind);
    let left_out: Vec<&str> = EffectKind::ALL
        .iter()
        .filter(left_out)
        .map(|kind| kind.table())
        .collect();
    let of_another = |path: &str| left_out.iter().any(|table| path.starts_with(table));
    let negatives = include_str!("../../pipelines/negatives.toml");
    let of_recordings = |path: &str| {
        let name = path.strip_prefix("split.").unwrap_or_default();
        let names = [
            "kind",
            "hop_seconds",
            "interleave",
            "layout",
            "exclude",
            "augment",
        ];
        names.contains(&name) && negatives.contains(&format!("{name} = "))
    };
    for key in keys::KEYS
        .iter()
        .filter(|key| !of_another(&key.path) && !of_recordings(&key.path))
    {
        let present = key
            .path
            .split('.')
            .try_fold(&toml::Value::Table(table.clone()), |value, part| {
                let table = value.as_array().map_or(value, |items| &items[0]);
                table.get(part)
            })
            .is_some();
        assert!(present, "{key} is not in pipelines/livekit.toml");
    }
    for threshold in Check::ALL.iter().map(|check| check.threshold()) {
        let line = format!("# {} = {}", threshold.key, threshold.default);
        let stands = threshold.key.is_empty() || text.lines().any(|found| found == line);
        assert!(stands, "'{line}' is not in pipelines/livekit.toml");
    }
    assert!(plan.metrics.address.is_some() && plan.features.mel_model.is_some());
}

//! livekit-wakeword configurations.

use std::fs;
use std::path::Path;

use wakemill::config::plan::{ClipFiles, Input, Missing, Plan, RowOrder, SoundFiles};
use wakemill::dsp::placement::Place;
use wakemill::presets::{self, EvalSettings};

use crate::Case;

/// Every key of livekit-wakeword 0.3.0 and of its pull request 71.
const FULL: &str = include_str!("livekit.yaml");
const MINIMAL: &str = "model_name: hey\ntarget_phrases: [hey]\n";

const PLACE_LAST: [&str; 5] = ["equalizer", "distortion", "reverb", "background", "place"];
const PLACE_FIRST: [&str; 5] = ["place", "equalizer", "distortion", "reverb", "background"];

/// The names of a chain.
fn chain(augment: &wakemill::config::plan::AugmentPlan) -> Vec<&'static str> {
    let effects = augment.chain.iter();
    effects.map(|effect| effect.kind().name()).collect()
}

#[test]
fn every_key_is_known_and_maps() {
    let case = Case::yaml(FULL);
    let loaded = case.load().unwrap();
    let here = std::env::current_dir().unwrap();
    assert_eq!(
        loaded.warnings,
        [
            "./noise does not exist; it is skipped, as livekit-wakeword does",
            "./rooms does not exist; it is skipped, as livekit-wakeword does",
        ]
    );
    let plan = loaded.plan;
    assert_eq!(plan.output.path, here.join("built/hey"));
    assert_eq!(plan.augment.row_order, RowOrder::Name);
    assert_eq!(plan.audio.clip_samples, 40_000);
    assert_eq!(plan.seed, 0);
    assert!(!plan.output_files.wavs);
    let augment = plan.augment;
    assert_eq!(augment.rounds, 3);
    assert_eq!(chain(&augment), PLACE_LAST);
    assert_eq!(augment.sound_files, SoundFiles::Wav);
    assert!(augment.backgrounds.is_empty() && augment.rirs.is_empty());
    let reverb = serde_json::json!({"effect": "reverb", "probability": 0.5, "align": false});
    assert_eq!(serde_json::to_value(&augment.chain[2]).unwrap(), reverb);
    let cores = std::thread::available_parallelism().unwrap().get();
    assert_eq!(plan.stages.decode.workers, Some(cores));
    assert_eq!(plan.stages.augment.workers, Some(cores));
    assert_eq!(plan.stages.mel.workers, Some(4));
    assert_eq!(plan.stages.embed.workers, Some(4));
    assert_eq!(plan.features.execution_providers, ["cuda", "cpu"]);

    let config = loaded.project.unwrap();
    assert_eq!(config.model_name, "hey");
    assert_eq!(config.output, here.join("built/hey"));
    assert_eq!(
        config.validation.as_deref(),
        Some(&*here.join("downloads/features/validation_set_features.npy"))
    );
    assert_eq!(config.model, here.join("built/hey/hey.onnx"));
    assert_eq!(config.clip_duration, Some(2.5));
    assert_eq!(config.target_fp_per_hour, 0.5);
    let eval = EvalSettings {
        execution_providers: vec!["cuda".to_owned()],
        batch_size: Some(1024),
        workers: None,
    };
    assert_eq!(config.eval, eval);
    assert_eq!(presets::project(&case.file).unwrap().unwrap().0, config);
}

#[test]
fn the_six_splits_are_in_order() {
    let plan = Case::yaml(MINIMAL).plan();
    let splits: Vec<_> = plan
        .splits
        .iter()
        .map(|split| {
            (
                split.name.as_str(),
                split.features.as_str(),
                split.place.unwrap(),
            )
        })
        .collect();
    assert_eq!(
        splits,
        [
            ("positive_train", "positive_features_train.npy", Place::End),
            ("positive_test", "positive_features_test.npy", Place::End),
            (
                "negative_train",
                "negative_features_train.npy",
                Place::Center
            ),
            ("negative_test", "negative_features_test.npy", Place::Center),
            (
                "background_train",
                "background_noise_features_train.npy",
                Place::Center
            ),
            (
                "background_test",
                "background_noise_features_test.npy",
                Place::Center
            ),
        ]
    );
    let output = std::env::current_dir().unwrap().join("output/hey");
    for split in &plan.splits {
        let folder = output.join(&split.name);
        assert!(matches!(&split.input, Input::Folder(place) if place.path == folder));
        assert_eq!(
            (split.files, split.missing),
            (ClipFiles::Numbered, Missing::Skip)
        );
    }
    assert_eq!(plan.stages.augment.workers, None);
    assert_eq!(plan.stages.mel.workers, None);
    assert_eq!(plan.features.execution_providers, ["cpu"]);
}

#[test]
fn it_differs_from_the_reference_pipeline_only_by_its_conventions() {
    let mut native = Case::toml("");
    native.file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/livekit.toml");
    let native = native.plan();
    let yaml = Case::yaml("model_name: hey_livekit\ntarget_phrases: [hey]\n").plan();
    let splits = |plan: &Plan| -> Vec<_> {
        let facts = |split: &wakemill::config::plan::SplitPlan| {
            (split.name.clone(), split.features.clone(), split.place)
        };
        plan.splits.iter().map(facts).collect()
    };
    assert_eq!(splits(&native), splits(&yaml));
    assert_eq!(native.output.path, yaml.output.path);
    assert_eq!(native.augment.rounds, yaml.augment.rounds);
    assert_eq!(native.augment.chain, yaml.augment.chain);
}

#[test]
fn only_extract_takes_the_augmented_clips() {
    let mut case = Case::yaml(MINIMAL);
    case.only_extract = true;
    let plan = case.plan();
    assert!(!plan.augment.enabled);
    for split in &plan.splits {
        assert_eq!((split.files, split.place), (ClipFiles::Augmented, None));
    }
}

#[test]
fn overrides_address_the_pipeline() {
    let case = Case::yaml(MINIMAL)
        .env("WAKEMILL_SEED", "7")
        .set("augment.rounds=4")
        .set("output=elsewhere")
        .set(&format!("augment.chain={PLACE_FIRST:?}"))
        .set("split.positive_test.input=clips")
        .set("output_files.wavs=true");
    let plan = case.plan();
    let here = std::env::current_dir().unwrap();
    assert_eq!(plan.seed, 7);
    assert_eq!(plan.output.path, here.join("elsewhere"));
    assert!(plan.output_files.wavs);
    assert!(
        matches!(&plan.splits[1].input, Input::Folder(place) if place.path == here.join("clips"))
    );
    let folder = here.join("output/hey/positive_train");
    assert!(matches!(&plan.splits[0].input, Input::Folder(place) if place.path == folder));
    assert_eq!(plan.augment.rounds, 4);
    assert_eq!(chain(&plan.augment), PLACE_FIRST);
}

#[test]
fn paths_start_beside_the_file_where_the_clips_are_only_there() {
    let case = Case::yaml(MINIMAL);
    let root = case.folder.path();
    fs::create_dir_all(root.join("output/hey")).unwrap();
    fs::create_dir_all(root.join("data/backgrounds")).unwrap();
    let loaded = case.load().unwrap();
    assert_eq!(loaded.plan.output.path, root.join("output/hey"));
    let augment = loaded.plan.augment;
    assert_eq!(augment.backgrounds.len(), 1);
    assert_eq!(augment.backgrounds[0].path, root.join("data/backgrounds"));
    assert_eq!(augment.backgrounds[0].configured, "./data/backgrounds");
    assert!(augment.rirs.is_empty());
    assert_eq!(
        loaded.project.unwrap().validation,
        Some(root.join("data/features/validation_set_features.npy"))
    );
    let root = root.display();
    assert_eq!(
        loaded.warnings,
        [
            format!(
                "./output/hey is not in the current directory; relative paths start at {root}, the folder of {root}/config.yaml"
            ),
            "./data/rirs does not exist; it is skipped, as livekit-wakeword does".to_owned(),
        ]
    );
}

#[test]
fn unknown_keys_are_warned_about() {
    let case = Case::yaml(
        "model_name: hey\ntarget_phrases: [hey]\nstep: 3\nzzz: 1\naugmentation: {round: 2}\neval: {any: 1}\nbatch_n_per_class: {mine: 3}\n",
    );
    let warnings = case.load().unwrap().warnings;
    let file = case.file.display();
    let expected = [
        "unknown key 'augmentation.round' is ignored; did you mean 'augmentation.rounds'?",
        "unknown key 'step' is ignored; did you mean 'steps'?",
        "unknown key 'zzz' is ignored",
    ];
    assert_eq!(
        warnings[..3],
        expected.map(|warning| format!("{file}: {warning}"))
    );
    assert!(
        warnings[3..]
            .iter()
            .all(|warning| warning.contains("does not exist"))
    );
}

#[test]
fn wrong_values_are_named_as_in_the_file() {
    let error = |yaml: &str| {
        Case::yaml(&format!("model_name: hey\n{yaml}\ntarget_phrases: [hey]\n")).error()
    };
    assert_eq!(
        error("augmentation: {rounds: 0}"),
        "config.yaml: 'augmentation.rounds' is 0; it must be a whole number from 1 to 1000"
    );
    assert_eq!(
        error("augmentation: {clip_duration: 0.5}"),
        "config.yaml: 'augmentation.clip_duration' is 0.5; one embedding window of 76 frames needs at least 0.782"
    );
    assert_eq!(
        error("augmentation: {rounds: many, clip_duration: 2, rir_paths: [1]}"),
        "config.yaml: 'augmentation.rir_paths' is [1]; it must be a path or a list of paths\n\
         config.yaml: 'augmentation.rounds' is \"many\"; it must be a whole number from 1 to 1000"
    );
    assert_eq!(
        error("augmentation: {clip_duration: long}"),
        "config.yaml: 'augmentation.clip_duration' is \"long\"; it must be a number"
    );
    for name in ["../hey", "/hey", "..", ".", "a/b", "a/", "''"] {
        let error = Case::yaml(&format!("model_name: {name}\ntarget_phrases: [hey]\n")).error();
        assert!(
            error.contains("it must be a file name without a folder"),
            "{error}"
        );
    }
    assert_eq!(
        error("augmentation: {n_workers: 5000}"),
        "config.yaml: 'augmentation.n_workers' is 5000; it must be a whole number from 1 to 4096, or \"auto\""
    );
    assert!(
        error("feature_extraction: {execution_providers: [gpu]}").starts_with(
            "config.yaml: 'feature_extraction.execution_providers' is [\"gpu\"]; it must be a list"
        )
    );
    assert!(
        error("eval: {execution_providers: [gpu]}")
            .starts_with("config.yaml: 'eval.execution_providers' has \"gpu\"; it must be a list")
    );
    assert_eq!(
        error("eval: {batch_size: 0}"),
        "config.yaml:2:20: invalid value: integer `0`, expected a nonzero usize"
    );
    assert_eq!(
        Case::yaml("model_name: hey\ntarget_phrases: [hey]\n")
            .set("augment.rounds=0")
            .error(),
        "--set augment.rounds=0: 'augment.rounds' is 0; it must be a whole number from 1 to 1000"
    );
}

#[test]
fn numbers_are_read_as_livekit_reads_them() {
    for (written, rounds) in [
        ("3", 3),
        ("\"3\"", 3),
        ("2.0", 2),
        ("\"2.0\"", 2),
        ("010", 8),
        ("\"010\"", 10),
        ("0x10", 16),
        ("1_0", 10),
        ("+4", 4),
        ("true", 1),
    ] {
        let yaml = format!("model_name: hey\naugmentation: {{rounds: {written}}}\n");
        assert_eq!(Case::yaml(&yaml).plan().augment.rounds, rounds, "{written}");
    }
    let yaml = "model_name: hey\ntarget_fp_per_hour: \"0.5\"\n\
                augmentation: {clip_duration: \"2.5\", n_workers: \"2\"}\n\
                eval: {batch_size: 64.0, n_workers: \"3\"}\n";
    let loaded = Case::yaml(yaml).load().unwrap();
    assert_eq!(loaded.plan.audio.clip_samples, 40_000);
    assert_eq!(loaded.plan.stages.decode.workers, Some(2));
    let livekit = loaded.project.unwrap();
    assert_eq!(livekit.clip_duration, Some(2.5));
    assert_eq!(livekit.target_fp_per_hour, 0.5);
    assert_eq!(livekit.eval.batch_size, Some(64));
    assert_eq!(livekit.eval.workers, Some(3));
    let error = Case::yaml("model_name: hey\naugmentation: {rounds: 2.5}\n").error();
    assert!(
        error.contains("is 2.5; it must be a whole number"),
        "{error}"
    );
}

//! openWakeWord's training configurations.

use std::fs;

use wakemill::config::plan::{
    ClipFiles, Input, InputScale, Missing, RoundFrom, RowOrder, SoundFiles, WavsIn,
};
use wakemill::dsp::chain::EffectSpec;
use wakemill::dsp::pcm16::Overflow;
use wakemill::dsp::placement::Place;
use wakemill::presets;

use crate::Case;

/// The keys of its sample file, and the older ones.
const FULL: &str = r#"
model_name: my_model
target_phrase: ["hey there"]
custom_negative_phrases: []
n_samples: 10000
n_samples_val: 2000
tts_batch_size: 50
augmentation_batch_size: 16
piper_sample_generator_path: ./piper-sample-generator
output_dir: ./my_custom_model
rir_paths: ["./mit_rirs"]
background_paths: ["./background_clips", "./none", "./more"]
background_paths_duplication_rate: [2, 5, 1]
false_positive_validation_data_path: ./validation_set_features.npy
augmentation_rounds: 3
feature_data_files: {ACAV100M_sample: ./features.npy}
batch_n_per_class: {ACAV100M_sample: 1024, adversarial_negative: 50, positive: 50}
model_type: dnn
layer_size: 32
steps: 50000
max_negative_weight: 1500
target_false_positives_per_hour: 0.5
target_accuracy: 0.7
target_recall: 0.5
"#;

/// A case with the folders that its paths name.
fn full() -> Case {
    let case = Case::yaml(FULL);
    for folder in [
        "my_custom_model/my_model",
        "mit_rirs",
        "background_clips",
        "more",
    ] {
        fs::create_dir_all(case.folder.path().join(folder)).unwrap();
    }
    case
}

#[test]
fn every_key_is_known_and_maps() {
    let case = full();
    let root = case.folder.path();
    let loaded = case.load().unwrap();
    let said = loaded.warnings.join("\n");
    for words in [
        "relative paths start at",
        "augmentation_rounds is 3: 3 rows of each clip; openWakeWord itself would write those of round 0 alone",
        "background_paths: ./none does not exist; it is skipped",
    ] {
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(loaded.warnings.len(), 3, "{said}");

    let plan = loaded.plan;
    assert_eq!(plan.output.path, root.join("my_custom_model/my_model"));
    assert_eq!(plan.audio.fitted_to.as_deref(), Some("positive_test"));
    assert_eq!(plan.features.input_scale, InputScale::Int16);
    assert!(plan.features.all_timesteps);
    assert_eq!(plan.output_files.wavs_in, WavsIn::Output);
    let augment = &plan.augment;
    assert_eq!(augment.rounds, 3);
    assert_eq!(augment.round_from, RoundFrom::Clip);
    assert_eq!(augment.row_order, RowOrder::Pass);
    assert_eq!(augment.overflow, Overflow::Wrap);
    assert_eq!(augment.sound_files, SoundFiles::WavNoCase);
    assert_eq!(augment.rir_files, SoundFiles::Audio);
    let backgrounds: Vec<_> = augment
        .backgrounds
        .iter()
        .map(|place| &*place.configured)
        .collect();
    assert_eq!(backgrounds, ["./background_clips", "./more"]);
    assert_eq!(augment.background_repeats, [2, 1]);

    let project = loaded.project.unwrap();
    assert_eq!(project.model, root.join("my_custom_model/my_model.onnx"));
    assert_eq!(
        project.validation,
        Some(root.join("validation_set_features.npy"))
    );
    assert_eq!(project.target_fp_per_hour, 0.5);
    assert_eq!(presets::project(&case.file).unwrap().unwrap().0, project);
}

#[test]
fn the_four_splits_are_in_its_order() {
    let case = full();
    let root = case.folder.path().join("my_custom_model/my_model");
    let plan = case.plan();
    let splits = plan
        .splits
        .iter()
        .map(|split| (&*split.name, &*split.features));
    let expected = [
        ("positive_train", "positive_features_train.npy"),
        ("negative_train", "negative_features_train.npy"),
        ("positive_test", "positive_features_test.npy"),
        ("negative_test", "negative_features_test.npy"),
    ];
    assert!(splits.eq(expected));
    for split in &plan.splits {
        assert!(
            matches!(&split.input, Input::Folder(place) if place.path == root.join(&split.name))
        );
        assert_eq!(split.place, Some(Place::Start));
        assert_eq!(
            (split.files, split.missing),
            (ClipFiles::Wav, Missing::Error)
        );
    }
}

#[test]
fn the_effects_are_its_own() {
    let plan = full().plan();
    let chain: Vec<_> = plan
        .augment
        .chain
        .iter()
        .map(|effect| effect.kind().name())
        .collect();
    assert_eq!(chain.first(), Some(&"place"));
    assert_eq!(chain.last(), Some(&"reverb"));
    let json = serde_json::to_value(&plan.augment.chain).unwrap();
    let reverb = json.as_array().unwrap().last().unwrap();
    let expected = serde_json::json!({
        "effect": "reverb", "probability": 0.5, "align": false, "tail": "wrap", "level": "clip",
    });
    assert_eq!(*reverb, expected);
    let background = plan.augment.chain.iter().find_map(|effect| match effect {
        EffectSpec::Background(background) => Some(background),
        _ => None,
    });
    let range = background.unwrap().snr_db;
    assert_eq!((range.min, range.max), (-10.0, 15.0));
}

#[test]
fn another_number_of_rates_than_folders_lists_each_once() {
    let yaml = FULL.replace("[2, 5, 1]", "[2, 5]");
    let case = Case::yaml(&yaml);
    let loaded = case.load().unwrap();
    assert!(
        loaded
            .warnings
            .iter()
            .any(|warning| warning.contains("every file is listed once"))
    );
    assert!(
        loaded
            .plan
            .augment
            .background_repeats
            .iter()
            .all(|times| *times == 1)
    );
}

#[test]
fn wrong_values_are_named_as_in_the_file() {
    let error = |from: &str, to: &str| {
        let case = full();
        fs::write(&case.file, FULL.replace(from, to)).unwrap();
        case.error()
    };
    assert_eq!(
        error("augmentation_rounds: 3", "augmentation_rounds: 0"),
        "config.yaml: 'augmentation_rounds' is 0; it must be a whole number from 1 to 1000"
    );
    let rates = error("[2, 5, 1]", "[2, 5, -1]");
    assert!(
        rates.starts_with("config.yaml: 'background_paths_duplication_rate'"),
        "{rates}"
    );
    let name = error("model_name: my_model", "model_name: ../x");
    assert!(
        name.contains("it must be a file name without a folder"),
        "{name}"
    );
    let unknown = {
        let case = full();
        fs::write(&case.file, format!("{FULL}augmentation_round: 2\n")).unwrap();
        case.load().unwrap().warnings
    };
    assert!(
        unknown[0].ends_with(
            "unknown key 'augmentation_round' is ignored; did you mean 'augmentation_rounds'?"
        ),
        "{unknown:?}"
    );
}

#[test]
fn a_yaml_is_known_by_what_only_one_program_has() {
    let both = Case::yaml("model_name: x\ntarget_phrases: [a]\nrir_paths: []\n").error();
    assert_eq!(
        both,
        "config.yaml: has 'target_phrases', which only livekit-wakeword knows, and 'rir_paths', which only openWakeWord knows: remove one side's keys"
    );
    for foreign in [
        "model_name: x\n",
        "train_ds: {}\n",
        "[1, 2]\n",
        "just text\n",
    ] {
        let error = Case::yaml(foreign).error();
        for words in [
            "'augmentation' or 'target_phrases'",
            "'augmentation_rounds', 'rir_paths', 'target_phrase'",
            "0.3.0",
        ] {
            assert!(error.contains(words), "{error}");
        }
    }
    let newer = Case::yaml("model_name: x\ntarget_phrases: [a]\nencoder: {layers: 4}\n").error();
    assert!(
        newer.contains("'encoder' is no section of livekit-wakeword 0.3.0"),
        "{newer}"
    );
    let mut extract = full();
    extract.only_extract = true;
    assert!(extract.error().contains("openWakeWord leaves none"));
}

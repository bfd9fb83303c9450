//! Layers, and the plan that comes out.

use std::path::Path;

use wakemill::config::PROVIDERS;
use wakemill::config::location::Location;
use wakemill::config::plan::{
    Backend, FailurePolicy, Input, InputScale, RowOrder, SoundFiles, Strategy,
};
use wakemill::dsp::placement::Place;
use wakemill::runtime::provider::{KNOWN, Provider};
use wakemill::source;

use crate::Case;

fn paths(places: &[Location]) -> Vec<&Path> {
    places.iter().map(|place| &*place.path).collect()
}

#[test]
fn a_minimal_pipeline_has_the_documented_defaults() {
    let case = Case::minimal("");
    let loaded = case.load().unwrap();
    let plan = loaded.plan;
    assert_eq!(loaded.warnings, Vec::<String>::new());
    assert!(loaded.project.is_none());
    assert_eq!(plan.seed, 0);
    assert_eq!(plan.output.path, case.folder.path().join("out"));
    assert_eq!(plan.output.configured, "out");
    assert_eq!(plan.audio.sample_rate, 16_000);
    assert_eq!(plan.audio.clip_samples, 32_000);
    assert_eq!(plan.audio.max_seconds, 600.0);
    let split = &plan.splits[0];
    assert_eq!(
        (split.name.as_str(), split.features.as_str()),
        ("wake", "wake.npy")
    );
    assert_eq!(split.place, Some(Place::Center));
    let augment = plan.augment;
    assert!(augment.enabled);
    assert_eq!(augment.rounds, 1);
    assert_eq!(augment.row_order, RowOrder::Round);
    assert_eq!(augment.cache_bytes, 64 << 20);
    assert_eq!(augment.sound_files, SoundFiles::Audio);
    assert!(augment.backgrounds.is_empty() && augment.rirs.is_empty());
    let expected = serde_json::json!([
        {"effect": "place", "jitter_ms": 200.0},
        {"effect": "equalizer", "probability": 0.25, "gain_db": [-12.0, 12.0],
         "peaking_q": [0.5, 5.0], "shelf_q": [0.1, 0.999]},
        {"effect": "distortion", "probability": 0.25, "amount": [0.01, 0.7]},
        {"effect": "reverb", "probability": 0.5, "align": true},
        {"effect": "background", "probability": 1.0, "snr_db": [5.0, 15.0]},
    ]);
    assert_eq!(serde_json::to_value(&augment.chain).unwrap(), expected);
    assert_eq!(plan.features.input_scale, InputScale::Unit);
    assert_eq!(plan.features.execution_providers, ["cpu"]);
    assert_eq!(plan.features.strategy, Strategy::Auto);
    assert_eq!(plan.features.backend, Backend::Auto);
    let shape = (
        plan.features.window,
        plan.features.stride,
        plan.features.timesteps,
    );
    assert_eq!(shape, (76, 8, 16));
    assert!(!plan.output_files.wavs && plan.output_files.rows);
    assert_eq!((plan.flow.batch, plan.flow.in_flight), (None, None));
    assert_eq!(plan.flow.memory_bytes, 256 << 20);
    assert_eq!(
        (plan.stages.mel.workers, plan.stages.mel.capacity),
        (None, None)
    );
    assert_eq!(plan.failures.policy, FailurePolicy::Stop);
    assert_eq!(plan.metrics.address, None);
}

#[test]
fn a_file_laid_over_wins_over_file_and_environment_and_set_over_it() {
    let pins = "[stages.embed]\nworkers = 3\n[stages.mel]\nworkers = 3\ncapacity = 5\n";
    let case = Case::minimal("[stages.embed]\nworkers = 2\ncapacity = 2\n")
        .env("WAKEMILL_STAGES__MEL__WORKERS", "2")
        .with("pins.toml", pins)
        .set("stages.mel.capacity=6");
    let stages = case.plan().stages;
    assert_eq!(
        (stages.embed.workers, stages.embed.capacity),
        (Some(3), Some(2))
    );
    assert_eq!(
        (stages.mel.workers, stages.mel.capacity),
        (Some(3), Some(6))
    );
    let wrong = Case::minimal("").with("pins.toml", "[stages.embet]\nworkers = 3\n");
    let error = wrong.error();
    assert!(
        error.contains("pins.toml") && error.contains("stages.embed"),
        "{error}"
    );
}

#[test]
fn later_layers_win() {
    let case = Case::minimal("[augment]\nrounds = 2\n[flow]\nbatch = 2\nin_flight = 2\n")
        .env("WAKEMILL_FLOW__BATCH", "3")
        .env("WAKEMILL_FLOW__IN_FLIGHT", "3")
        .env("WAKEMILL_HOME", "/nowhere")
        .env("HOME", "/home")
        .set("flow.in_flight=4")
        .set("flow.in_flight=5");
    let plan = case.plan();
    assert_eq!(plan.augment.rounds, 2);
    assert_eq!(plan.flow.batch, Some(3));
    assert_eq!(plan.flow.in_flight, Some(5));
    assert_eq!(plan.flow.memory_bytes, 256 << 20);
}

#[test]
fn options_of_the_command_line_win_over_all() {
    let mut case =
        Case::minimal("[metrics]\naddress = \"127.0.0.1:1\"\n").set("augment.enabled=true");
    case.metrics = Some("9464");
    case.only_extract = true;
    let plan = case.plan();
    assert_eq!(
        plan.metrics.address,
        Some("127.0.0.1:9464".parse().unwrap())
    );
    assert!(!plan.augment.enabled);
    case.metrics = Some("everywhere");
    assert_eq!(
        case.error(),
        "--metrics everywhere: 'metrics.address' is \"everywhere\"; it must be an address such as \"127.0.0.1:9464\""
    );
}

#[test]
fn overrides_are_toml_or_bare_strings() {
    let case = Case::minimal("")
        .set("augment.equalizer.gain_db=[-6, 6]")
        .set("features.execution_providers=[\"CUDAExecutionProvider\", \"cpu\"]")
        .set("augment={ rounds = 3 }")
        .set("flow.memory=1 GiB")
        .set("failures.policy = skip")
        .set("stages.mel.workers=auto")
        .set("output=elsewhere=here");
    let plan = case.plan();
    let augment = plan.augment;
    let gain_db = serde_json::to_value(&augment.chain[1]).unwrap()["gain_db"].clone();
    assert_eq!(gain_db, serde_json::json!([-6.0, 6.0]));
    assert_eq!(augment.rounds, 3);
    assert_eq!(plan.features.execution_providers, ["cuda", "cpu"]);
    assert_eq!(plan.flow.memory_bytes, 1 << 30);
    assert_eq!(plan.failures.policy, FailurePolicy::Skip);
    assert_eq!(
        plan.output.path,
        std::env::current_dir().unwrap().join("elsewhere=here")
    );
}

#[test]
fn the_providers_that_are_allowed_are_those_that_can_run() {
    assert_eq!(PROVIDERS, KNOWN.map(|known| known.short));
    for known in KNOWN {
        for name in [known.name, known.short, &known.short.to_uppercase()] {
            let case = Case::minimal("").set(&format!("features.execution_providers={name}"));
            let planned = case.plan().features.execution_providers;
            assert_eq!(planned, [known.short]);
            assert_eq!(Provider::named(&planned[0]).unwrap().name, known.name);
        }
    }
}

#[test]
fn a_split_is_addressed_by_index_or_name() {
    let other = "[[split]]\nname = \"other\"\ninput = \"others\"\n";
    let case = Case::minimal(other)
        .set("split.0.place=end")
        .set("split.other.features=negatives.npy");
    let plan = case.plan();
    assert_eq!(plan.splits[0].place, Some(Place::End));
    assert_eq!(plan.splits[1].features, "negatives.npy");
    let folder = case.folder.path().join("others");
    assert!(matches!(&plan.splits[1].input, Input::Folder(place) if place.path == folder));
    assert_eq!(
        Case::minimal(other).set("split.2.place=end").error(),
        "--set split.2.place=end: there is no element '2'; there are 0, 1"
    );
}

#[test]
fn relative_paths_start_where_they_were_written() {
    let here = std::env::current_dir().unwrap();
    let case =
        Case::minimal("[augment]\nbackgrounds = [\"a\", \"./b/../c\"]\nrirs = \"/abs/./r\"\n")
            .set("features.mel_model=mel.onnx")
            .set("augment.backgrounds.1=mine")
            .env("WAKEMILL_RUNTIME__LIBRARY", "../lib.so");
    let plan = case.plan();
    let augment = plan.augment;
    assert_eq!(
        paths(&augment.backgrounds),
        [case.folder.path().join("a"), here.join("mine")]
    );
    assert_eq!(paths(&augment.rirs), [Path::new("/abs/r")]);
    assert_eq!(augment.backgrounds[1].configured, "mine");
    assert_eq!(plan.features.mel_model.unwrap().path, here.join("mel.onnx"));
    assert_eq!(
        plan.runtime_library.unwrap().path,
        here.parent().unwrap().join("lib.so")
    );
}

#[test]
fn inputs_are_folders_globs_or_lists() {
    let case = Case::toml(
        r#"
        output = "out"
        split = [
            { name = "a", input = "clips/../clips" },
            { name = "b", input = "x/../clips/**/*.wav" },
            { name = "c", input = "clips.LST" },
            { name = "d", input = "*.flac" },
        ]
        "#,
    );
    let root = case.folder.path();
    let plan = case.plan();
    let inputs: Vec<_> = plan.splits.iter().map(|split| &split.input).collect();
    assert!(matches!(inputs[0], Input::Folder(place) if place.path == root.join("clips")));
    let glob = format!("{}/clips/**/*.wav", root.display());
    assert!(matches!(inputs[1], Input::Glob(place) if place.path == Path::new(&glob)));
    assert!(matches!(inputs[2], Input::List(place) if place.path == root.join("clips.LST")));
    let glob = format!("{}/*.flac", root.display());
    assert!(matches!(inputs[3], Input::Glob(place) if place.path == Path::new(&glob)));
}

#[test]
fn the_essence_is_what_the_bytes_depend_on() {
    let essence = |case: Case| {
        let folder = case.folder.path().display().to_string();
        case.plan().essence().to_string().replace(&folder, "")
    };
    let plain = essence(Case::minimal(""));
    for same in [
        "output=elsewhere",
        "augment.cache=1MiB",
        "features.verify=true",
        "flow.batch=3",
        "flow.in_flight=3",
        "flow.memory=1GiB",
        "stages.decode.workers=3",
        "stages.embed.capacity=3",
        "failures.policy=skip",
        "failures.max_rate=0.5",
        "flow.commit_seconds=1",
        "metrics.linger=3",
        "metrics.address=:1",
        "runtime.library=lib.so",
    ] {
        assert_eq!(essence(Case::minimal("").set(same)), plain, "{same}");
    }
    for other in [
        "seed=1",
        "audio.clip_seconds=3",
        "audio.max_seconds=3",
        "split.0.name=x",
        "split.0.input=x",
        "split.0.features=x.npy",
        "split.0.place=end",
        "augment.enabled=false",
        "augment.rounds=2",
        "augment.chain=[\"equalizer\", \"place\"]",
        "augment.row_order=name",
        "augment.sound_files=wav",
        "split.0.files=clip_NNNNNN.wav",
        "augment.backgrounds=x",
        "augment.rirs=x",
        "augment.jitter_ms=1",
        "augment.equalizer.gain_db=[0, 1]",
        "augment.distortion.amount=[0, 1]",
        "augment.reverb.probability=0",
        "augment.background.snr_db=[0, 1]",
        "features.input_scale=int16",
        "features.execution_providers=cuda",
        "features.strategy=windows",
        "features.backend=onnxruntime",
        "features.mel_model=x",
        "features.embedding_model=x",
        "features.stride=9",
        "features.timesteps=3",
        "output_files.wavs=true",
        "output_files.rows=false",
    ] {
        assert_ne!(essence(Case::minimal("").set(other)), plain, "{other}");
    }
}

#[test]
fn brackets_in_the_folder_of_a_file_are_no_wildcards() {
    let mut case = Case::minimal("").set("seed=1");
    let folder = case.folder.path().join("set [1]");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("a.toml");
    std::fs::write(
        &file,
        "output = \"out\"\nsplit = [{ name = \"a\", input = \"clips/*.wav\" }]\n",
    )
    .unwrap();
    case.file = file;
    let plan = case.plan();
    let Input::Glob(pattern) = &plan.splits[0].input else {
        panic!("{:?}", plan.splits[0].input);
    };
    let pattern = glob::Pattern::new(pattern.path.to_str().unwrap()).unwrap();
    assert!(pattern.matches_path(&folder.join("clips/x.wav")));
    assert!(!pattern.matches_path(&case.folder.path().join("set 1/clips/x.wav")));
}

#[test]
fn a_name_that_exists_is_no_pattern() {
    let case = Case::minimal("");
    let folder = case.folder.path().join("set [1]");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("x.wav"), "").unwrap();
    std::fs::write(folder.join("list [a].txt"), "x.wav\n").unwrap();
    let input = |text: &str| {
        let path = case.folder.path().join(text);
        let case = Case::minimal("").set(&format!("split.0.input={}", path.display()));
        case.plan().splits[0].input.clone()
    };
    assert!(matches!(input("set [1]"), Input::Folder(place) if place.path == folder));
    let list = folder.join("list [a].txt");
    assert!(matches!(input("set [1]/list [a].txt"), Input::List(place) if place.path == list));
    for (pattern, found) in [("set [1]/[xy].wav", true), ("set [2]/*.wav", false)] {
        let Input::Glob(pattern) = input(pattern) else {
            panic!("{pattern} is a pattern");
        };
        let listing = source::glob(pattern.path.to_str().unwrap()).ok();
        let files = listing.map(|listing| listing.files[0].file.path.to_path_buf());
        assert_eq!(files, found.then(|| folder.join("x.wav")), "{pattern:?}");
    }
}

#[test]
fn sizes_have_units() {
    for (text, bytes) in [
        ("4096", 4096),
        ("64 MB", 64_000_000),
        ("1kB", 1000),
        ("3KiB", 3072),
        ("2gib", 2 << 30),
        ("0", 0),
    ] {
        let plan = Case::minimal("")
            .set(&format!("augment.cache={text}"))
            .plan();
        assert_eq!(plan.augment.cache_bytes, bytes, "{text}");
    }
    for text in [
        "1.5GiB",
        "MiB",
        "-1",
        "1 TiB",
        "99999999999GiB",
        "18446744073709551616",
    ] {
        assert!(
            Case::minimal("")
                .set(&format!("augment.cache={text}"))
                .load()
                .is_err(),
            "{text}"
        );
    }
}

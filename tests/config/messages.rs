//! What is said when something is wrong.

use proptest::prelude::*;
use wakemill::config::keys::KEYS;

use crate::{Case, MINIMAL};

#[test]
fn unknown_keys_suggest_the_nearest() {
    for (key, unknown, hint) in [
        ("augment.round", "augment.round", "augment.rounds"),
        ("sede", "sede", "seed"),
        ("augmentation.rounds", "augmentation", "augment"),
        ("rounds", "rounds", "augment.rounds"),
        ("stages.embeded.workers", "stages.embeded", "stages.embed"),
        (
            "stages.embed.worker",
            "stages.embed.worker",
            "stages.embed.workers",
        ),
        (
            "augment.equalizer.gain",
            "augment.equalizer.gain",
            "augment.equalizer.gain_db",
        ),
        (
            "augment.snr_db",
            "augment.snr_db",
            "augment.background.snr_db",
        ),
        ("metrics.adress", "metrics.adress", "metrics.address"),
        ("feature.input_scale", "feature", "features"),
    ] {
        assert_eq!(
            Case::minimal("").set(&format!("{key}=1")).error(),
            format!("--set {key}=1: unknown key '{unknown}'; did you mean '{hint}'?"),
        );
    }
}

#[test]
fn unknown_keys_name_their_layer() {
    assert_eq!(
        Case::minimal("[augment]\nround = 2\n").error(),
        "a.toml: unknown key 'augment.round'; did you mean 'augment.rounds'?"
    );
    assert_eq!(
        Case::minimal("inptu = \"x\"\n").error(),
        "a.toml: unknown key 'split.0.inptu'; did you mean 'split.0.input'?"
    );
    assert_eq!(
        Case::minimal("[flow]\nzzz = 1\n").error(),
        "a.toml: unknown key 'flow.zzz'; known in 'flow': batch, in_flight, memory, commit_seconds"
    );
    let top = Case::toml(&format!("zzz = 1\n{MINIMAL}")).error();
    assert!(
        top.starts_with("a.toml: unknown key 'zzz'; known here: seed, output,"),
        "{top}"
    );
    let dotted = Case::toml(&format!("\"audio.clip_seconds\" = 3.0\n{MINIMAL}")).error();
    assert!(
        dotted.starts_with("a.toml: unknown key 'audio.clip_seconds'"),
        "{dotted}"
    );
}

#[test]
fn wrong_values_name_key_value_and_range() {
    for (set, expected) in [
        (
            "seed=-1",
            "'seed' is -1; it must be a whole number from 0 to 9223372036854775807",
        ),
        (
            "seed=1.5",
            "'seed' is 1.5; it must be a whole number from 0 to 9223372036854775807",
        ),
        (
            "seed={}",
            "'seed' is a table; it must be a whole number from 0 to 9223372036854775807",
        ),
        (
            "seed.x=1",
            "'seed' is a table; it must be a whole number from 0 to 9223372036854775807",
        ),
        ("output=", "'output' is \"\"; it must be a path"),
        ("augment=1", "'augment' is 1; it must be a table"),
        (
            "split=1",
            "'split' is 1; it must be tables, each under the heading [[split]]",
        ),
        ("split=[1]", "'split.0' is 1; it must be a table"),
        (
            "augment.rounds=0",
            "'augment.rounds' is 0; it must be a whole number from 1 to 1000",
        ),
        (
            "augment.rounds=two",
            "'augment.rounds' is \"two\"; it must be a whole number from 1 to 1000",
        ),
        (
            "augment.enabled=yes",
            "'augment.enabled' is \"yes\"; it must be true or false",
        ),
        (
            "augment.reverb.probability=1.1",
            "'augment.reverb.probability' is 1.1; it must be a number from 0 to 1",
        ),
        (
            "augment.reverb.probability=nan",
            "'augment.reverb.probability' is NaN; it must be a number from 0 to 1",
        ),
        (
            "augment.background.snr_db=[15, 5]",
            "'augment.background.snr_db' is [15, 5]; it must be two numbers from -100 to 100, the smaller first",
        ),
        (
            "augment.equalizer.gain_db=12",
            "'augment.equalizer.gain_db' is 12; it must be two numbers from -60 to 60, the smaller first",
        ),
        (
            "augment.row_order=nam",
            "'augment.row_order' is \"nam\"; it must be \"round\" or \"name\" or \"pass\"; did you mean \"name\"?",
        ),
        (
            "features.input_scale=int8",
            "'features.input_scale' is \"int8\"; it must be \"unit\" or \"int16\"; did you mean \"int16\"?",
        ),
        (
            "features.input_scale=0",
            "'features.input_scale' is \"0\"; it must be \"unit\" or \"int16\"",
        ),
        (
            "stages.mel.workers=0",
            "'stages.mel.workers' is 0; it must be a whole number from 1 to 4096, or \"auto\"",
        ),
        (
            "flow.memory=lots",
            "'flow.memory' is \"lots\"; it must be a size such as \"256MiB\", at least 1048576 bytes",
        ),
        (
            "flow.memory=5kB",
            "'flow.memory' is \"5kB\"; it must be a size such as \"256MiB\", at least 1048576 bytes",
        ),
        (
            "augment.cache=-1",
            "'augment.cache' is -1; it must be a size such as \"256MiB\"",
        ),
        (
            "augment.rirs=[1]",
            "'augment.rirs' is [1]; it must be a path or a list of paths",
        ),
    ] {
        assert_eq!(
            Case::minimal("").set(set).error(),
            format!("--set {set}: {expected}")
        );
    }
    for unknown in ["[\"coda\"]", "[\"rocm\", \"cpu\"]"] {
        let providers = Case::minimal("")
            .set(&format!("features.execution_providers={unknown}"))
            .error();
        let expected =
            format!("is {unknown}; it must be a list of execution providers (cpu, cuda,");
        assert!(providers.contains(&expected), "{providers}");
    }
    let providers = Case::minimal("")
        .set("features.execution_providers=[]")
        .error();
    assert!(providers.contains("is []; it must be a list"));
    assert_eq!(
        Case::minimal("").set("seed").error(),
        "--set seed: an override is KEY=VALUE"
    );
}

#[test]
fn names_cannot_leave_the_output_folder() {
    for name in [
        "../x", "a/b", "a\\b", "/x", "..", ".x", "", "-x", "x\0", "a b",
    ] {
        let error = Case::minimal("")
            .set(&format!("split.0.name={name:?}"))
            .load()
            .unwrap_err();
        assert!(error.to_string().contains("'split.0.name' is"), "{error}");
        let features = format!("split.0.features=\"{}.npy\"", name.escape_default());
        let error = Case::minimal("").set(&features).load().unwrap_err();
        assert!(
            error.to_string().contains("'split.0.features' is"),
            "{error}"
        );
    }
    for features in ["x", "x.np", "npy", ".npy", "x.npy/"] {
        let error = Case::minimal("")
            .set(&format!("split.0.features={features}"))
            .error();
        assert!(error.contains("that ends in .npy"), "{error}");
    }
    assert_eq!(
        Case::minimal("")
            .set("split.0.name=wörter_1.2-x")
            .plan()
            .splits[0]
            .features,
        "wörter_1.2-x.npy"
    );
}

#[test]
fn splits_are_distinct_and_complete() {
    let other = "[[split]]\nname = \"Wake\"\ninput = \"others\"\n";
    assert_eq!(
        Case::minimal(other).error(),
        "a.toml: 'split.1.name' is \"Wake\", as is 'split.0.name'\n\
         a.toml: 'split.1.features' is \"Wake.npy\", as is 'split.0.features'"
    );
    let other = "[[split]]\nname = \"other\"\ninput = \"others\"\nfeatures = \"wake.npy\"\n";
    assert_eq!(
        Case::minimal(other).error(),
        "a.toml: 'split.1.features' is \"wake.npy\", as is 'split.0.features'"
    );
    assert_eq!(
        Case::minimal("[[split]]\n").error(),
        "a.toml: 'split.1.name' is missing\na.toml: 'split.1.input' is missing"
    );
    // A broken split counts, in the numbering and in the comparison.
    let broken = "[[split]]\nname = \"b\"\n[[split]]\nname = \"c\"\ninput = \"c\"\n\
                  [[split]]\nname = \"wake\"\ninput = \"d\"\nfeatures = \"b.npy\"\n";
    assert_eq!(
        Case::minimal(broken).error(),
        "a.toml: 'split.1.input' is missing\n\
         a.toml: 'split.3.name' is \"wake\", as is 'split.0.name'\n\
         a.toml: 'split.3.features' is \"b.npy\", as is 'split.1.features'"
    );
    assert_eq!(
        Case::toml("").error(),
        "a.toml: 'output' is missing: the folder that the build writes to\n\
         a.toml: no [[split]]: name at least one, with its name and input"
    );
    let glob = Case::minimal("").set("split.0.input=clips/***").error();
    assert!(
        glob.contains("'split.0.input' is \"clips/***\", which is no glob"),
        "{glob}"
    );
}

#[test]
fn the_front_end_is_checked_as_a_whole() {
    assert_eq!(
        Case::minimal("[audio]\nclip_seconds = 0.5\n").error(),
        "a.toml: 'audio.clip_seconds' is 0.5; one embedding window of 76 frames needs at least 0.782"
    );
    let short = Case::minimal("[audio]\nclip_seconds = 1.5\n")
        .load()
        .unwrap();
    assert_eq!(
        short.warnings,
        [
            "audio.clip_seconds is 1.5: too short for 16 embeddings a row, which need 1.982; the first ones are zeros"
        ]
    );
    assert_eq!(
        Case::minimal("").set("audio.sample_rate=8000").error(),
        "--set audio.sample_rate=8000: 'audio.sample_rate' is 8000; the frozen models take 16000, another needs features.mel_model"
    );
    let plan = Case::minimal("")
        .set("audio.sample_rate=8000")
        .set("features.mel_model=m.onnx")
        .plan();
    assert_eq!(plan.audio.clip_samples, 16_000);
    assert_eq!(
        Case::minimal("").set("features.window=80").error(),
        "--set features.window=80: 'features.window' is 80; the frozen embedding network takes 76, another needs features.embedding_model"
    );
    assert_eq!(
        Case::minimal("").set("augment.jitter_ms=2000").error(),
        "--set augment.jitter_ms=2000: 'augment.jitter_ms' is 2000; it must be shorter than the window, audio.clip_seconds = 2"
    );
    let native =
        "'features.backend' is \"native\"; it runs only the frozen models, and only on the cpu";
    let case = Case::minimal("").set("features.backend=native");
    assert!(case.load().is_ok());
    for other in [
        "features.mel_model=m.onnx",
        "features.execution_providers=cuda",
    ] {
        let case = Case::minimal("").set("features.backend=native").set(other);
        assert_eq!(
            case.error(),
            format!("--set features.backend=native: {native}")
        );
    }
}

#[test]
fn only_augmented_rows_are_written_beside_the_clips() {
    let why = "clips that are not augmented would replace the augmented ones beside them; \
               set output_files.wavs to false, or augment";
    let wavs = "[output_files]\nwavs = true\n";
    assert_eq!(
        Case::minimal(wavs).set("augment.enabled=false").error(),
        format!(
            "a.toml: 'output_files.wavs' is true, and 'augment.enabled' is false (--set augment.enabled=false): {why}"
        )
    );
    for mut case in [
        Case::minimal(wavs),
        Case::yaml("model_name: hey\ntarget_phrases: [hey]\n"),
    ] {
        case = case.set("output_files.wavs=true");
        assert!(case.load().is_ok());
        case.only_extract = true;
        assert_eq!(
            case.error(),
            format!(
                "--set output_files.wavs=true: 'output_files.wavs' is true, and 'augment.enabled' is false (--only extract): {why}"
            )
        );
        assert!(case.set("output_files.wavs=false").load().is_ok());
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let case = Case::minimal("[augment]\nround = 2\nenabled = 3\n")
        .env("WAKEMILL_SEED", "x")
        .set("flow.batch=0");
    assert_eq!(
        case.error(),
        "a.toml: 'augment.enabled' is 3; it must be true or false\n\
         a.toml: unknown key 'augment.round'; did you mean 'augment.rounds'?\n\
         --set flow.batch=0: 'flow.batch' is 0; it must be a whole number from 1 to 65536, or \"auto\"\n\
         environment variable WAKEMILL_SEED: 'seed' is \"x\"; it must be a whole number from 0 to 9223372036854775807"
    );
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let case = Case::toml("seed = 1\noutput = [\n");
    let error = case.error();
    assert!(
        error.starts_with("a.toml:3:1: ") || error.starts_with("a.toml:2:"),
        "{error}"
    );
    let error = Case::toml("seed = 1\nseed = 2\n").error();
    assert!(error.starts_with("a.toml:2:1: "), "{error}");
    let error = Case::new("a.json", "{}").error();
    assert_eq!(
        error,
        "a.json: wakemill reads pipelines (.toml), and configurations of livekit-wakeword 0.x and of openWakeWord (.yaml, .yml)"
    );
    let mut case = Case::toml("");
    case.file = case.folder.path().join("none.toml");
    assert!(
        case.error().starts_with("none.toml: cannot be read: "),
        "{}",
        case.error()
    );
    case.file = case.folder.path().join("none.yaml");
    assert!(
        case.error().starts_with("none.yaml: cannot be read: "),
        "{}",
        case.error()
    );
    let error = Case::yaml("model_name: x\nmodel: &a [1]\nsteps: *b\n").error();
    assert_eq!(error, "config.yaml:3:8: alias references unknown anchor");
    let error = Case::yaml("model_name: x\naugmentation: [1]\n").error();
    assert_eq!(error, "config.yaml:2:15: expected mapping start");
    let error = Case::yaml("target_phrases: [x]\n").error();
    assert_eq!(error, "config.yaml:1:1: missing field `model_name`");
}

#[test]
fn what_was_the_order_is_a_chain() {
    let error = Case::minimal("").set("augment.order=place-last").error();
    let expected =
        "place-last is [\"equalizer\", \"distortion\", \"reverb\", \"background\", \"place\"]";
    assert!(
        error.contains("unknown key 'augment.order'") && error.contains(expected),
        "{error}"
    );
}

#[test]
fn a_chain_names_each_effect_once() {
    let effects = "a list of effects, each at most once (place, equalizer, distortion, pitch_shift, band_stop";
    for (chain, hint) in [
        ("[\"place\", \"place\"]", ""),
        ("[\"place\", \"echo\"]", ""),
        ("reverbs", "did you mean \"reverb\"?"),
    ] {
        let error = Case::minimal("")
            .set(&format!("augment.chain={chain}"))
            .error();
        assert!(error.contains(effects) && error.contains(hint), "{error}");
    }
}

#[test]
fn an_effect_that_cannot_do_what_is_asked_is_refused() {
    let chain = |effect: &str| format!("augment.chain=[\"place\", \"{effect}\"]");
    for (effect, set, expected) in [
        (
            "band_stop",
            "augment.band_stop.center_hz=[200, 4100]",
            "'augment.band_stop.center_hz' reaches 4100 Hz; with a bandwidth of 1.99 the band ends at",
        ),
        ("pitch_shift", "augment.pitch_shift.semitones=[0.5, 1]", ""),
        (
            "background",
            "augment.background.fill=joined",
            "'augment.background.fill' is \"joined\"; it must be \"repeat\" or \"join\"; did you mean \"join\"?",
        ),
    ] {
        let case = Case::minimal("").set(&chain(effect)).set(set);
        match expected {
            "" => assert!(case.load().is_ok(), "{set}"),
            _ => assert!(case.error().contains(expected), "{}", case.error()),
        }
    }
    let divisors = Case::minimal("[augment.pitch_shift]\nratios = \"divisors\"\n")
        .set(&chain("pitch_shift"))
        .set("augment.pitch_shift.semitones=[0.5, 1]");
    let error = divisors.error();
    assert!(
        error.contains("no quotient of divisors of 16000 but 1"),
        "{error}"
    );
    let other = Case::minimal("[features]\nmel_model = \"mel.onnx\"\n")
        .set(&chain("pitch_shift"))
        .set("audio.sample_rate=8000");
    let error = other.error();
    assert!(error.contains("pitch_shift takes 16000 alone"), "{error}");
}

#[test]
fn a_key_of_an_effect_that_is_not_in_the_chain_is_named_where_it_was_set() {
    let chain = "augment.chain=[\"place\", \"reverb\"]";
    assert!(Case::minimal("").set(chain).load().is_ok());
    let case = Case::minimal("[augment.equalizer]\ngain_db = [0, 1]\n").set(chain);
    let error = case.error();
    assert!(
        error.contains(
            "'augment.equalizer.gain_db' is set, and \"equalizer\" is not in augment.chain"
        ),
        "{error}"
    );
    let loaded = Case::minimal("")
        .set("augment.chain=[\"reverb\"]")
        .load()
        .unwrap();
    assert!(loaded.warnings[0].contains("augment.chain has no \"place\""));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_makes_it_panic(
        text in prop_oneof![".{0,200}", "([ -]{0,4}[a-z_.\\[\\]]{1,8}( = |: |)[^\n]{0,12}\n){0,8}"], key in "[a-z_.0-9]{0,20}", value in ".{0,40}") {
        for case in [Case::toml(&text), Case::yaml(&text)] {
            drop(case.load());
        }
        let variable = format!("WAKEMILL_{}", key.to_uppercase());
        drop(Case::minimal("").env(&variable, &value).set(&format!("{key}={value}")).load());
    }

    #[test]
    fn any_value_of_a_known_key_is_taken_or_named(
        key in proptest::sample::select(KEYS.as_slice()),
        value in prop_oneof![".{0,20}", "-?[0-9]{1,20}", "\\[[-0-9., ]{0,12}\\]", "[0-9]{1,3}[kMG]i?B"],
    ) {
        let path = key.path.replacen("split.", "split.0.", 1);
        if let Err(error) = Case::minimal("").set(&format!("{path}={value}")).load() {
            let error = error.to_string();
            prop_assert!(error.contains(&format!("'{path}' is")), "{}", error);
        }
    }
}

#[test]
fn a_variable_that_is_no_key_is_passed_over() {
    let warnings = |name: &str| {
        let loaded = Case::minimal("").env(name, "tcp://10.0.0.1:80").load();
        loaded.unwrap().warnings
    };
    // What Kubernetes sets for a service called wakemill.
    for name in [
        "WAKEMILL_PORT",
        "WAKEMILL_SERVICE_HOST",
        "WAKEMILL_SERVICE_PORT",
        "WAKEMILL_SERVICE_PORT_HTTP",
        "WAKEMILL_PORT_80_TCP",
        "WAKEMILL_PORT_80_TCP_ADDR",
        "WAKEMILL_",
        "WAKEMILL_HOME",
    ] {
        assert!(warnings(name).is_empty(), "{name}: {:?}", warnings(name));
    }
    assert_eq!(
        warnings("WAKEMILL_FLOW__BATHC"),
        [
            "environment variable WAKEMILL_FLOW__BATHC is passed over: there is no key 'flow.bathc'; did you mean 'flow.batch'?"
        ]
    );
    // Keys count, also those of a split.
    let case = Case::minimal("").env("WAKEMILL_SPLIT__WAKE__PLACE", "tcp");
    assert!(
        case.error().contains("'split.0.place' is \"tcp\""),
        "{}",
        case.error()
    );
    let case = Case::minimal("").env("WAKEMILL_SPLIT__0__FILES", "tcp");
    assert!(
        case.error().contains("'split.0.files' is \"tcp\""),
        "{}",
        case.error()
    );
}

#[test]
fn a_text_is_what_was_typed() {
    for text in [
        "20240501",
        "123",
        "1.50",
        "true",
        "1_000",
        "010",
        "[1]",
        "2024-05-01",
    ] {
        for case in [
            Case::minimal("").set(&format!("output={text}")),
            Case::minimal("").env("WAKEMILL_OUTPUT", text),
        ] {
            assert_eq!(case.plan().output.path.file_name().unwrap(), text);
        }
    }
    let quoted = Case::minimal("").set("output=\"20240501\"").plan();
    assert_eq!(quoted.output.path.file_name().unwrap(), "20240501");
    let named = Case::minimal("").set("split.0.name=7").plan();
    assert_eq!(named.splits[0].name, "7");
    let sounds = Case::minimal("").set("augment.backgrounds=2024").plan();
    assert_eq!(sounds.augment.backgrounds[0].configured, "2024");
    let sounds = Case::minimal("")
        .set("augment.backgrounds=['a', 'b']")
        .plan();
    assert_eq!(sounds.augment.backgrounds.len(), 2);
}

#[test]
fn a_message_does_not_contradict_itself() {
    assert_eq!(
        Case::minimal("").set("augment.rounds=2.0").error(),
        "--set augment.rounds=2.0: 'augment.rounds' is 2.0; it must be a whole number from 1 to 1000; written without a point: 2"
    );
    assert_eq!(
        Case::minimal("[flow]\nbatch = 1e3\n").error(),
        "a.toml: 'flow.batch' is 1000.0; it must be a whole number from 1 to 65536, or \"auto\"; written without a point: 1000"
    );
}

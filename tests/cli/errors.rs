//! What is wrong is said: what, where, and what to do, with the right exit code.

use std::fs;

use crate::support::{Project, data, stderr, wakemill};

/// Runs with a change to the pipeline, and expects to fail.
#[track_caller]
fn fails(set: &[&str], code: i32, said: &[&str]) {
    let project = Project::new();
    fs::create_dir(project.path("empty")).expect("writable");
    fs::create_dir(project.path("broken")).expect("writable");
    fs::write(project.path("broken/good_name.wav"), "this is not audio").expect("writable");
    fs::write(project.path("a_file"), "").expect("writable");
    let arguments: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let run = project.run(&arguments);
    let text = stderr(&run);
    assert_eq!(run.status.code(), Some(code), "{text}");
    assert!(
        text.starts_with("error: ") || text.contains("\nerror: "),
        "{text}"
    );
    for said in said {
        assert!(text.contains(said), "'{said}' is not in: {text}");
    }
}

#[test]
fn a_folder_with_no_clips() {
    fails(
        &["split.wake.input=empty"],
        2,
        &["split 'wake'", "empty", "no audio file"],
    );
}

#[test]
fn a_missing_folder() {
    fails(
        &["split.wake.input=nowhere"],
        2,
        &["split 'wake'", "nowhere"],
    );
}

#[test]
fn an_unreadable_clip_stops_the_build_and_is_named() {
    fails(
        &["split.wake.input=broken"],
        1,
        &["split 'wake'", "good_name.wav", "decode", "failures.policy"],
    );
}

#[test]
fn a_misspelt_key() {
    fails(
        &["augment.round=3"],
        2,
        &["augment.round", "augment.rounds"],
    );
}

#[test]
fn a_bad_value() {
    fails(
        &["augment.reverb.probability=1.5"],
        2,
        &["augment.reverb.probability", "1.5"],
    );
}

#[test]
fn an_output_that_cannot_be_made() {
    fails(&["output=a_file/out"], 1, &["a_file/out"]);
}

#[test]
fn a_missing_background_folder() {
    fails(
        &["augment.backgrounds=[\"nowhere\"]"],
        2,
        &["augment.backgrounds", "nowhere"],
    );
}

#[test]
fn a_file_that_is_not_there() {
    let run = wakemill(&["run", "nothing.toml"]).output().expect("starts");
    assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
    assert!(stderr(&run).contains("nothing.toml"));
}

#[test]
fn an_unreadable_clip_is_left_out_when_asked_and_counted() {
    let project = Project::new();
    fs::create_dir(project.path("clips")).expect("writable");
    for clip in fs::read_dir(data().join("wake")).expect("clips").flatten() {
        fs::copy(clip.path(), project.path("clips").join(clip.file_name())).expect("copied");
    }
    project.build("clean", &["split.wake.input=clips"]);
    fs::write(project.path("clips/00_broken.wav"), "this is not audio").expect("writable");
    project.build(
        "skipped",
        &[
            "split.wake.input=clips",
            "failures.policy=skip",
            "failures.max_rate=0.5",
        ],
    );
    assert_eq!(
        project.read("clean/wake.npy"),
        project.read("skipped/wake.npy")
    );
    let quarantine = String::from_utf8(project.read("skipped/quarantine.jsonl")).expect("text");
    let line: serde_json::Value = serde_json::from_str(quarantine.trim()).expect("one line");
    assert_eq!(
        (&line["split"], &line["clip"], &line["stage"]),
        (&"wake".into(), &"00_broken.wav".into(), &"decode".into()),
    );
    let dataset: serde_json::Value =
        serde_json::from_slice(&project.read("skipped/dataset.json")).expect("JSON");
    let split = &dataset["splits"][0];
    assert_eq!(split["planned"], 13);
    assert_eq!(split["left_out"], 1);
    assert_eq!(split["rows"], 24);

    let run = project.run(&[
        "--set",
        "split.wake.input=clips",
        "--set",
        "failures.policy=skip",
        "--set",
        "failures.max_rate=0",
    ]);
    assert_eq!(run.status.code(), Some(1));
    assert!(
        stderr(&run).contains("failures.max_rate"),
        "{}",
        stderr(&run)
    );
}

#[test]
fn a_model_that_is_not_there() {
    fails(&["features.mel_model=nowhere.onnx"], 2, &["nowhere.onnx"]);
}

/// Where a GPU serves, nothing falls back and there is nothing to see.
#[test]
fn a_build_that_falls_back_to_the_cpu_says_so_and_is_sized_for_it() {
    let project = Project::new();
    let set = "features.execution_providers=['tensorrt', 'cpu']";
    let run = project.run(&["--set", set, "--set", "features.backend=onnxruntime"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let dataset = project.dataset("out");
    if dataset["front_end"]["provider"] == "CPUExecutionProvider" {
        assert!(stderr(&run).contains("INSTEAD"), "{}", stderr(&run));
        assert_eq!(dataset["rows_per_batch"], 8);
    }
}

#[test]
fn a_dataset_json_that_is_none() {
    let project = Project::new();
    fs::create_dir(project.path("out")).expect("writable");
    fs::write(project.path("out/dataset.json"), "{}").expect("writable");
    let run = project.run(&[]);
    assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
    assert!(stderr(&run).contains("--overwrite"), "{}", stderr(&run));
    let run = project.run(&["--overwrite"]);
    assert!(run.status.success(), "{}", stderr(&run));
}

#[test]
fn the_features_of_a_split_that_is_gone_are_replaced_too() {
    let project = Project::new();
    project.build("out", &[]);
    assert!(project.path("out/other.npy").exists());
    let data = data();
    let text = format!(
        "output = 'out'\n[[split]]\nname = 'wake'\ninput = '{}/wake'\n",
        data.display()
    );
    fs::write(project.path("pipeline.toml"), text).expect("writable");
    let run = project.run(&["--overwrite"]);
    assert!(run.status.success(), "{}", stderr(&run));
    assert!(!project.path("out/other.npy").exists());
    assert!(project.path("out/wake.npy").exists());
}

#[test]
fn what_is_there_is_never_overwritten_unasked() {
    let project = Project::new();
    project.build("out", &[]);
    let before = project.read("out/wake.npy");

    let again = project.command(&["--progress", "plain"]);
    drop(again);
    let again = project.run(&[]);
    assert!(again.status.success(), "{}", stderr(&again));

    let other = project.run(&["--set", "seed=5"]);
    assert_eq!(other.status.code(), Some(2), "{}", stderr(&other));
    assert!(stderr(&other).contains("seed is 5") && stderr(&other).contains("--overwrite"));
    assert_eq!(project.read("out/wake.npy"), before);

    let replaced = project.run(&["--set", "seed=5", "--overwrite"]);
    assert!(replaced.status.success(), "{}", stderr(&replaced));
    assert_ne!(project.read("out/wake.npy"), before);
}

#[test]
fn paths_of_arguments_mean_what_a_shell_would_make_of_them() {
    let project = Project::new();
    project.build("out", &[]);
    let home = project.path("");
    let inspect = |path: &str| {
        let mut command = wakemill(&["inspect", path]);
        command
            .env("HOME", &home)
            .output()
            .expect("the program starts")
    };
    let found = inspect("~/out");
    assert!(found.status.success(), "{}", stderr(&found));
    for path in ["~nobody/out", "$HOME/out", "${HOME}/out"] {
        let refused = inspect(path);
        assert_eq!(refused.status.code(), Some(2), "{path}");
        assert!(stderr(&refused).contains("write the path out"), "{path}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_not_utf8_make_no_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let odd = OsStr::from_bytes(b"odd-\xff");
    let project = Project::new();
    let text = project.read("pipeline.toml");
    let folder = project.path("").join(odd);
    std::fs::create_dir(&folder).expect("writable");
    std::fs::write(folder.join("pipeline.toml"), text).expect("writable");
    std::fs::write(folder.join("list.txt"), b"a.wav\nb-\xff.wav\n").expect("writable");
    let mut run = wakemill(&["run", "--progress", "none"]);
    let run = run
        .arg(folder.join("pipeline.toml"))
        .output()
        .expect("the program starts");
    assert!(run.status.success(), "{}", stderr(&run));
    assert!(folder.join("out/dataset.json").exists());

    for arguments in [
        &["inspect"][..],
        &["run"],
        &["eval"],
        &["init"],
        &["run", "--with"],
    ] {
        let mut command = wakemill(arguments);
        let run = command.arg(project.path("none").join(odd)).output();
        let run = run.expect("the program starts");
        assert!(matches!(run.status.code(), Some(1 | 2)), "{arguments:?}");
        assert!(!stderr(&run).contains("panicked"), "{}", stderr(&run));
    }
    let mut set = wakemill(&["run", "pipeline.toml", "--set"]);
    let set = set.arg(odd).output().expect("the program starts");
    assert_eq!(set.status.code(), Some(2), "{}", stderr(&set));

    let list = folder.join("pipeline.toml");
    let text = "output = 'out'\n[[split]]\nname = 'a'\ninput = 'list.txt'\n";
    std::fs::write(&list, text).expect("writable");
    let mut listed = wakemill(&["run"]);
    let listed = listed.arg(list).output().expect("the program starts");
    assert_eq!(listed.status.code(), Some(2), "{}", stderr(&listed));
    assert!(
        stderr(&listed).contains("line 2: not UTF-8"),
        "{}",
        stderr(&listed)
    );
}

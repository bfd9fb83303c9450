//! What a resumed build refuses to build upon, and what it says.

use std::fs;

use super::steps::build_until;
use super::support::{Case, assert_same, errors};

/// A step in the middle of a build of nine clips: after the third commit.
const MIDDLE: u32 = 6;

/// Runs with `--resume`, which must be refused, naming each of `hints`, and
/// must leave everything as it is.
#[track_caller]
fn refused(case: &Case, output: &str, args: &[&str], hints: &[&str]) {
    let before = case.files(output);
    let args: Vec<&str> = args.iter().copied().chain(["--resume"]).collect();
    let run = case.run(output, &args);
    let said = errors(&run);
    assert_eq!(run.status.code(), Some(2), "{said}");
    for hint in hints.iter().chain(&["--overwrite"]) {
        assert!(said.contains(hint), "'{hint}' is not in: {said}");
    }
    assert_same(&case.files(output), &before, "a refused resume");
}

fn flip(case: &Case, name: &str, at: usize) {
    let path = case.path(name);
    let mut bytes = fs::read(&path).unwrap();
    bytes[at] ^= 4;
    fs::write(path, bytes).unwrap();
}

#[test]
fn damage_is_named_and_never_built_upon() {
    let case = Case::new(9);
    let expected = case.build("whole", &[]);
    assert!(build_until(&case, "begun", MIDDLE, false));

    // Torn last record: the one before counts.
    case.copy("begun", "torn");
    let journal = case.path("torn/build.journal");
    let length = fs::metadata(&journal).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(&journal).unwrap();
    file.set_len(length - 9).unwrap();
    let run = case.run("torn", &["--resume"]);
    assert!(run.status.success(), "{}", errors(&run));
    assert!(errors(&run).contains("torn"), "{}", errors(&run));
    assert_same(&case.files("torn"), &expected, "torn");

    // What was written after the last commit is cut off.
    case.copy("begun", "behind");
    for name in ["wake.npy.partial", "rows.jsonl.partial"] {
        let path = case.path("behind").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend([7; 5000]);
        fs::write(path, bytes).unwrap();
    }
    let made = case.build("behind", &["--resume"]);
    assert_same(&made, &expected, "behind");

    for (name, at) in [
        ("wake.npy.partial", 200),
        ("rows.jsonl.partial", 20),
        ("build.journal", 100),
    ] {
        case.copy("begun", "flipped");
        flip(&case, &format!("flipped/{name}"), at);
        refused(&case, "flipped", &[], &[name, "damaged"]);
    }
    case.copy("begun", "short");
    fs::write(case.path("short/wake.npy.partial"), b"").unwrap();
    refused(&case, "short", &[], &["wake.npy.partial", "0 bytes"]);

    case.copy("begun", "lost");
    fs::remove_file(case.path("lost/wake.npy.partial")).unwrap();
    refused(&case, "lost", &[], &["wake.npy.partial"]);

    for (output, empty) in [("deleted", false), ("emptied", true)] {
        case.copy("begun", output);
        let journal = case.path(output).join("build.journal");
        match empty {
            true => fs::write(journal, b"").unwrap(),
            false => fs::remove_file(journal).unwrap(),
        }
        refused(&case, output, &[], &["journal", "partial"]);
    }
    // There is always a way out.
    assert_same(&case.build("deleted", &["--overwrite"]), &expected, "over");
}

#[test]
fn a_changed_build_is_refused_with_what_changed() {
    let case = Case::new(9);
    assert!(build_until(&case, "out", MIDDLE, false));
    refused(
        &case,
        "out",
        &["--set", "seed=4"],
        &["configuration.seed is 4, was 3"],
    );
    refused(
        &case,
        "out",
        &["--set", "augment.rounds=3"],
        &["augment.rounds is 3, was 2"],
    );
    refused(
        &case,
        "out",
        &[
            "--set",
            "features.backend=onnxruntime",
            "--set",
            "features.strategy=windows",
        ],
        &["strategy is \"windows\""],
    );
    // A clip, first and last, committed and not.
    for (clip, place) in [("wake/000.wav", 300), ("other/008.wav", 300)] {
        let old = fs::read(case.path(clip)).unwrap();
        let time = fs::metadata(case.path(clip)).unwrap().modified().unwrap();
        let mut new = old.clone();
        new[place] ^= 1;
        case.write(clip, &new);
        let name = clip.split_once('/').unwrap().1;
        refused(&case, "out", &[], &[&format!("'{name}'")]);
        case.write(clip, &old);
        let file = fs::File::options()
            .write(true)
            .open(case.path(clip))
            .unwrap();
        file.set_modified(time).unwrap();
    }
    case.write(
        "wake/0005.wav",
        fs::read(case.path("wake/000.wav")).unwrap(),
    );
    refused(
        &case,
        "out",
        &[],
        &["split 'wake': 7 files, were 6; '0005.wav' is the first"],
    );
    fs::remove_file(case.path("wake/0005.wav")).unwrap();
    fs::rename(case.path("noise/b.wav"), case.path("noise/c.wav")).unwrap();
    refused(&case, "out", &[], &["augment.backgrounds: ", "noise/c.wav"]);
    fs::rename(case.path("noise/c.wav"), case.path("noise/b.wav")).unwrap();

    // With everything back as it was, it goes on.
    let expected = case.build("whole", &[]);
    assert_same(&case.build("out", &["--resume"]), &expected, "back");
}

#[test]
fn the_flags_say_what_happens_to_what_is_there() {
    let case = Case::new(3);
    let both = case.run("out", &["--resume", "--overwrite"]);
    assert_eq!(both.status.code(), Some(2));
    assert!(!case.path("out").exists());

    // Nothing there: --resume builds.
    let expected = case.build("out", &["--resume"]);
    // Finished: nothing to do, whatever is asked for but --overwrite.
    let time = |name: &str| {
        let path = case.path("out").join(name);
        fs::metadata(path).unwrap().modified().unwrap()
    };
    let before = time("wake.npy");
    for args in [&["--resume"][..], &[]] {
        assert_same(&case.build("out", args), &expected, "up to date");
        assert_eq!(time("wake.npy"), before);
    }
    assert_same(&case.build("out", &["--overwrite"]), &expected, "again");
    assert_ne!(time("wake.npy"), before);
    // Finished, and not whole any more.
    for name in ["wake.npy", "rows.jsonl"] {
        case.copy("out", "robbed");
        fs::remove_file(case.path("robbed").join(name)).unwrap();
        for args in [&["--resume"][..], &[]] {
            let robbed = case.run("robbed", args);
            assert_eq!(robbed.status.code(), Some(2), "{name}");
            let said = errors(&robbed);
            assert!(said.contains(&format!("has lost {name}")), "{said}");
        }
    }
    // Finished, and of something else.
    let other = case.run("out", &["--set", "seed=9"]);
    assert_eq!(other.status.code(), Some(2));
    let said = errors(&other);
    for hint in ["configuration.seed is 9, was 3", "--overwrite"] {
        assert!(said.contains(hint), "'{hint}' is not in: {said}");
    }
    // There is nothing to go on with.
    assert!(!said.contains("--resume"), "{said}");
    refused(
        &case,
        "out",
        &["--set", "seed=9"],
        &["nothing to go on with"],
    );

    // Unfinished.
    assert!(build_until(&case, "begun", 2, false));
    let kept = case.run("begun", &[]);
    assert_eq!(kept.status.code(), Some(2));
    let said = errors(&kept);
    assert!(
        said.contains("--resume") && said.contains("--overwrite"),
        "{said}"
    );
    assert_same(&case.build("begun", &["--overwrite"]), &expected, "over");
}

#[test]
fn a_finished_data_set_of_which_an_input_changed_is_refused_with_its_name() {
    let case = Case::new(6);
    let expected = case.build("out", &[]);
    let time = |name: &str| fs::metadata(case.path(name)).unwrap().modified().unwrap();
    for (name, list) in [
        ("wake/002.wav", "split 'wake'"),
        ("other/004.wav", "split 'other'"),
        ("noise/b.wav", "augment.backgrounds"),
        ("rooms/a.wav", "augment.rirs"),
    ] {
        let (old, modified) = (fs::read(case.path(name)).unwrap(), time(name));
        let mut new = old.clone();
        new[300] ^= 1;
        case.write(name, &new);
        let file = name.rsplit('/').next().unwrap();
        for args in [&[][..], &["--resume"]] {
            let run = case.run("out", args);
            let said = errors(&run);
            assert_eq!(run.status.code(), Some(2), "{said}");
            for hint in [list, file, "undo that"] {
                assert!(said.contains(hint), "'{hint}' is not in: {said}");
            }
        }
        // The advice: undo that.
        case.write(name, &old);
        let file = fs::File::options().write(true).open(case.path(name));
        file.unwrap().set_modified(modified).unwrap();
        assert_same(&case.build("out", &[]), &expected, "undone");
    }
    fs::remove_file(case.path("wake/003.wav")).unwrap();
    let said = errors(&case.run("out", &[]));
    assert!(said.contains("3 files, were 4"), "{said}");
    // Or start over.
    case.build("out", &["--overwrite"]);
}

#[test]
fn a_file_of_somebody_else_is_never_replaced_unasked() {
    let case = Case::new(3);
    let expected = case.build("whole", &[]);
    for name in [
        "report.html",
        "report.html.partial",
        "rows.jsonl",
        "quarantine.jsonl",
        "dataset.json",
        "build.journal",
        "wake.npy",
        "other.npy.partial",
    ] {
        let output = format!("own-{name}");
        let own = format!("{output}/{name}");
        case.write(&own, b"my own");
        for flag in [&[][..], &["--resume"]] {
            if name == "build.journal" && !flag.is_empty() {
                // An empty journal, as far as anybody can tell.
                continue;
            }
            let run = case.run(&output, flag);
            let said = errors(&run);
            assert_eq!(run.status.code(), Some(2), "{name}: {said}");
            for hint in [name, "--overwrite"] {
                assert!(said.contains(hint), "'{hint}' is not in: {said}");
            }
            assert_eq!(fs::read(case.path(&own)).unwrap(), b"my own");
        }
        assert_same(&case.build(&output, &["--overwrite"]), &expected, name);
    }
    // Also beside what an unfinished build has kept.
    assert!(build_until(&case, "begun", 2, false));
    case.write("begun/report.html", b"my own");
    refused(&case, "begun", &[], &["report.html", "move it away"]);
    fs::remove_file(case.path("begun/report.html")).unwrap();
    assert_same(&case.build("begun", &["--resume"]), &expected, "begun");
}

#[test]
fn a_second_build_in_the_folder_is_refused() {
    let case = Case::new(3);
    let expected = case.build("whole", &[]);
    fs::create_dir_all(case.path("out")).unwrap();
    let lock = fs::File::create(case.path("out/.wakemill.lock")).unwrap();
    lock.lock().unwrap();
    for flag in ["--resume", "--overwrite"] {
        let run = case.run("out", &[flag]);
        assert_eq!(run.status.code(), Some(2));
        let said = errors(&run);
        assert!(said.contains("another wakemill is at work"), "{said}");
    }
    drop(lock);
    // The file alone locks nothing.
    assert_same(&case.build("out", &[]), &expected, "unlocked");
}

#[test]
fn clips_left_out_are_counted_on() {
    let case = Case::new(9);
    for name in ["wake/001.wav", "wake/005.wav", "other/007.wav"] {
        case.write(name, b"not audio");
    }
    let skip = [
        "--set",
        "failures.policy=skip",
        "--set",
        "failures.max_rate=0.4",
    ];
    let expected = case.build("whole", &skip);
    // Stopped by the policy at the first bad clip; the second would be too many
    // and the third is not.
    let stopped = case.run("out", &[]);
    assert_eq!(stopped.status.code(), Some(1));
    let said = errors(&stopped);
    assert!(said.contains("001.wav"), "{said}");
    assert!(said.contains("1 of 9 clips are kept"), "{said}");
    let one = [
        "--resume",
        "--set",
        "failures.policy=skip",
        "--set",
        "failures.max_rate=0.2",
    ];
    let stopped = case.run("out", &one);
    assert_eq!(stopped.status.code(), Some(1));
    let said = errors(&stopped);
    assert!(said.contains("005.wav"), "{said}");
    assert!(said.contains("5 of 9 clips are kept"), "{said}");
    // What was left out already counts.
    let stopped = case.run("out", &["--resume"]);
    assert_eq!(stopped.status.code(), Some(1));
    let said = errors(&stopped);
    assert!(said.contains("1 clips were left out before"), "{said}");
    let more: Vec<&str> = skip.iter().copied().chain(["--resume"]).collect();
    assert_same(&case.build("out", &more), &expected, "skipped");

    let dataset = case.dataset("out");
    for (split, [planned, rows, left_out]) in [(0, [6, 8, 2]), (1, [3, 4, 1])] {
        let split = &dataset["splits"][split];
        assert_eq!(split["planned"], planned);
        assert_eq!(split["rows"], rows);
        assert_eq!(split["left_out"], left_out);
    }
}

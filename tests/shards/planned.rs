//! What is not as it was planned.

use std::fs::{self, File};

use super::support::{Site, errors, flip};

#[test]
fn a_shard_is_two_numbers_counted_from_0() {
    let site = Site::pipeline(3, "");
    for text in [
        "2/2", "1", "-1/2", "a/b", "1/0", "1/2/3", "1/100000", " 0/1", "+0/1", "/",
    ] {
        let said = site.fails(2, "run", &["--shard", text]);
        assert!(said.contains("shards are counted from 0"), "{text}: {said}");
    }
    for text in ["0", "100000", "x"] {
        site.fails(2, "plan", &["--shards", text]);
    }
    for (command, number) in [("run", ["--shard", "0/2"]), ("plan", ["--shards", "2"])] {
        let wavs = [&number[..], &["--set", "output_files.wavs=true"]].concat();
        let said = site.fails(2, command, &wavs);
        assert!(said.contains("output_files.wavs"), "{said}");
    }
}

#[test]
fn another_configuration_or_number_is_refused_with_both_values() {
    let site = Site::pipeline(5, "");
    site.plan(2);
    site.build_all(2);
    let said = site.fails(2, "run", &["--shard", "0/3"]);
    assert!(
        said.contains("3 shards are asked for, 2 were planned"),
        "{said}"
    );
    let changes = ["--set", "seed=4", "--set", "augment.rounds=1"];
    for (command, shard) in [
        ("run", &["--shard", "0/2"][..]),
        ("merge", &[]),
        ("merge", &["--status"]),
    ] {
        let said = site.fails(2, command, &[shard, &changes].concat());
        assert!(said.contains("configuration.seed is 4, was 3"), "{said}");
        assert!(
            said.contains("configuration.augment.rounds is 1, was 2"),
            "{said}"
        );
    }
    let mut run = site.command("run", &["--shard", "0/2"]);
    let run = run.env("WAKEMILL_SEED", "5").output().unwrap();
    assert_eq!(run.status.code(), Some(2));
    assert!(errors(&run).contains("configuration.seed is 5, was 3"));
    // What only concerns speed and failures may differ.
    site.does(
        "run",
        &[
            "--shard",
            "0/2",
            "--set",
            "flow.batch=1",
            "--set",
            "failures.policy=skip",
        ],
    );
    // A plan of something else.
    let said = site.fails(2, "plan", &["--shards", "3", "--set", "seed=4"]);
    for text in [
        "3 shards are asked for, 2 were planned",
        "configuration.seed is 4, was 3",
        "--overwrite",
    ] {
        assert!(said.contains(text), "{said}");
    }
    let said = site.does("plan", &["--shards", "2"]);
    assert!(said.contains("up to date"), "{said}");
    site.clip("wake/999.wav", 999);
    let said = site.fails(2, "plan", &["--shards", "2"]);
    assert!(said.contains("split 'wake': 5 files, were 4"), "{said}");
    // Another one discards the shards of this one, unless one is being built.
    let lock = File::create(site.shard(1, 2).join(".wakemill.lock")).unwrap();
    lock.lock().unwrap();
    let said = site.fails(1, "plan", &["--shards", "3", "--overwrite"]);
    assert!(said.contains("another wakemill is at work"), "{said}");
    assert!(site.shard(0, 2).join("shard.json").exists());
    drop(lock);
    site.does("plan", &["--shards", "3", "--overwrite"]);
    assert!(!site.shard(0, 2).exists());
    let said = site.fails(2, "run", &["--shard", "0/2"]);
    assert!(
        said.contains("2 shards are asked for, 3 were planned"),
        "{said}"
    );
}

#[test]
fn a_clip_or_sound_that_changed_is_named_by_the_shards_that_need_it() {
    let site = Site::pipeline(6, "");
    let clip = site.path("wake/000.wav");
    let backup = site.path("backup.wav");
    let copy = |from, to| {
        let copied = std::process::Command::new("cp")
            .arg("-p")
            .args([from, to])
            .status();
        assert!(copied.unwrap().success());
    };
    copy(&clip, &backup);
    site.plan(3);
    let refuses = |shard: &str, what: &str, reason: &str| {
        let said = site.fails(2, "run", &["--shard", shard]);
        assert!(said.contains(what) && said.contains(reason), "{said}");
    };
    fs::remove_file(&clip).unwrap();
    refuses("0/3", "shard 0/3: 000.wav", "it is gone");
    fs::write(&clip, "short").unwrap();
    refuses("0/3", "shard 0/3: 000.wav", "it has 5 bytes");
    fs::copy(&backup, &clip).unwrap();
    refuses("0/3", "shard 0/3: 000.wav", "modified at another time");
    site.build(1, 3);
    copy(&backup, &clip);
    site.build(0, 3);
    let noise = site.path("noise/a.wav");
    fs::rename(&noise, site.path("noise.wav")).unwrap();
    refuses("2/3", "noise/a.wav", "it is gone");
    fs::rename(site.path("noise.wav"), &noise).unwrap();
    site.build(2, 3);
    site.does("merge", &[]);
}

#[test]
fn a_plan_that_is_damaged_is_named() {
    let site = Site::pipeline(4, "");
    site.plan(2);
    flip(&site.output("shards/clips/00001"), 30);
    site.build(0, 2);
    let said = site.fails(2, "run", &["--shard", "1/2"]);
    assert!(
        said.contains("clips/00001") && said.contains("plan again"),
        "{said}"
    );
    fs::write(site.output("shards/plan.json"), "{}").unwrap();
    let said = site.fails(2, "run", &["--shard", "0/2"]);
    assert!(
        said.contains("plan.json") && said.contains("plan again"),
        "{said}"
    );
}

#[test]
fn without_a_plan_nothing_is_made() {
    let site = Site::pipeline(3, "");
    for (command, args) in [
        ("run", &["--shard", "0/2"][..]),
        ("merge", &[]),
        ("merge", &["--status"]),
    ] {
        let said = site.fails(2, command, args);
        assert!(said.contains("out/shards"), "{said}");
        assert!(
            said.contains("wakemill plan") && said.contains("does this host see"),
            "{said}"
        );
    }
    assert!(!site.path("out").exists());
}

//! What can go wrong: each line of the table, through the program.

use std::fs::{self, File};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::{Site, assert_same, flip};

/// What `merge` says of shards that are not whole, with nothing made.
#[track_caller]
fn merge_refuses(site: &Site, says: &[&str]) {
    let said = site.fails(2, "merge", &[]);
    for text in says {
        assert!(said.contains(text), "'{text}' is not in:\n{said}");
    }
    site.nothing_is_made();
}

#[test]
fn a_locked_shard_is_waited_for() {
    let site = Site::pipeline(4, "");
    site.plan(2);
    site.build(0, 2);
    let folder = site.shard(1, 2);
    fs::create_dir_all(&folder).unwrap();
    let lock = File::create(folder.join(".wakemill.lock")).unwrap();
    lock.lock().unwrap();
    let said = site.fails(1, "run", &["--shard", "1/2", "--wait", "0.3"]);
    assert!(said.contains("waiting for it to end"), "{said}");
    assert!(
        said.contains("error: another wakemill is at work in"),
        "{said}"
    );
    let waiting = site.start(1, 2);
    std::thread::sleep(std::time::Duration::from_millis(700));
    drop(lock);
    assert!(waiting.wait_with_output().unwrap().status.success());
    // What is whole needs no lock.
    let lock = File::create(folder.join(".wakemill.lock")).unwrap();
    lock.lock().unwrap();
    site.does("run", &["--shard", "1/2", "--wait", "0"]);
    // Nor does the merge; but two at once would write one file.
    let lock = File::create(site.output(".wakemill.lock")).unwrap();
    lock.lock().unwrap();
    let said = site.fails(1, "merge", &[]);
    assert!(said.contains("another wakemill is at work"), "{said}");
    drop(lock);
    site.does("merge", &[]);
}

#[test]
fn shards_that_are_not_whole_are_all_named_before_anything_is_written() {
    let site = Site::pipeline(16, "");
    let expected = site.one_machine();
    site.plan(8);
    for index in [0, 1, 3, 4, 7] {
        site.build(index, 8);
    }
    // Missing: 2 and 5; unfinished: 6; doubled: 3 lies in the place of 1; another
    // build's: 7; without a file: 4.
    fs::create_dir_all(site.shard(6, 8)).unwrap();
    fs::write(site.shard(6, 8).join("build.journal"), "").unwrap();
    fs::remove_dir_all(site.shard(1, 8)).unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .args([site.shard(3, 8), site.shard(1, 8)])
        .status();
    assert!(copied.unwrap().success());
    edit(&site.shard(7, 8).join("shard.json"), |shard| {
        shard["configuration"]["seed"] = json!(9)
    });
    edit(&site.shard(7, 8).join("shard.json"), |shard| {
        shard["fingerprint"] = json!("0")
    });
    fs::remove_file(site.shard(4, 8).join("rows.jsonl")).unwrap();
    merge_refuses(
        &site,
        &[
            "6 of 8 shards are not whole",
            "shard 1/8: foreign: it is shard 3/8",
            "shard 2/8: missing",
            "shard 4/8: damaged: it has lost rows.jsonl",
            "shard 5/8: missing",
            "shard 6/8: unfinished",
            "shard 7/8: foreign: it was made from something else: configuration.seed is 3, was 9",
        ],
    );
    let said = site.fails(2, "merge", &[]);
    assert!(said.trim_end().ends_with("run again: 1-2,4-7"), "{said}");
    let (status, whole) = site.status();
    assert!(!whole);
    assert_eq!(status["of"], 8);
    assert_eq!(status["whole"], json!([0, 3]));
    assert_eq!(status["again"], "1-2,4-7");
    let states: Vec<_> = status["shards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|shard| shard["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        states,
        [
            "foreign",
            "missing",
            "damaged",
            "missing",
            "unfinished",
            "foreign"
        ]
    );
    // What is foreign is refused by `run` too, and what is damaged started over.
    for index in [1, 7] {
        let said = site.fails(2, "run", &["--shard", &format!("{index}/8")]);
        assert!(
            said.contains(&format!("shard {index}/8")) && said.contains("--overwrite"),
            "{said}"
        );
        site.does("run", &["--shard", &format!("{index}/8"), "--overwrite"]);
    }
    let said = site.build(4, 8);
    assert!(
        said.contains("shard 4/8 is damaged, and started over: it has lost rows.jsonl"),
        "{said}"
    );
    for index in [2, 5, 6] {
        site.build(index, 8);
    }
    let features = fs::read_dir(site.shard(3, 8))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let features = features
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "npy"))
        .unwrap();
    let length = fs::metadata(&features).unwrap().len();
    File::options()
        .write(true)
        .open(&features)
        .unwrap()
        .set_len(length - 1)
        .unwrap();
    merge_refuses(&site, &["shard 3/8: damaged", "bytes"]);
    assert!(site.build(3, 8).contains("started over"));
    assert!(site.status().1);
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "mended");
    // Other shards would make another data set: what is there is not replaced.
    edit(&site.output("dataset.json"), |dataset| {
        dataset["fingerprint"] = json!("0")
    });
    let said = site.fails(2, "merge", &[]);
    assert!(
        said.contains("another data set") && said.contains("--overwrite"),
        "{said}"
    );
    site.does("merge", &["--overwrite"]);
    assert_same(&site.made(), &expected, "replaced");
}

#[test]
fn what_is_replaced_is_there_until_the_merge_is_whole() {
    let site = Site::pipeline(8, "");
    let (expected, other) = (site.one_machine(), ["--set", "seed=7"]);
    site.does("run", &other);
    let before = site.made();
    site.plan(2);
    site.build_all(2);
    flip(&site.shard(1, 2).join("other.npy"), 5000);
    let said = site.fails(2, "merge", &["--overwrite"]);
    assert!(said.contains("shard 1/2: damaged"), "{said}");
    assert_same(&site.made(), &before, "after damage");
    site.does("run", &other);
    site.does("run", &["--shard", "1/2", "--overwrite"]);
    // Killed anywhere, there is the one or the other, or the same command makes it.
    for moment in 0..12 {
        let merging = site.command("merge", &["--overwrite"]);
        let mut merging = { merging }
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(2 * moment));
        merging.kill().unwrap();
        merging.wait().unwrap();
        if site.output("dataset.json").exists() {
            let made = site.made();
            let which = if made == before { &before } else { &expected };
            assert_same(&made, which, "killed");
        }
    }
    site.does("merge", &["--overwrite"]);
    assert_same(&site.made(), &expected, "replaced");
    let left = fs::read_dir(site.output("")).unwrap();
    let partial = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".partial");
    assert!(
        !left
            .map(|entry| entry.unwrap().file_name())
            .any(|name| partial(&name))
    );
}

#[test]
fn a_changed_byte_is_found_while_copying_and_nothing_is_left() {
    let site = Site::pipeline(8, "");
    let expected = site.one_machine();
    site.plan(4);
    site.build_all(4);
    for (index, name, at) in [
        (0, "wake.npy", 5000),
        (1, "rows.jsonl", 90),
        (2, "rows.jsonl", 24),
        (0, "wake.npy", 70),
    ] {
        flip(&site.shard(index, 4).join(name), at);
        let shard = format!("shard {index}/4: damaged: {name} is not what was written");
        merge_refuses(&site, &[&shard, &format!("run again: {index}")]);
        let names: Vec<_> = fs::read_dir(site.output(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
        site.does("run", &["--shard", &format!("{index}/4"), "--overwrite"]);
    }
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "mended");
}

#[test]
fn shards_of_different_platforms_are_named() {
    let site = Site::pipeline(6, "");
    site.plan(3);
    site.build_all(3);
    // As a machine without AVX2 would have made it.
    let plan = read(&site.output("shards/plan.json"));
    edit(&site.shard(1, 3).join("shard.json"), |shard| {
        shard["platform"] = json!("x86_64 linux gnu SSE4.1");
        shard["fingerprint"] = json!(fingerprint(shard, &plan));
    });
    merge_refuses(
        &site,
        &[
            "shard 1/3: foreign: it was built on platform 'x86_64 linux gnu SSE4.1'",
            &format!(
                "most shards on platform '{}'",
                plan["platform"].as_str().unwrap()
            ),
            "run again: 1",
        ],
    );
    // A planner of another platform is told of.
    edit(&site.output("shards/plan.json"), |plan| {
        plan["platform"] = json!("sparc")
    });
    let said = site.build(0, 3);
    assert!(
        said.contains("platform") && said.contains("'sparc'"),
        "{said}"
    );
}

/// The fingerprint of what a shard says that it was made from.
fn fingerprint(shard: &Value, plan: &Value) -> String {
    let report = &shard["front_end"];
    let networks = json!({
        "backend": report["backend"],
        "strategy": report["strategy"],
        "provider": report["provider"],
        "runtime": report["runtime"]["version"],
        "mel_sha256": report["mel_sha256"],
        "embedding_sha256": report["embedding_sha256"],
    });
    let text = |key: &str| shard[key].as_str().unwrap().to_owned();
    let parts = [
        text("wakemill"),
        text("platform"),
        shard["configuration"].to_string(),
        networks.to_string(),
        plan["inputs"].as_str().unwrap().to_owned(),
    ];
    let mut hash = Sha256::new();
    parts
        .iter()
        .for_each(|part| hash.update(Sha256::digest(part)));
    hash.finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn clips_left_out_are_added_up() {
    let skip = "[failures]\npolicy = \"skip\"\nmax_rate = 0.2\n";
    let site = Site::pipeline(10, skip);
    // Two of ten may be left out by each shard, and by all together.
    for name in [
        "wake/000.wav",
        "wake/001.wav",
        "wake/010.wav",
        "other/011.wav",
    ] {
        fs::write(site.path(name), "no audio").unwrap();
    }
    site.plan(2);
    site.build_all(2);
    let said = site.fails(1, "merge", &[]);
    assert!(
        said.contains("clips left out, more than failures.max_rate allows (2)"),
        "{said}"
    );
    site.nothing_is_made();
    site.does("merge", &["--set", "failures.max_rate=0.9"]);
    // Under `stop` the shard of a bad clip stops and names it, and no other does.
    site.clear();
    site.does(
        "plan",
        &[
            "--shards",
            "4",
            "--overwrite",
            "--set",
            "failures.policy=stop",
        ],
    );
    let said = site.fails(
        1,
        "run",
        &["--shard", "0/4", "--set", "failures.policy=stop"],
    );
    assert!(
        said.contains("000.wav") && said.contains("decode"),
        "{said}"
    );
    site.does("run", &["--shard", "1/4", "--set", "failures.policy=stop"]);
}

fn read(path: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn edit(path: &std::path::Path, change: impl FnOnce(&mut Value)) {
    let mut value = read(path);
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}

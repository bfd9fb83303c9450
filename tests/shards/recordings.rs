//! What differs where recordings are built as shards.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::sounds::tone;
use super::support::{PROGRAM, Site, assert_same, errors, flip};

/// How loud recordings are over time, by the report.
fn levels(site: &Site) -> Vec<String> {
    let report = fs::read_to_string(site.output("report.html")).unwrap();
    let mut levels: Vec<_> = report
        .split("<div class=\"level\">")
        .skip(1)
        .map(|level| level.split("</svg>").next().unwrap().to_owned())
        .collect();
    levels.sort();
    levels
}

#[test]
fn a_block_is_the_smallest_part_of_a_shard_and_that_is_said() {
    let site = Site::few_recordings();
    site.does("run", &[]);
    let (expected, loud) = (site.made(), levels(&site));
    site.clear();
    let said = site.does("plan", &["--shards", "6"]);
    for text in [
        "3 of 6 shards have nothing to build",
        "1024 together",
        "split 'a' has 4 recordings, so 1",
        "split 'b' has 3 recordings, so 1",
    ] {
        assert!(said.contains(text), "'{text}' is not in:\n{said}");
    }
    site.build_all(6);
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "6 shards");
    assert!(loud.len() > 3, "{loud:?}");
    assert_eq!(levels(&site), loud, "how loud recordings are");
    // With a block for each, nothing is said.
    site.clear();
    let said = site.does("plan", &["--shards", "1", "--overwrite"]);
    assert!(!said.contains("nothing to build"), "{said}");
}

#[test]
fn in_parts_the_index_is_one_file() {
    let site = Site::few_recordings();
    let expected = site.one_machine();
    site.plan(3);
    site.build_all(3);
    site.does("merge", &["--parts"]);
    let made = site.made();
    for name in ["b.index.npy", "recordings.jsonl", "quarantine.jsonl"] {
        assert!(made[name] == expected[name], "{name}");
    }
    assert!(!made.contains_key("b.npy"));
    let inspect = |name: &str, args: &[&str]| {
        let mut inspect = Command::new(PROGRAM);
        inspect.arg("inspect").arg(site.output(name)).args(args);
        inspect.output().unwrap()
    };
    assert!(inspect("", &["--verify"]).status.success());
    let mut names = made.keys().filter(|name| name.starts_with("b-"));
    let part = names.next().unwrap();
    for name in ["b.npy", part] {
        let row = inspect(name, &["--row", "2", "--json"]).stdout;
        let row: Value = serde_json::from_slice(&row).unwrap();
        assert_eq!(
            (&row["recording"], &row["row"]),
            (&json!("b/0.wav@1.28-5"), &json!(0))
        );
    }
    site.does("run", &[]);
}

#[test]
fn what_changed_is_named_by_the_shards_that_need_it() {
    let site = Site::few_recordings();
    let expected = site.one_machine();
    site.plan(3);
    // The block of a shard is that of a split.
    let shard = |name: &str| {
        let has = |index: &usize| {
            let text = fs::read_to_string(site.output(&format!("shards/clips/{index:05}")));
            text.unwrap().contains(name)
        };
        (0..3).find(has).unwrap()
    };
    let one = format!("{}/3", shard("\"2.wav\""));
    let other = format!("{}/3", shard("b/1.wav"));
    // What is left out was written down.
    fs::write(site.path("without.txt"), "b/1.wav\t5\t7.5\n").unwrap();
    site.build_all(3);
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "as planned");
    let said = site.fails(2, "run", &[]);
    assert!(said.contains("what split 'b' excludes"), "{said}");
    // Keys of recordings are named with both values.
    let said = site.fails(
        2,
        "run",
        &["--shard", &one, "--set", "split.0.interleave=4"],
    );
    assert!(
        said.contains("interleave is 4, was 16") && said.contains("configuration.splits.0"),
        "{said}"
    );
    let said = site.fails(2, "plan", &["--shards", "3"]);
    assert!(said.contains("what split 'b' excludes"), "{said}");
    site.does("plan", &["--shards", "3", "--overwrite"]);
    tone(&site.path("b/0.wav"), 1, 16_000, 51_000);
    let said = site.fails(2, "run", &["--shard", &other]);
    assert!(
        said.contains(&format!("shard {other}: b/0.wav@0-3.5 is not as it was")),
        "{said}"
    );
    site.does("run", &["--shard", &one]);
}

#[test]
fn a_changed_or_lost_index_or_list_of_recordings_is_found() {
    let site = Site::few_recordings();
    let expected = site.one_machine();
    site.plan(2);
    site.build_all(2);
    let shards = [0, 1].map(|index| site.shard(index, 2));
    for name in ["recordings.jsonl", "c.index.npy"] {
        let has = |folder: &&std::path::PathBuf| folder.join(name).exists();
        let index = shards.iter().position(|folder| has(&folder)).unwrap();
        let (shard, file) = (format!("{index}/2"), shards[index].join(name));
        flip(&file, 130);
        let said = site.fails(2, "merge", &[]);
        let named = format!("shard {shard}: damaged: {name} is not what was written");
        assert!(said.contains(&named), "{said}");
        site.nothing_is_made();
        site.does("run", &["--shard", &shard, "--overwrite"]);
        fs::remove_file(&file).unwrap();
        let said = site.fails(2, "merge", &[]);
        assert!(
            said.contains(&format!("damaged: it has lost {name}")),
            "{said}"
        );
        assert!(site.build(index, 2).contains("started over"));
    }
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "mended");
}

#[test]
fn broken_recordings_are_added_up_and_under_stop_stop_their_shard() {
    let site = Site::few_recordings();
    fs::write(site.path("c/bad.wav"), "").unwrap();
    let plan = |args: &[&str]| {
        let all = [&["--shards", "3", "--overwrite"], args].concat();
        site.does("plan", &all);
    };
    // One of eleven may be left out by each shard, and by all together.
    let rate = ["--set", "failures.max_rate=0.1"];
    plan(&rate);
    for index in 0..3 {
        site.does(
            "run",
            &[&["--shard", &format!("{index}/3")], &rate[..]].concat(),
        );
    }
    let said = site.fails(1, "merge", &rate);
    assert!(said.contains("2 clips left out, more than"), "{said}");
    site.nothing_is_made();
    site.does("merge", &[]);
    site.clear();
    let stop = ["--set", "failures.policy=stop"];
    plan(&stop);
    let ended: Vec<_> = (0..3)
        .map(|index| {
            let run = site.try_to(
                "run",
                &[&["--shard", &format!("{index}/3")], &stop[..]].concat(),
            );
            (run.status.code().unwrap(), errors(&run))
        })
        .collect();
    for (index, (code, said)) in ended.iter().enumerate() {
        // Two of the three have the bad one of their split.
        let bad = fs::read_to_string(site.output(&format!("shards/clips/{index:05}"))).unwrap();
        let bad = bad.contains("bad.wav");
        assert_eq!(*code, i32::from(bad), "{said}");
        assert_eq!(said.contains("clip 'bad.wav'"), bad, "{said}");
    }
}

#[test]
fn a_shard_goes_on_within_a_recording() {
    let site = Site::few_recordings();
    tone(&site.path("c/0.wav"), 5, 16_000, 16_000 * 400);
    let expected = site.one_machine();
    site.plan(1);
    let args = ["--shard", "0/1", "--cores", "1"];
    let mut run = site.command("run", &args);
    let mut run = run.stderr(Stdio::null()).spawn().unwrap();
    let rows = site.shard(0, 1).join("c.npy.partial");
    let committed = || {
        let journal = fs::read_to_string(site.shard(0, 1).join("build.journal"));
        journal.is_ok_and(|text| text.contains("\"open\":{\"recording\":0,\"rows\":16"))
    };
    while !committed() {
        assert!(run.try_wait().unwrap().is_none(), "it was too fast");
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(rows.exists());
    site.build(0, 1);
    let manifest = fs::read_to_string(site.shard(0, 1).join("shard.json")).unwrap();
    assert!(!manifest.contains("\"rows_resumed\": 0,"), "{manifest}");
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "killed");
}

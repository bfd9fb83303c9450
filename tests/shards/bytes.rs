//! Any number of shards, in any order, on any number of workers, killed and run
//! twice, merge to the bytes of one machine.

use std::collections::VecDeque;
use std::fs;
use std::process::{Child, Command};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::support::{Made, Site, assert_same};

/// Waits so long, and kills the process if it is still there.
fn kill_after(mut child: Child, moment: Duration) {
    thread::sleep(moment);
    let _ = child.kill();
    child.wait().unwrap();
}

/// A worker: takes shards until there are none, and is killed within some.
fn work(site: &Site, of: usize, shards: &Mutex<VecDeque<(usize, u64)>>) {
    loop {
        let next = shards.lock().unwrap().pop_front();
        let Some((index, fate)) = next else {
            return;
        };
        let moment = Duration::from_millis(fate / 8 % 250);
        match fate % 8 {
            0 | 1 => kill_after(site.start(index, of), moment),
            // Twice at once: one waits for the other.
            2 => {
                let mut twin = site.start(index, of);
                site.build(index, of);
                assert!(twin.wait().unwrap().success());
            }
            // Of two at once one is killed.
            3 => {
                let twin = site.start(index, of);
                let other = site.start(index, of);
                kill_after(twin, moment);
                assert!(other.wait_with_output().unwrap().status.success());
            }
            _ => {}
        }
        site.build(index, of);
        if fate % 8 == 4 {
            let manifest = site.shard(index, of).join("shard.json");
            let built = fs::read(&manifest).unwrap();
            site.build(index, of);
            assert!(fs::read(&manifest).unwrap() == built, "built again");
        }
    }
}

/// Plans, builds and merges in `of` shards.
#[track_caller]
fn in_shards(site: &Site, of: usize, random: &mut TestRng, expected: &Made) {
    site.does("plan", &["--shards", &of.to_string(), "--overwrite"]);
    let mut shards: Vec<_> = (0..of).map(|index| (index, random.next_u64())).collect();
    shards.sort_by_key(|(_, fate)| fate.rotate_left(32));
    let shards = Mutex::new(VecDeque::from(shards));
    let workers = 1 + random.next_u64() % 4;
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(site, of, &shards));
        }
    });
    // The first may be killed.
    let merging = site
        .command("merge", &[])
        .stderr(std::process::Stdio::null())
        .spawn();
    kill_after(
        merging.unwrap(),
        Duration::from_millis(random.next_u64() % 100),
    );
    site.does("merge", &[]);
    assert_same(&site.made(), expected, &format!("{of} shards"));
    site.does("run", &[]);
    let verify = Command::new(super::support::PROGRAM)
        .args(["inspect", "--verify"])
        .arg(site.output(""))
        .output();
    assert!(verify.unwrap().status.success());
    site.clear();
}

fn random(seed: u8) -> TestRng {
    TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32])
}

#[test]
fn shards_of_a_livekit_yaml_merge_to_the_bytes_of_one_machine() {
    let site = Site::livekit();
    let expected = site.one_machine();
    for (of, seed) in [(7, 1), (17, 2)] {
        in_shards(&site, of, &mut random(seed), &expected);
    }
}

#[test]
fn shards_with_clips_that_fail_merge_to_the_bytes_of_one_machine() {
    let skip = "[failures]\npolicy = \"skip\"\nmax_rate = 0.5\n";
    let site = Site::pipeline(20, skip);
    for name in ["wake/000x.wav", "wake/015x.wav", "other/001x.wav"] {
        fs::write(site.path(name), "no audio").unwrap();
    }
    std::os::unix::fs::symlink("nowhere", site.path("other/999.wav")).unwrap();
    let expected = site.one_machine();
    assert_eq!(
        expected["quarantine.jsonl"]
            .iter()
            .filter(|b| **b == b'\n')
            .count(),
        4
    );
    for (of, seed) in [(1, 3), (9, 4), (40, 5)] {
        in_shards(&site, of, &mut random(seed), &expected);
    }
}

#[test]
fn shards_of_an_openwakeword_yaml_merge_to_the_bytes_of_one_machine() {
    let site = Site::openwakeword();
    let expected = site.one_machine();
    for (of, seed) in [(3, 6), (11, 7)] {
        in_shards(&site, of, &mut random(seed), &expected);
    }
}

#[test]
fn shards_of_recordings_merge_to_the_bytes_of_one_machine() {
    let site = Site::recordings();
    let expected = site.one_machine();
    let lines = expected["recordings.jsonl"].split(|byte| *byte == b'\n');
    assert_eq!(lines.count() - 1, 1100 + 1030 + 3);
    assert!(expected["short.index.npy"].len() > 128 + 8 * 150);
    in_shards(&site, 9, &mut random(9), &expected);
}

#[test]
fn hosts_may_mount_a_project_in_different_places() {
    let skip = "[failures]\npolicy = \"skip\"\nmax_rate = 0.5\n";
    let clips = Site::pipeline(6, skip);
    fs::write(clips.path("wake/000x.wav"), "no audio").unwrap();
    mounted_in_two_places(&clips);
    mounted_in_two_places(&Site::few_recordings());
}

#[track_caller]
fn mounted_in_two_places(site: &Site) {
    let expected = site.one_machine();
    site.plan(2);
    let elsewhere = tempfile::tempdir().unwrap();
    let copied = Command::new("cp")
        .arg("-a")
        .arg(site.path(""))
        .arg(elsewhere.path())
        .status();
    assert!(copied.unwrap().success());
    let project = elsewhere.path().join(site.path("").file_name().unwrap());
    let run = |shard: &str| {
        let mut run = Command::new(super::support::PROGRAM);
        run.arg("run")
            .arg(project.join("pipeline.toml"))
            .args(["--shard", shard]);
        let run = run.output().unwrap();
        assert!(run.status.success(), "{}", super::support::errors(&run));
    };
    run("0/2");
    run("1/2");
    let moved = fs::rename(project.join("out/shards/00000-of-00002"), site.shard(0, 2));
    moved.unwrap();
    site.build(1, 2);
    site.does("merge", &[]);
    assert_same(&site.made(), &expected, "mounted elsewhere");
}

#[test]
#[ignore = "a soak of minutes: run it with --ignored"]
fn any_number_of_shards() {
    let sites = [
        Site::livekit(),
        Site::openwakeword(),
        Site::pipeline(30, ""),
        Site::recordings(),
    ];
    let mut random = random(8);
    for site in &sites {
        let expected = site.one_machine();
        for _ in 0..12 {
            let of = 1 + random.next_u64() as usize % 40;
            in_shards(site, of, &mut random, &expected);
        }
    }
}

#[test]
fn a_shard_may_be_built_in_another_place_and_from_another_folder() {
    let site = Site::pipeline(12, "");
    let expected = site.one_machine();
    site.plan(3);
    site.build(0, 3);
    // From another working directory, on other processors, with other batches.
    let mut elsewhere = site.command(
        "run",
        &[
            "--shard",
            "1/3",
            "--cores",
            "1",
            "--set",
            "flow.batch=1",
            "--set",
            "failures.policy=skip",
        ],
    );
    let elsewhere = elsewhere.current_dir("/").output().unwrap();
    assert!(elsewhere.status.success());
    // Into another output, where the plan was copied to.
    let local = tempfile::tempdir().unwrap();
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        let copied = Command::new("cp").arg("-a").args([from, to]).status();
        assert!(copied.unwrap().success());
    };
    copy(&site.output("shards"), &local.path().join("shards"));
    let output = format!("output={}", local.path().display());
    site.does("run", &["--shard", "2/3", "--set", &output]);
    assert!(!site.shard(2, 3).exists());
    copy(
        &local.path().join("shards/00002-of-00003"),
        &site.shard(2, 3),
    );
    site.does("merge", &["--remove-shards"]);
    assert!(site.output("report.html").is_file());
    assert_same(&site.made(), &expected, "elsewhere");
    assert!(!site.output("shards").exists());
    // A late retry builds nothing.
    for args in [&["--shard", "1/3"][..], &[]] {
        let command = if args.is_empty() { "merge" } else { "run" };
        site.does(command, args);
    }
    assert!(!site.output("shards").exists());
    let said = site.does("plan", &["--shards", "3"]);
    assert!(said.contains("up to date"), "{said}");
    assert!(!site.output("shards").exists());
    assert!(site.does("merge", &["--status"]).is_empty());
    let (status, whole) = site.status();
    assert!(whole && status["of"] == 3, "{status}");
    assert_eq!(status["whole"], serde_json::json!([0, 1, 2]));
    // But of another configuration there is no plan.
    let said = site.fails(2, "run", &["--shard", "1/3", "--set", "seed=9"]);
    assert!(said.contains("no plan"), "{said}");
}

#[test]
fn parts_are_the_shards_files_and_read_as_one() {
    let site = Site::livekit();
    let expected = site.one_machine();
    site.plan(4);
    site.build_all(4);
    // Killed while it renames, it begins again.
    fs::rename(
        site.shard(1, 4).join("negative_features_train.npy"),
        site.output("negative_features_train-00001-of-00004.npy"),
    )
    .unwrap();
    fs::write(site.output("build.journal"), "").unwrap();
    site.does("merge", &["--parts"]);
    assert!(!site.output("shards").exists());
    let made = site.made();
    assert!(!made.contains_key("negative_features_train.npy"));
    for name in ["rows.jsonl", "quarantine.jsonl", "dataset.json fingerprint"] {
        assert!(made[name] == expected[name], "{name}");
    }
    let header = 128;
    let mut joined = expected["negative_features_train.npy"][..header].to_vec();
    for index in 0..4 {
        let part = format!("negative_features_train-{index:05}-of-00004.npy");
        if let Some(part) = made.get(&part) {
            joined.extend(&part[header..]);
        }
    }
    assert!(joined == expected["negative_features_train.npy"]);
    let inspect = |args: &[&str]| {
        let mut inspect = Command::new(super::support::PROGRAM);
        inspect
            .arg("inspect")
            .arg(site.output(""))
            .args(args)
            .output()
            .unwrap()
    };
    let facts: serde_json::Value =
        serde_json::from_slice(&inspect(&["--json", "--verify"]).stdout).unwrap();
    let split = &facts["splits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|split| split["name"] == "negative_train")
        .unwrap();
    assert_eq!(split["rows"], 16);
    assert_eq!(split["shape"], serde_json::json!([16, 16, 96]));
    site.does("run", &[]);
    super::support::flip(
        &site.output("negative_features_train-00001-of-00004.npy"),
        300,
    );
    assert_eq!(inspect(&["--verify"]).status.code(), Some(1));
}

//! A full disk, a permission lost, a file that vanishes, a file that errs.
//!
//! Some of this needs rights that a machine may not give: what was not run says
//! so on standard error.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use super::input::{SKIP, quarantine};
use super::support::{Case, PROGRAM, assert_same, errors};

fn not_run(what: &str, why: &str) {
    eprintln!("NOT RUN: {what}: {why}");
}

fn shell(script: &str, arguments: &[&Path]) -> Output {
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-euc", script, "sh"])
        .args(arguments);
    command.output().unwrap()
}

#[test]
fn a_full_disk_stops_the_build_and_room_lets_it_go_on() {
    let case = Case::new(60);
    let expected = case.build("whole", &[]);
    let (disk, copy) = (case.path("disk/x"), case.path("copy"));
    let disk = disk.parent().unwrap();
    // A file system of its own, seen by nobody else and gone with the shell.
    let probe = shell("mount -t tmpfs -o size=300k tmpfs \"$1\"", &[disk]);
    if !probe.status.success() {
        return not_run("a full disk", &errors(&probe));
    }
    let script = r#"
        mount -t tmpfs -o size=300k tmpfs "$1"
        build() { "$2" run "$3" --set "output=$1/out" --progress none "$4"; }
        code=0
        build "$1" "$2" "$3" --resume || code=$?
        echo "stopped with $code"
        mount -o remount,size=9m "$1"
        build "$1" "$2" "$3" --resume
        cp -r "$1/out" "$4"
    "#;
    let pipeline = case.path("pipeline.toml");
    let run = shell(script, &[disk, Path::new(PROGRAM), &pipeline, &copy]);
    let said = errors(&run);
    assert!(run.status.success(), "{said}");
    assert_eq!(String::from_utf8_lossy(&run.stdout), "stopped with 1\n");
    for hint in [
        "disk is full",
        "KiB more",
        ".partial",
        "--resume",
        "are kept",
    ] {
        assert!(said.contains(hint), "'{hint}' is not in: {said}");
    }
    assert_same(&case.files("copy"), &expected, "after room was made");
}

#[test]
fn a_permission_that_is_lost_stops_the_build_and_its_return_lets_it_go_on() {
    let case = Case::new(40);
    let expected = case.build("whole", &[]);
    // Root may write anywhere: give that up.
    let drop_rights = ["--inh-caps=-all", "--bounding-set=-all"];
    let arguments = case.command("out", &[]);
    let arguments: Vec<_> = arguments.get_args().collect();
    let out = case.path("out");
    fs::create_dir_all(&out).unwrap();
    let probe = Command::new("setpriv")
        .args(drop_rights)
        .args(["touch", "no/such/folder"])
        .output();
    if !probe.is_ok_and(|probe| errors(&probe).contains("touch")) {
        return not_run(
            "a permission that is lost",
            "no setpriv with rights to drop",
        );
    }
    let run = Command::new("setpriv")
        .args(drop_rights)
        .arg(PROGRAM)
        .args(&arguments)
        .args(["--set", "flow.in_flight=1"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !out.join("quarantine.jsonl.partial").exists() {
        thread::sleep(Duration::from_millis(1));
    }
    // All files are open; their final names cannot be given.
    set_mode(&out, 0o555);
    let run = run.wait_with_output().unwrap();
    set_mode(&out, 0o755);
    let said = errors(&run);
    assert_eq!(run.status.code(), Some(1), "{said}");
    for hint in ["rows.jsonl", "ermission", "40 of 40 clips are kept"] {
        assert!(said.contains(hint), "'{hint}' is not in: {said}");
    }
    assert_same(
        &case.build("out", &["--resume"]),
        &expected,
        "allowed again",
    );
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_clip_that_vanishes_stops_the_build_and_its_return_lets_it_go_on() {
    let case = Case::new(60);
    let expected = case.build("whole", &[]);
    let (there, away) = (case.path("other/059.wav"), case.path("away.wav"));
    let vanish = |output: &str, args: &[&str]| {
        let run = case
            .command(output, &[&["--set", "flow.in_flight=1"], args].concat())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        while !case.path(output).join("wake.npy.partial").exists() {
            thread::sleep(Duration::from_millis(1));
        }
        fs::rename(&there, &away).unwrap();
        run.wait_with_output().unwrap()
    };
    let run = vanish("out", &[]);
    let said = errors(&run);
    assert_eq!(run.status.code(), Some(1), "{said}");
    for hint in [
        "059.wav",
        "No such file",
        "59 of 60 clips are kept",
        "--resume",
    ] {
        assert!(said.contains(hint), "'{hint}' is not in: {said}");
    }
    let refused = case.run("out", &["--resume"]);
    assert_eq!(refused.status.code(), Some(2), "{}", errors(&refused));
    fs::rename(&away, &there).unwrap();
    assert_same(&case.build("out", &["--resume"]), &expected, "back");

    let run = vanish("skipped", &SKIP);
    assert!(run.status.success(), "{}", errors(&run));
    let left_out = quarantine(&case, "skipped");
    assert_eq!(left_out.len(), 1);
    assert_eq!(left_out[0]["clip"], "059.wav");
    assert_eq!(left_out[0]["stage"], "decode");
    assert!(case.files("skipped")["wake.npy"] == expected["wake.npy"]);
}

/// A regular file with a length whose content cannot be read, whoever asks.
fn failing_file() -> Option<PathBuf> {
    let places = fs::read_dir("/sys/class/net").ok()?;
    let files = places.flat_map(|place| {
        let place = place.ok().map(|place| place.path());
        let names = ["speed", "duplex", "phys_switch_id", "phys_port_id"];
        place
            .into_iter()
            .flat_map(move |place| names.map(|name| place.join(name)))
    });
    let mut files = files.filter(|file| fs::metadata(file).is_ok_and(|file| file.len() > 0));
    files.find(|file| fs::File::open(file).is_ok() && fs::read(file).is_err())
}

#[test]
fn a_read_error_is_that_of_the_clip() {
    let Some(failing) = failing_file() else {
        return not_run("read errors", "no file here that fails to be read");
    };
    let case = Case::new(6);
    std::os::unix::fs::symlink(&failing, case.path("wake/0015.wav")).unwrap();
    let stopped = case.run("out", &[]);
    let said = errors(&stopped);
    assert_eq!(stopped.status.code(), Some(1), "{said}");
    assert!(
        said.contains("0015.wav") && said.contains("cannot read"),
        "{said}"
    );
    assert!(said.contains("2 of 7 clips are kept"), "{said}");
    let skip = [
        "--resume",
        "--set",
        "failures.policy=skip",
        "--set",
        "failures.max_rate=1",
    ];
    case.build("out", &skip);
    assert_eq!(case.dataset("out")["splits"][0]["left_out"], 1);
}

#[test]
fn a_disk_that_is_full_for_wavs_is_no_fault_of_the_clip() {
    let case = Case::new(9);
    for split in ["wake", "other"] {
        for entry in fs::read_dir(case.path(split)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("clip_000{}", path.file_name().unwrap().to_str().unwrap());
            fs::rename(&path, path.with_file_name(name)).unwrap();
        }
    }
    let script = r#"
        mkdir "$1/full"
        mount -t tmpfs -o size=400k tmpfs "$1/full"
        cp "$1"/wake/*.wav "$1/full"
        "$2" run "$1/pipeline.toml" --set output_files.wavs=true \
            --set split.0.input="$1/full" --set failures.policy=skip \
            --set failures.max_rate=1 --progress none
    "#;
    let folder = case.path("pipeline.toml");
    let folder = folder.parent().unwrap();
    let probe = shell("mount -t tmpfs tmpfs \"$1\"", &[folder]);
    if !probe.status.success() {
        return not_run("a full disk for WAVs", &errors(&probe));
    }
    let run = shell(script, &[folder, Path::new(PROGRAM)]);
    let said = errors(&run);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("disk is full") && said.contains("_r"),
        "{said}"
    );
}

#[test]
fn a_limit_on_file_sizes_stops_the_build_and_is_named() {
    let case = Case::new(40);
    let expected = case.build("whole", &[]);
    let out = case.path("out");
    // In blocks of 512 or 1024 bytes: less than the features take.
    let script = "ulimit -f 64; exec \"$0\" run \"$1\" --progress none --set \"output=$2\"";
    let run = Command::new("sh")
        .args(["-c", script, PROGRAM])
        .args([case.path("pipeline.toml"), out])
        .output()
        .unwrap();
    let said = errors(&run);
    assert_eq!(run.status.code(), Some(1), "{said}");
    for hint in ["ulimit -f", ".partial", "--resume", "are kept"] {
        assert!(said.contains(hint), "'{hint}' is not in: {said}");
    }
    assert_same(
        &case.build("out", &["--resume"]),
        &expected,
        "without a limit",
    );
}

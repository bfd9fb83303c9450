//! Recordings and clips that are members of tars.

use std::fs;
use std::process::{Command, Output};

use tar::Builder;

use super::support::{Case, PROGRAM, assert_same, errors};
use super::*;

/// Makes a tar of a folder's files beside it.
fn pack(case: &Case, folder: &str) -> String {
    let path = case.path(&format!("{folder}.tar"));
    let mut tar = Builder::new(fs::File::create(&path).unwrap());
    let files = fs::read_dir(case.path(folder)).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap()).collect();
    files.sort_by_key(|file| std::cmp::Reverse(file.file_name()));
    for file in files {
        tar.append_path_with_name(file.path(), file.file_name())
            .unwrap();
    }
    tar.finish().unwrap();
    path.display().to_string()
}

/// Rows of 0.8 s.
fn short(case: &Case, hop: f64) {
    let text = fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let text = text.replace("interleave = 3", "interleave = 5\nhop_seconds = HOP");
    let text = text.replace("HOP", &hop.to_string());
    let text = format!("{text}[audio]\nclip_seconds = 0.8\n[features]\ntimesteps = 1\n");
    case.write("pipeline.toml", text);
}

fn input(path: &str) -> [String; 2] {
    ["--set".to_owned(), format!("split.0.input={path}")]
}

fn wakemill(case: &Case, command: &str, output: &str, args: &[&str]) -> Output {
    let mut run = Command::new(PROGRAM);
    run.arg(command).arg(case.path("pipeline.toml"));
    let output = format!("output={}", case.path(output).display());
    run.args(["--set", &output]);
    run.args(args).output().unwrap()
}

#[track_caller]
fn shards(case: &Case, output: &str, args: &[&str]) {
    for (command, more) in [
        ("plan", ["--shards", "2"]),
        ("run", ["--shard", "0/2"]),
        ("run", ["--shard", "1/2"]),
        ("merge", ["--progress", "none"]),
    ] {
        let run = wakemill(case, command, output, &[args, &more].concat());
        assert!(run.status.success(), "{command}: {}", errors(&run));
    }
}

#[test]
fn recordings_in_a_tar_have_the_rows_of_files() {
    let case = recordings(&[4.0, 1.5, 3.0]);
    short(&case, 1.28);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/recordings");
    for name in ["16k.flac", "48k.opus"] {
        let bytes = fs::read(golden.join(name)).unwrap();
        case.write(&format!("rec/{name}"), bytes);
    }
    let expected = case.build("files", &[]);
    let tar = pack(&case, "rec");
    fs::rename(case.path("rec"), case.path("elsewhere")).unwrap();
    let set = input(&tar);
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let made = case.build("out", &set);
    for name in ["neg.npy", "neg.index.npy"] {
        assert!(made[name] == expected[name], "{name}");
    }
    let names = |of: &[u8]| String::from_utf8_lossy(of).replace("rec.tar/", "");
    assert_eq!(
        names(&made["recordings.jsonl"]),
        names(&expected["recordings.jsonl"])
    );

    // A row of a member is found and made again, and the report plays some.
    let inspect = |args: &[&str]| {
        let mut run = Command::new(PROGRAM);
        run.arg("inspect").arg(case.path("out/neg.npy"));
        let told = run.args(args).output().unwrap();
        String::from_utf8_lossy(&told.stdout).into_owned()
    };
    assert!(inspect(&["--row", "0"]).contains("rec.tar/00.wav"));
    let report = fs::read_to_string(case.path("out/report.html")).unwrap();
    assert!(report.contains("rec.tar/00.wav") && report.contains("<audio"));
    let row = case.path("row.wav").display().to_string();
    let which = [
        "--split",
        "neg",
        "--clip",
        "rec.tar/00.wav",
        "--row",
        "2",
        "-o",
        &row,
    ];
    let mut render = Command::new(PROGRAM);
    render.arg("render").arg(case.path("pipeline.toml"));
    let run = render.args(&set).args(which).output().unwrap();
    assert!(run.status.success(), "{}", errors(&run));
    let samples = &sound(0, 16_000, 4.0)[40_960..53_760];
    assert!(fs::read(row).unwrap() == wav(16_000, 1, samples));

    // Shards, which know where members lie.
    shards(&case, "shards", &set);
    let merged = |name: &str| fs::read(case.path("shards").join(name)).unwrap();
    for name in ["neg.npy", "neg.index.npy", "recordings.jsonl"] {
        assert!(merged(name) == made[name], "{name}");
    }

    // A tar that was written again is another.
    fs::rename(case.path("elsewhere"), case.path("rec")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    pack(&case, "rec");
    let run = case.run("out", &set);
    assert_eq!(run.status.code(), Some(2), "{}", errors(&run));
    assert!(
        errors(&run).contains("'rec.tar/00.wav' is the first with another name, size or time"),
        "{}",
        errors(&run)
    );
}

#[test]
fn a_build_goes_on_within_a_member() {
    let case = recordings(&[8.0, 8.0, 8.0]);
    let flac = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/recordings/16k.flac");
    case.write("rec/0.flac", fs::read(flac).unwrap());
    case.write("rec/0.wav", super::faults::with_nan(6, 4));
    short(&case, 0.16);
    let tar = pack(&case, "rec");
    let set = input(&tar);
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let stop = [&set[..], &["--set", "failures.policy=stop"]].concat();
    let stopped = case.run("out", &stop);
    assert_eq!(stopped.status.code(), Some(1), "{}", errors(&stopped));
    let journal = fs::read_to_string(case.path("out/build.journal")).unwrap();
    assert!(journal.lines().last().unwrap().matches("heard").count() >= 3);
    let resumed = case.build("out", &[&set[..], &["--resume"]].concat());
    assert_same(&resumed, &case.build("whole", &set), "resumed");
}

#[test]
fn clips_and_sounds_in_tars_have_the_rows_of_files() {
    let case = Case::new(6);
    let expected = case.build("files", &[]);
    let tars = ["wake", "other", "noise", "rooms"].map(|folder| pack(&case, folder));
    // A pattern within a tar leaves clips their names, by which they draw.
    let set = [
        format!("split.0.input={}/*.wav", tars[0]),
        format!("split.1.input={}/*.wav", tars[1]),
        format!("augment.backgrounds={}", tars[2]),
        format!("augment.rirs={}", tars[3]),
    ];
    for folder in ["wake", "other", "noise", "rooms"] {
        fs::remove_dir_all(case.path(folder)).unwrap();
    }
    let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let made = case.build("out", &set);
    shards(&case, "shards", &set);
    let merged = |name: &str| fs::read(case.path("shards").join(name)).unwrap();
    for name in ["wake.npy", "other.npy"] {
        assert!(made[name] == expected[name], "{name}");
        assert!(merged(name) == expected[name], "{name} of shards");
    }
    let rows = String::from_utf8_lossy(&made["rows.jsonl"]).into_owned();
    assert!(rows.contains("noise.tar/a.wav"), "{rows}");

    // A member that is no audio is a bad clip, and a sound is named.
    let mut tar = fs::OpenOptions::new().append(true).open(&tars[2]).unwrap();
    let mut more = Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    more.append_data(&mut header, "broken.wav", &b"text"[..])
        .unwrap();
    std::io::Write::write_all(&mut tar, &more.into_inner().unwrap()).unwrap();
    let run = case.run("bad", &set);
    assert_eq!(run.status.code(), Some(1), "{}", errors(&run));
    assert!(
        errors(&run).contains("noise.tar/broken.wav: not audio"),
        "{}",
        errors(&run)
    );
}

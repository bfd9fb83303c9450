//! The same bytes whatever builds them, and wherever it is interrupted.

use std::thread::sleep;
use std::time::Duration;

use super::support::assert_same;
use super::*;

const SECONDS: [f64; 9] = [31.0, 3.5, 12.0, 1.0, 44.0, 8.2, 2.0, 21.0, 17.7];

#[test]
fn the_same_bytes_whatever_workers_and_capacities() {
    let case = recordings(&SECONDS);
    let expected = case.build(
        "one",
        &[
            "--set",
            "stages.decode.workers=1",
            "--set",
            "flow.in_flight=1",
        ],
    );
    let sets: [&[&str]; 3] = [
        &[
            "stages.decode.workers=6",
            "flow.in_flight=20",
            "stages.mel.workers=3",
            "stages.embed.workers=3",
        ],
        &[
            "stages.decode.workers=2",
            "stages.decode.capacity=1",
            "flow.batch=1",
            "flow.in_flight=3",
        ],
        &[
            "stages.decode.workers=3",
            "flow.batch=64",
            "stages.embed.capacity=9",
            "flow.memory=8MiB",
        ],
    ];
    for (n, set) in sets.iter().enumerate() {
        let args: Vec<&str> = set.iter().flat_map(|set| ["--set", *set]).collect();
        assert_same(
            &case.build(&format!("out{n}"), &args),
            &expected,
            &set.join(" "),
        );
    }
}

#[test]
fn the_same_bytes_after_kills() {
    let case = recordings(&SECONDS);
    let expected = case.build("whole", &[]);
    let mut kills = 0;
    for attempt in 0..60_u64 {
        let mut run = case.command("killed", &["--resume"]).spawn().unwrap();
        sleep(Duration::from_millis(60 + attempt * 61 % 240));
        if let Some(status) = run.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
        kills += 1;
    }
    assert!(kills > 0);
    assert_same(&case.build("killed", &["--resume"]), &expected, "killed");
}

#[test]
fn clips_and_recordings_in_one_build_go_on_where_they_were() {
    let case = recordings(&[15.0, 9.0, 30.0]);
    for clip in 0..9 {
        case.write(
            &format!("wake/{clip}.wav"),
            wav(16_000, 1, &sound(clip, 16_000, 1.1)),
        );
    }
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let clips = |name: &str| format!("[[split]]\nname = '{name}'\ninput = 'wake'\n");
    let text = text.replacen("[[split]]", &format!("{}[[split]]", clips("before")), 1);
    case.write(
        "pipeline.toml",
        text.replacen("[augment]", &format!("{}[augment]", clips("after")), 1),
    );
    let expected = case.build("whole", &[]);
    for attempt in 0..40_u64 {
        let mut run = case.command("killed", &["--resume"]).spawn().unwrap();
        sleep(Duration::from_millis(80 + attempt * 37 % 150));
        if run.try_wait().unwrap().is_some() {
            break;
        }
        run.kill().unwrap();
        run.wait().unwrap();
    }
    assert_same(&case.build("killed", &["--resume"]), &expected, "killed");
}

#[test]
fn a_place_that_is_searched_for_gives_what_reading_on_would_have() {
    let case = recordings(&[15.0, 15.0, 15.0]);
    let flac = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/recordings/16k.flac");
    let flac = std::fs::read(flac).unwrap();
    case.write("rec/0.flac", &flac);
    // The frames of the second have the numbers of the first's.
    case.write("rec/1.flac", flac.repeat(2));
    // It stops the first build in the middle of the others.
    case.write("rec/0.wav", super::faults::with_nan(8, 4));
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    let text = format!("{text}[audio]\nclip_seconds = 0.8\n[features]\ntimesteps = 1\n");
    case.write(
        "pipeline.toml",
        text.replace("interleave = 3", "interleave = 6"),
    );
    let stopped = case.run("out", &["--set", "failures.policy=stop"]);
    assert_eq!(stopped.status.code(), Some(1), "{}", errors(&stopped));
    let journal = std::fs::read_to_string(case.path("out/build.journal")).unwrap();
    let places = journal.lines().last().unwrap().matches("heard").count();
    assert!(places >= 3, "{journal}");
    let resumed = case.build("out", &["--resume"]);
    assert_same(&resumed, &case.build("whole", &[]), "resumed");
}

#[test]
fn recordings_that_take_too_much_memory_open_at_once_are_refused() {
    let case = recordings(&[4.0, 4.0, 4.0]);
    let run = case.run("out", &["--set", "flow.memory=4MiB"]);
    assert_eq!(run.status.code(), Some(1), "{}", errors(&run));
    assert!(
        errors(&run).contains("lower the split's interleave"),
        "{}",
        errors(&run)
    );
    build(
        &case,
        &["--set", "flow.memory=4MiB", "--set", "split.0.interleave=1"],
    );
}

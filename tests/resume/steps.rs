//! Killed at every step that changes what a resumed build finds.

use std::path::Path;
use std::process::{Command, Stdio, exit};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, thread};

use wakemill::build;
use wakemill::build::{BuildError, Event, Watch};
use wakemill::config;
use wakemill::config::plan::Plan;
use wakemill::dataset::Existing;
use wakemill::flow::{Cancel, Observer};
use wakemill::presets;

use super::support::{Case, assert_same, errors};

/// Tells the test executable to be the build: pipeline, output folder, step to
/// die at, and whether to resume, separated by lines.
const VARIABLE: &str = "RESUME_TEST_BUILD";

/// Kills its own process at one step.
struct Killer {
    steps_left: AtomicU32,
}

impl Observer for Killer {}

impl Watch for Killer {
    fn hear(&self, event: Event<'_>) {
        let Event::Reached(_) = event else {
            return;
        };
        if self.steps_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let id = std::process::id().to_string();
            Command::new("kill").args(["-KILL", &id]).status().unwrap();
            thread::sleep(Duration::from_secs(60));
        }
    }
}

/// Not a test: the build that [`build_until`] starts and that dies.
#[test]
fn build_and_die() {
    let Ok(order) = env::var(VARIABLE) else {
        return;
    };
    let order: Vec<&str> = order.lines().collect();
    let &[file, output, step, resume] = order.as_slice() else {
        panic!("{order:?}");
    };
    let killer = Killer {
        steps_left: AtomicU32::new(step.parse().unwrap()),
    };
    let existing = match resume {
        "resume" => Existing::Resume,
        _ => Existing::Keep,
    };
    build_here(Path::new(file), output, existing, &killer, |_| {}).unwrap();
    exit(0);
}

/// Builds in this process, after a change of the plan.
pub fn build_here(
    file: &Path,
    output: &str,
    existing: Existing,
    watch: &dyn Watch,
    change: impl FnOnce(&mut Plan),
) -> Result<(), BuildError> {
    let set = [format!("output={output}")];
    let source = config::Source {
        set: &set,
        ..config::Source::new(file)
    };
    let mut plan = presets::load(&source).unwrap().plan;
    change(&mut plan);
    let prepared = build::prepare(plan, 2, watch).unwrap();
    let ready = prepared.ready(&mut |_| {}, watch).unwrap();
    let (_cancel, token) = Cancel::new();
    ready.run(existing, watch, &token).map(drop)
}

/// Builds until the given step and is killed there; whether it came to it.
pub fn build_until(case: &Case, output: &str, step: u32, resume: bool) -> bool {
    let mode = if resume { "resume" } else { "fresh" };
    let (file, folder) = (case.path("pipeline.toml"), case.path(output));
    let order = format!("{}\n{}\n{step}\n{mode}", file.display(), folder.display());
    let run = Command::new(env::current_exe().unwrap())
        .args(["steps::build_and_die", "--exact", "--nocapture"])
        .env(VARIABLE, order)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let killed = run.status.code().is_none();
    assert!(killed || run.status.success(), "{}", errors(&run));
    killed
}

#[test]
fn a_build_killed_at_any_step_is_resumed_to_the_same_bytes() {
    let case = Case::new(9);
    let expected = case.build("whole", &[]);
    let mut steps = 0;
    while build_until(&case, "out", steps + 1, false) {
        steps += 1;
        // Speed may change between the runs; the bytes do not.
        let (batch, workers) = (1 + steps % 5, 1 + steps % 3);
        let args = [
            format!("flow.batch={batch}"),
            format!("stages.augment.workers={workers}"),
            format!("flow.in_flight={}", 1 + steps % 7),
        ];
        let args = args.iter().flat_map(|set| ["--set", set]);
        let args: Vec<&str> = args.chain(["--resume"]).collect();
        let made = case.build("out", &args);
        assert_same(&made, &expected, &format!("killed at step {steps}"));
        std::fs::remove_dir_all(case.path("out")).unwrap();
    }
    // Two steps for each of five batches and the last commit, five files
    // renamed, and dataset.json.
    assert_eq!(steps, 2 * (5 + 1) + 5 + 1);
}

#[test]
fn a_build_killed_again_and_again_gets_there() {
    let case = Case::new(7);
    let expected = case.build("whole", &[]);
    let mut kills = 0;
    // Each run gets one step farther than the one before: a build that is killed
    // while it finishes begins to finish anew.
    while build_until(&case, "out", 2 + kills, kills > 0) {
        kills += 1;
        assert!(kills < 20, "it does not get on");
    }
    assert!(kills > 3);
    assert_same(&case.files("out"), &expected, "killed over and over");
}

#[test]
fn wavs_of_committed_clips_stay_and_the_rest_is_written() {
    let case = Case::new(6);
    let text = std::fs::read_to_string(case.path("pipeline.toml")).unwrap();
    case.write("pipeline.toml", text + "\n[output_files]\nwavs = true\n");
    for split in ["wake", "other"] {
        for entry in std::fs::read_dir(case.path(split)).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("clip_000{}", path.file_name().unwrap().to_str().unwrap());
            std::fs::rename(&path, path.with_file_name(name)).unwrap();
        }
    }
    let expected = case.build("whole", &[]);
    let (wake, other) = (case.files("wake"), case.files("other"));
    assert_eq!((wake.len(), other.len()), (4 * 3, 2 * 3));
    for step in 1..=4 {
        assert!(build_until(&case, "out", step, false));
        let made = case.build("out", &["--resume"]);
        assert_same(&made, &expected, "features");
        assert_same(&case.files("wake"), &wake, "rows of 'wake'");
        assert_same(&case.files("other"), &other, "rows of 'other'");
        std::fs::remove_dir_all(case.path("out")).unwrap();
    }
}

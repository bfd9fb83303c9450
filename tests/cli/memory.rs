//! Memory follows from the configuration, never from the data set.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Project, data, stdout};

/// Runs to the end; gives the most memory that was resident, in KiB.
fn peak_memory(project: &Project, set: &str) -> u64 {
    peak_with(project, &[], set)
}

fn peak_with(project: &Project, arguments: &[&str], set: &str) -> u64 {
    let mut child = project
        .command(&["--overwrite", "--set", set])
        .args(arguments)
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        if let Some(now) = high_water(&status) {
            peak = now;
        }
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success());
            return peak;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn high_water(status: &str) -> Option<u64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn twelve_rounds_take_no_more_memory_than_one() {
    let project = Project::new();
    let one = peak_memory(&project, "augment.rounds=1");
    let twelve = peak_memory(&project, "augment.rounds=12");
    let ratio = twelve as f64 / one as f64;
    assert!(ratio < 1.15, "{one} KiB, then {twelve} KiB");
}

/// A WAV of noise at 44.1 kHz.
fn long_noise(seconds: u32) -> Vec<u8> {
    noise_at(44_100, seconds)
}

/// A WAV of noise at a rate, in Hz.
fn noise_at(rate: u32, seconds: u32) -> Vec<u8> {
    let frames = rate * seconds;
    let mut wav = Vec::with_capacity(44 + 2 * frames as usize);
    wav.extend(b"RIFF");
    wav.extend((36 + 2 * frames).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(rate.to_le_bytes());
    wav.extend((2 * rate).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((2 * frames).to_le_bytes());
    let mut state = 1_u32;
    wav.extend((0..frames).flat_map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        ((state >> 16) as i16 / 4).to_le_bytes()
    }));
    wav
}

#[test]
fn a_long_background_takes_no_more_memory_than_a_short_one() {
    let peak = |seconds| {
        let project = Project::new();
        fs::create_dir(project.path("long")).expect("writable");
        fs::write(project.path("long/noise.wav"), long_noise(seconds)).expect("writable");
        let places = format!(
            "augment.backgrounds=[\"{}\"]",
            project.path("long").display()
        );
        let mut arguments = vec!["--set", "stages.augment.workers=4"];
        arguments.extend(["--set", "augment.background.probability=1.0"]);
        peak_with(&project, &arguments, &places)
    };
    let (short, long) = (peak(70), peak(600));
    // Ten minutes are 101 MiB decoded and 37 MiB converted, for each worker.
    assert!(long < short + (16 << 10), "{short} KiB, then {long} KiB");
}

/// MiB that the plan gives as the most, with clips of any length.
fn planned(project: &Project, set: &[&str]) -> u64 {
    let mut arguments = vec!["--dry-run"];
    arguments.extend(set.iter().flat_map(|set| ["--set", set]));
    let plan = stdout(&project.run(&arguments));
    let words = plan.split(" MiB with longer clips").next().expect("a text");
    let figure = words.rsplit(' ').next().and_then(|word| word.parse().ok());
    figure.unwrap_or_else(|| panic!("no figure in {plan}"))
}

#[test]
fn clips_of_five_minutes_stay_within_the_plan() {
    let data = data();
    // Rows of five minutes leave so much in the allocator of each thread that with
    // several workers they take up to 20 MiB more.
    for (place, chain, workers) in [
        ("end", r#"["reverb", "background", "place"]"#, 4),
        ("none", r#"["reverb", "background"]"#, 1),
    ] {
        let project = Project::with(&format!(
            "seed = 1\noutput = 'out'\n[[split]]\nname = 'long'\ninput = 'clips'\nplace = '{place}'\n\
             [augment]\nrounds = 1\nchain = {chain}\n\
             backgrounds = ['{data}/noise']\nrirs = ['{data}/rooms']\n\
             background.probability = 1.0\n",
            data = data.display(),
        ));
        fs::create_dir(project.path("clips")).expect("writable");
        for clip in 0..12 {
            let path = project.path(&format!("clips/{clip:02}.wav"));
            fs::write(path, noise_at(24_000, 300)).expect("writable");
        }
        let workers = format!("stages.augment.workers={workers}");
        let set = ["flow.memory=96MiB", &workers];
        let most = planned(&project, &set) << 10;
        let peak = peak_with(&project, &["--set", set[1]], set[0]);
        // Of these twelve clips 18 MiB each, decoded alone; 986 MiB once.
        assert!(most <= 128 << 10, "{most} KiB are planned");
        assert!(peak < most + (100 << 10), "{peak} KiB, planned {most}");
    }
}
